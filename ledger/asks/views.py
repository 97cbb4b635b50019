"""The pages on which members ask for money, and the page behind such a link."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.asks import codes, operations
from ledger.asks.forms import AskForm
from ledger.models import Ask
from wallet.errors import Refusal
from wallet.money import format_amount
from wallet.networks import network_of
from wallet.web import rates
from wallet.web.http import MemberRequest, Request, ip_address, redirect_to, render_part
from wallet.web.rates import TooManyRequests
from wallet.web.refusals import mark_page

TOO_MANY = gettext_lazy("You've opened as many links as you can this hour.")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def ask(request: MemberRequest) -> HttpResponse:
    """The member's own code, the links that work, and a form for another one."""
    form = AskForm(request.POST if request.method == "POST" else None)
    refusal = None
    if form.is_valid():
        data = form.cleaned_data
        try:
            made = operations.make(request.user.pk, amount_cents=data["amount"], note=data["note"])
        except Refusal as error:
            refusal = error
            form.add_error(None, str(error))
        else:
            return redirect_to(request, reverse("ledger:one_ask", args=[made.pk]))
    own = request.build_absolute_uri(send_to(request.user.public_id))
    context = {
        "form": form,
        "asks": Ask.objects.open().filter(user=request.user.pk),
        "own_code": codes.as_image(own),
        "own_url": own,
    }
    status = 422 if form.errors else 200
    page = render_part(request, "ledger/ask.html", context, part="ask", status=status)
    return mark_page(page, refusal)


def send_to(public_id: str, **filled: str) -> str:
    """The path of Send, filled in for this payee."""
    filled = {name: value for name, value in filled.items() if value}
    return f"{reverse('ledger:transfer')}?{urlencode({'recipient': public_id} | filled)}"


@require_safe
@login_required
def one_ask(request: MemberRequest, ask_id: int) -> HttpResponse:
    """A link that this member made, to share."""
    found = get_object_or_404(Ask, pk=ask_id, user=request.user.pk)
    url = request.build_absolute_uri(reverse("ledger:pay", args=[found.token]))
    context = {"ask": found, "url": url, "code": codes.as_image(url) if found.is_open else ""}
    return render(request, "ledger/one_ask.html", context)


@require_POST
@login_required
def withdraw_ask(request: MemberRequest, ask_id: int) -> HttpResponse:
    found = get_object_or_404(Ask, pk=ask_id, user=request.user.pk)
    operations.withdraw(found.pk)
    messages.success(request, _("The link doesn't work any longer."))
    return redirect_to(request, reverse("ledger:ask"))


@require_safe
def pay(request: Request, token: str) -> HttpResponse:
    """What a link leads to: Send, filled in. Before sign-in it says only the short name."""
    try:
        most = settings.CODES_CHECKED_PER_HOUR
        network = network_of(ip_address(request))
        rates.enforce(f"pay:{network}", most, rates.HOUR_S, TOO_MANY)
    except TooManyRequests as refusal:
        return mark_page(answer(request, {"refusal": refusal}, 429), refusal)
    # PostgreSQL takes no NUL, so it isn't asked.
    found = None
    if token.isprintable():
        found = Ask.objects.open().select_related("user").filter(token=token).first()
    if found is None or not found.user.is_active:
        return answer(request, {}, 404)
    if not request.user.is_authenticated:
        return answer(request, {"name": found.user.short_name}, 200)
    if request.user == found.user:
        return redirect("ledger:one_ask", found.pk)
    amount = format_amount(found.amount_cents) if found.amount_cents else ""
    return redirect(send_to(found.user.public_id, amount=amount, description=found.note))


def answer(request: Request, context: dict[str, object], status: int) -> HttpResponse:
    response = render(request, "ledger/pay.html", context, status=status)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
