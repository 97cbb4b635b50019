"""The page between the form and the review that asks for the second factor."""

from __future__ import annotations

from allauth.mfa.webauthn.internal.auth import begin_authentication, get_credentials
from django.http import HttpResponse
from django.utils.translation import gettext as _

from ledger import operations
from ledger.forms.moves import OrderForm
from ledger.operations import Order
from wallet.messages import Contact, contact_of
from wallet.signin import factors, step_up
from wallet.signin.passkey_forms import AuthenticateForm
from wallet.signin.step_up import FactorForm, SentCodeForm
from wallet.web.http import MemberRequest, render_part
from wallet.web.rates import TooManyRequests
from wallet.web.refusals import mark_page, refusal_in


def ask(
    request: MemberRequest, form: OrderForm, order: Order, *, is_for_later: bool = False
) -> HttpResponse | None:
    """The page that asks, or None if this order may go on.

    The page carries what was typed, and no secret. Its answer leads to the review. Raises Refusal
    for an order that no code would help, and TooManyRequests. An order `is_for_later` isn't tried.
    """
    if not order.kind.takes_from_wallet or not step_up.is_needed(request, order.amount_cents):
        return None
    order_id = id_of(request, form, order)
    if step_up.has_passed(request, order_id):
        return None
    if not is_for_later:
        operations.preview(order)
    has_factor = factors.has_one(request.user)
    contact = None if has_factor else contact_of(request.user)
    answer = answer_of(request, order_id, has_factor)
    if answer.is_bound and answer.is_valid():
        answer.save()
        step_up.record_passed(request, order_id)
        return None
    notice = send_code(request, order_id, contact) if contact else ""
    return render(request, form, order, answer, contact, notice)


def send_code(request: MemberRequest, order_id: str, contact: Contact) -> str:
    """Send a code, or a new one if the member asks for it. Returns what to say about the new one.

    Raises TooManyRequests for the first.
    """
    if "new_code" not in request.POST:
        step_up.send(request, order_id, contact)
        return ""
    try:
        step_up.send(request, order_id, contact, is_new=True)
    except TooManyRequests as refusal:
        return str(refusal)
    return _("We sent a new code. The one before no longer works.")


def id_of(request: MemberRequest, form: OrderForm, order: Order) -> str:
    """Another amount, payee or form is another order."""
    key = form.cleaned_data["idempotency_key"]
    named = order.kind.code, order.amount_cents, order.source_id, order.target_id
    return step_up.digest(request.user.pk, key, *named)


type Answer = AuthenticateForm | FactorForm | SentCodeForm


def answer_of(request: MemberRequest, order_id: str, has_factor: bool) -> Answer:
    """What the member entered, if the page was shown."""
    is_answer = "step_up" in request.POST and "new_code" not in request.POST
    data = request.POST if is_answer else None
    if not has_factor:
        return SentCodeForm(data, request=request, order_id=order_id)
    if data and "credential" in data:
        return AuthenticateForm(data, user=request.user)  # type: ignore[call-arg]
    return FactorForm(data, user=request.user)


def render(
    request: MemberRequest,
    form: OrderForm,
    order: Order,
    answer: Answer,
    contact: Contact | None,
    notice: str,
) -> HttpResponse:
    options = None
    if contact is None and get_credentials(request.user):
        options = begin_authentication(request.user)
    context = {
        "kind": order.kind,
        "form": form,
        "answer": answer if "code" in answer.fields else FactorForm(user=request.user),
        "problems": [each for errors in answer.errors.values() for each in errors],
        "amount_cents": order.amount_cents,
        "recipient": form.payee,
        "contact": contact,
        "notice": notice,
        "reason": step_up.reason(request),
        "options": options,
    }
    status = 422 if answer.errors else 200
    page = render_part(request, "ledger/step_up.html", context, part="move", status=status)
    return mark_page(page, refusal_in(answer))
