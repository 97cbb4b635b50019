"""The pages on which members move money: form, review, then the receipt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ledger import history, operations
from ledger.errors import FeeChanged, KeyReused
from ledger.forms.moves import OrderForm, form_of
from ledger.kinds import Kind, Page
from ledger.models import Transaction
from ledger.operations import Order
from ledger.operations.moves import Preview
from ledger.views import confirming, limits, stepping_up
from wallet.context import Context
from wallet.errors import OutcomeUnknown, Refusal
from wallet.money import format_money
from wallet.signin import pin
from wallet.signin.pin import PinLocked
from wallet.untranslated import keep
from wallet.web.cookies import hides_balance
from wallet.web.http import (
    PREFILLED,
    MemberRequest,
    context_of,
    redirect_to,
    refuse_repeated_fields,
    render_part,
    return_url,
)
from wallet.web.rates import TooManyRequests
from wallet.web.refusals import mark_page

QUICK_AMOUNTS = [100, 500, 1000]
RECENT = 4

type FormMaker = Callable[..., OrderForm]


def page_of(kind: Kind, form_class: type[OrderForm] | None = None) -> Callable[..., HttpResponse]:
    """The view for this kind. Pass `form_class` if the kind needs more fields."""
    make_form = partial(form_class or form_of(kind), kind=kind)

    @sensitive_post_parameters("pin")
    @require_http_methods(["GET", "HEAD", "POST"])
    @login_required
    def view(request: MemberRequest) -> HttpResponse:
        return move(request, make_form)

    return view


def move(request: MemberRequest, make_form: FormMaker) -> HttpResponse:
    """Show the form, then the review, then carry out the order."""
    refuse_repeated_fields(request.POST)
    account = request.user.primary_account()
    make_form = partial(make_form, account=account, hides_balance=hides_balance(request))
    if request.method != "POST" or {"change", "pick"} & request.POST.keys():
        return render_form(request, make_form(initial=initial_values(request)))
    form = make_form(request.POST)
    is_check = "check" in request.POST
    if is_check and (answer := confirming.answer_to_check(request, form)):
        return answer
    try:
        if not form.is_valid():
            return render_form(request, form, status=422)
    except TooManyRequests as refusal:
        # Repeat the input without validating it.
        unchecked = make_form(initial=request.POST.dict())
        return mark_page(render_form(request, unchecked, refusal=str(refusal)), refusal)
    try:
        order = agreed_order(request, form)
        context = context_of(request, key=form.cleaned_data["idempotency_key"])
        record = operations.find_earlier(context, order)
        if record is None and request.POST.get("confirm") != "1":
            return review(request, form, order, is_check)
        if record is None:
            # Before anything else can refuse the order, so that each wrong PIN counts.
            record = confirm_person(request, context, order)
        if record is None and (page := page_before_it_moves(request, form, order)):
            return page
        record = record or operations.perform(context, order)
    except Refusal as error:
        return render_refusal(request, form, error)
    except OutcomeUnknown:
        return confirming.render_unknown(request, form)
    return redirect_to(request, reverse("ledger:receipt", args=[record.reference]))


def review(request: MemberRequest, form: OrderForm, order: Order, is_check: bool) -> HttpResponse:
    """The review, after the second factor if the order needs one. Without a PIN: set one first."""
    found = operations.preview(order)
    if asks_pin(form) and not pin.has_pin(request.user):
        return set_pin_first(request)
    # Someone who asks what became of an order isn't making one.
    page = None if is_check else stepping_up.ask(request, form, order)
    return page or render_review(request, form, found, is_check)


def page_before_it_moves(
    request: MemberRequest, form: OrderForm, order: Order
) -> HttpResponse | None:
    """What the member has to look at again, or None if the confirmed order may be carried out."""
    if names_another_payee(request, form):
        form.add_error(
            "recipient",
            _("This number or email now belongs to someone else. Check the name again."),
        )
        return render_form(request, form, status=422)
    return stepping_up.ask(request, form, order)


def agreed_order(request: MemberRequest, form: OrderForm) -> Order:
    """The order, with the fee that the review showed: the operation charges no other."""
    order = form.order()
    if not order.kind.has_fee or request.POST.get("confirm") != "1":
        return order
    shown = request.POST.get("fee", "")
    # A page that showed no fee agreed to none. Nothing equals what isn't a number.
    fee_cents = int(shown or "0") if (shown or "0").isdecimal() and len(shown) < 16 else -1
    return replace(order, fee_cents=fee_cents)


def confirm_person(request: MemberRequest, context: Context, order: Order) -> Transaction | None:
    """Check that the member is at the keyboard. Raises PinRefused.

    Returns the order's transaction if the PIN is locked because of clicks at the same moment, each
    of which is a guess, and another one has carried out the order.
    """
    if not order.kind.takes_from_wallet:
        return None
    try:
        pin.check(request.user.pk, request.POST.get("pin", "").strip())
    except PinLocked:
        if record := operations.find_earlier(context, order):
            return record
        raise
    return None


def asks_pin(form: OrderForm) -> bool:
    """Is the member's PIN needed? For all that leaves the wallet."""
    return form.kind.takes_from_wallet


def set_pin_first(request: MemberRequest) -> HttpResponse:
    """Send the member to set a PIN, and back to the form with what was typed."""
    back = urlencode({"next": return_url(request)})
    return redirect_to(request, f"{reverse('wallet:pin')}?{back}")


def review_again(
    request: MemberRequest, form: OrderForm, error: FeeChanged | pin.PinRefused
) -> HttpResponse:
    """Show the review again: the tariff changed since, or the PIN isn't right."""
    try:
        found = operations.preview(form.order())
    except Refusal as refusal:
        return render_refusal(request, form, refusal)
    words = {"pin_error" if error.field == "pin" else "notice": str(error)}
    # Many clicks lock the PIN too, and another one of them may carry out the order yet.
    is_sure = not isinstance(error, PinLocked)
    page = render_review(request, form, found, False, is_sure=is_sure, **words)
    return mark_page(page, error)


def initial_values(request: MemberRequest) -> dict[str, str]:
    """The form's first values: from the URL, or from the page whose button led back here."""
    if request.method != "POST":
        return {name: request.GET[name] for name in PREFILLED if name in request.GET}
    typed: dict[str, str] = request.POST.dict()
    if "pick" in typed:
        typed |= {"again": typed["pick"], "recipient": ""}
    return typed


def names_another_payee(request: MemberRequest, form: OrderForm) -> bool:
    """True if the phone number or email has a new owner since the review showed a name."""
    shown = request.POST.get("payee")
    return bool(shown and form.payee and shown != str(form.payee.pk))


def render_refusal(request: MemberRequest, form: OrderForm, error: Refusal) -> HttpResponse:
    if isinstance(error, pin.NoPin):
        return set_pin_first(request)
    if isinstance(error, FeeChanged | pin.PinRefused):
        return review_again(request, form, error)
    form.refuse(error)
    if isinstance(error, KeyReused):
        form.renew_key()
    return mark_page(render_form(request, form), error)


def render_form(
    request: MemberRequest, form: OrderForm, status: int = 200, refusal: str = ""
) -> HttpResponse:
    kind, account = form.kind, form.account
    may = limits.of(form)
    asks_payee = kind.names_payee and not (form.known_payee or form.coded_payee)
    # A refused form stays on the page, with its input.
    hides_form = not form.is_bound and bool(
        may.is_frozen or may.on_hold_until or request.user.is_stopped
    )
    context = {
        "kind": kind,
        "title": page_words(kind).title,
        "lead": page_words(kind).lead,
        "form": form,
        "account": account,
        "refusal": refusal,
        "quick_amounts": [each for each in QUICK_AMOUNTS if each * 100 <= may.most_cents],
        # Their whole balance, so not while they hide it.
        "most_cents": may.most_cents if kind.takes_from_wallet and not form.hides_balance else 0,
        "is_empty": not (form.is_bound or form.hides_balance or hides_form)
        and kind.takes_from_wallet
        and account.balance_cents == 0,
        "lacks_money": kind.takes_from_wallet and form.has_error("amount", "insufficient_balance"),
        "limit_cents": settings.LIMIT_CENTS_PER_TRANSACTION,
        "payable_cents": may.surprising_cents,
        "today": may.today,
        "on_hold_until": may.on_hold_until,
        "recent": history.payees(account, RECENT) if asks_payee else [],
        "is_frozen": may.is_frozen,
        "hides_form": hides_form,
    }
    return render_part(request, "ledger/move.html", context, part="move", status=status)


def render_review(
    request: MemberRequest,
    form: OrderForm,
    found: Preview,
    has_failed: bool,
    *,
    notice: str = "",
    pin_error: str = "",
    is_sure: bool = True,
) -> HttpResponse:
    """The review page. `has_failed`: an earlier attempt with this key didn't go through.

    `is_sure`: the page may say that nothing has moved.
    """
    amount_cents = form.cleaned_data["amount"]
    page = page_words(form.kind)
    payee = format_html("<strong>{}</strong>", keep(form.payee.short_name)) if form.payee else ""
    context = {
        "kind": form.kind,
        "title": _("This didn't go through") if has_failed else _("Check and confirm"),
        "has_failed": has_failed,
        "is_sure": is_sure,
        "form": form,
        "amount_cents": amount_cents,
        "fee_cents": found.fee_cents,
        "taken_cents": amount_cents + found.fee_cents,
        "notice": notice,
        "asks_pin": asks_pin(form),
        "pin_error": pin_error,
        "balance_after_cents": found.balance_after_cents,
        "description": form.cleaned_data["description"],
        "recipient": form.payee,
        "typed_phone": form.typed_phone,
        "is_stranger": form.is_for_stranger,
        "caution": format_html(str(page.caution), payee=payee),
        "promise": page.promise,
        "confirm_label": str(page.confirm).format(amount=format_money(amount_cents)),
    }
    return render_part(request, "ledger/review.html", context, part="move")


def page_words(kind: Kind) -> Page:
    assert kind.page, f"{kind.code} has no page"
    return kind.page
