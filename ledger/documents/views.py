"""The page on which anyone checks a receipt or a statement that they were shown."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from ledger.documents import codes
from ledger.models import IssuedReceipt, IssuedStatement
from wallet.networks import network_of
from wallet.web import rates
from wallet.web.http import Request, ip_address
from wallet.web.rates import TooManyRequests
from wallet.web.refusals import mark_page

TOO_MANY = _("You've checked as many codes as you can this hour.")


@require_safe
def enter_code(request: Request) -> HttpResponse:
    """The form. A code in the query string leads to what its document said."""
    typed = codes.parse(request.GET.get("code", ""))
    if typed:
        return redirect(codes.path(typed))
    is_empty = "code" in request.GET
    return answer(request, {"is_empty": is_empty}, 422 if is_empty else 200)


@require_safe
def verify(request: Request, code: str) -> HttpResponse:
    """What the document with this code said, and what has become of the payment since.

    Every other code gets the same answer after the same two queries, whatever it looks like.
    """
    try:
        limit(request)
    except TooManyRequests as refusal:
        return mark_page(answer(request, {"code": code, "refusal": refusal}, 429), refusal)
    typed = codes.parse(code)
    receipt = issued_receipt(typed)
    statement = IssuedStatement.objects.filter(code=typed).select_related("account").first()
    context: dict[str, object] = {
        "code": codes.to_text(typed),
        "receipt": receipt,
        "statement": statement,
        "is_unknown": not (receipt or statement),
    }
    return answer(request, context, 404 if context["is_unknown"] else 200)


def limit(request: Request) -> None:
    """Count a code by its sender's network, so that guessing is slow. Raises TooManyRequests."""
    network = network_of(ip_address(request))
    most = settings.CODES_CHECKED_PER_HOUR
    rates.enforce(f"verify:{network}", most, rates.HOUR_S, TOO_MANY)


def issued_receipt(code: str) -> IssuedReceipt | None:
    found = IssuedReceipt.objects.select_related("transaction__reversed_by")
    return found.filter(code=code).first()


def answer(request: Request, context: dict[str, object], status: int) -> HttpResponse:
    response = render(request, "ledger/verify.html", context, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
