"""The page of an order whose outcome isn't known: it asks the books until it is."""

from __future__ import annotations

import logging
from contextlib import suppress

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from ledger import lookups
from ledger.forms.moves import OrderForm
from ledger.operations import outcomes
from wallet.errors import Busy
from wallet.web.fields import AmountField, KeyField
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part

logger = logging.getLogger(__name__)

# Three minutes in all. After that the member presses the button.
DELAYS_S = (2, 3, 5, 8, *[15] * 11)


def answer_to_check(request: MemberRequest, form: OrderForm) -> HttpResponse | None:
    """The receipt, or this page again while the outcome is unknown.

    None when the order didn't go through. Asks before the form is checked: the payee may have
    another phone by now, and the order may have gone through all the same.
    """
    # A page that got no answer can't know whether its order has arrived, so it hears no "no".
    is_lost = request.POST["check"] == "lost"
    try:
        key = KeyField().clean(request.POST.get("idempotency_key"))
        record = outcomes.find(context_of(request, key=key), account_id=form.account.pk)
    except ValidationError:
        return None
    except (Busy, OperationalError, InterfaceError):
        return HttpResponse(status=204) if is_lost else render_confirming(request, form)
    if record:
        lookups.ended_in_payment(request.user, request.POST.get("recipient", "").strip())
        return redirect_to(request, reverse("ledger:receipt", args=[record.reference]))
    return HttpResponse(status=204) if is_lost else None


def render_unknown(request: MemberRequest, form: OrderForm) -> HttpResponse:
    """The first answer, in an exception handler: the database may still be away."""
    logger.exception("outcome unknown", extra={"path": request.path})
    response = render_confirming(request, form, status=503)
    response.headers["Retry-After"] = str(DELAYS_S[0])
    return response


def render_confirming(request: MemberRequest, form: OrderForm, status: int = 200) -> HttpResponse:
    typed = request.POST.get("asked", "")
    asked = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else 0
    context = {
        "title": _("We are confirming this"),
        "form": form,
        "amount_cents": amount_typed(form),
        "asked": asked + 1,
        "delay_s": DELAYS_S[asked] if asked < len(DELAYS_S) else None,
    }
    return render_part(request, "ledger/confirming.html", context, part="move", status=status)


def amount_typed(form: OrderForm) -> int | None:
    """Without checking the whole form, which would look up the payee in the database."""
    with suppress(ValidationError):
        return AmountField().clean(form["amount"].value())
    return None
