"""The page for an order whose outcome is unknown. It checks the books until it knows."""

from __future__ import annotations

import logging
from contextlib import suppress

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from ledger.forms.moves import OrderForm
from ledger.operations import outcomes
from wallet.errors import Busy
from wallet.web.fields import AmountField, KeyField
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part

logger = logging.getLogger(__name__)

# Seconds before each automatic check: three minutes in all. Then the member presses the button.
DELAYS_S = (2, 3, 5, 8, *[15] * 11)


def answer_to_check(request: MemberRequest, form: OrderForm) -> HttpResponse | None:
    """The receipt, or this page again while the outcome is unknown.

    None if the order didn't go through. Call it before validating the form: the order may have
    gone through even if the form is no longer valid, for example if the payee's number changed.
    """
    # This page's POST got no answer, so its order may still arrive: never say it didn't go through.
    is_lost = request.POST["check"] == "lost"
    try:
        key = KeyField().clean(request.POST.get("idempotency_key"))
        record = outcomes.find(context_of(request, key=key), account_id=form.account.pk)
    except ValidationError:
        return None
    except (Busy, OperationalError, InterfaceError):
        return HttpResponse(status=204) if is_lost else render_confirming(request, form)
    if record:
        return redirect_to(request, reverse("ledger:receipt", args=[record.reference]))
    return HttpResponse(status=204) if is_lost else None


def render_unknown(request: MemberRequest, form: OrderForm) -> HttpResponse:
    """The first answer, after OutcomeUnknown. Doesn't use the database, which may be down."""
    logger.exception("outcome unknown", extra={"path": request.path})
    response = render_confirming(request, form, status=503)
    response.headers["Retry-After"] = str(DELAYS_S[0])
    return response


def render_confirming(request: MemberRequest, form: OrderForm, status: int = 200) -> HttpResponse:
    text = request.POST.get("checks", "")
    checks = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    context = {
        "title": _("We're confirming this"),
        "form": form,
        "amount_cents": parse_amount(form),
        "checks": checks + 1,
        "delay_s": DELAYS_S[checks] if checks < len(DELAYS_S) else None,
    }
    return render_part(request, "ledger/confirming.html", context, part="move", status=status)


def parse_amount(form: OrderForm) -> int | None:
    """The amount only. Validating the whole form would look up the payee in the database."""
    with suppress(ValidationError):
        return AmountField().clean(form["amount"].value())
    return None
