"""Deposit, send, withdraw: each a form, a review, a receipt."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from ledger import history, lookups, operations
from ledger.errors import KeyReused
from ledger.forms.moves import DepositForm, OrderForm, TransferForm, WithdrawForm
from ledger.views import confirming
from wallet.errors import Busy, OutcomeUnknown, Refusal
from wallet.models import Account
from wallet.money import format_money
from wallet.web.http import MemberRequest, redirect_to, refuse_repeated_fields, render_part

QUICK_AMOUNTS = [100, 500, 1000]
RECENT = 4


@dataclass(frozen=True)
class Page:
    """The words of one of the three moves."""

    name: str
    title: str | Promise
    lead: str | Promise
    confirm: str | Promise
    form: type[OrderForm]


DEPOSIT = Page(
    "deposit",
    gettext_lazy("Deposit"),
    gettext_lazy("Add money to your wallet."),
    gettext_lazy("Deposit {amount}"),
    DepositForm,
)
TRANSFER = Page(
    "transfer",
    gettext_lazy("Send money"),
    gettext_lazy("To anyone on Nissmart, at once and free."),
    gettext_lazy("Send {amount}"),
    TransferForm,
)
WITHDRAW = Page(
    "withdraw",
    gettext_lazy("Withdraw"),
    gettext_lazy("Take money out of your wallet."),
    gettext_lazy("Withdraw {amount}"),
    WithdrawForm,
)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def deposit(request: MemberRequest) -> HttpResponse:
    """Put money in."""
    return move(request, DEPOSIT)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def transfer(request: MemberRequest) -> HttpResponse:
    """Send money to another member."""
    return move(request, TRANSFER)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def withdraw(request: MemberRequest) -> HttpResponse:
    """Take money out."""
    return move(request, WITHDRAW)


def move(request: MemberRequest, page: Page) -> HttpResponse:
    """The form; the review, where nothing has moved yet; then the order itself."""
    refuse_repeated_fields(request.POST)
    account = request.user.primary_account()
    if request.method != "POST" or {"change", "pick"} & request.POST.keys():
        return render_form(request, page, page.form(initial=wanted(request), account=account))
    login = request.POST.get("recipient", "").strip() if page is TRANSFER else ""
    if wait_s := lookups.wait_s(request.user, login):
        return render_too_many(request, page, account, wait_s)
    form = page.form(request.POST, account=account)
    is_check = "check" in request.POST
    if is_check and (answer := confirming.answer_to_check(request, form)):
        return answer
    if not form.is_valid():
        return render_form(request, page, form, status=422)
    try:
        order = form.order()
        key = form.cleaned_data["idempotency_key"]
        record = operations.earlier(order, actor_id=request.user.pk, key=key)
        if record is None and request.POST.get("confirm") != "1":
            return render_review(request, page, form, operations.preview(order), is_check)
        if record is None and names_another_payee(request, form):
            form.add_error(
                "recipient", _("This now belongs to somebody else. Check the name again.")
            )
            return render_form(request, page, form, status=422)
        if record is None:
            record = operations.perform(order, actor_id=request.user.pk, key=key)
            lookups.ended_in_payment(request.user, login)
    except Refusal as error:
        return render_refusal(request, page, form, error)
    except OutcomeUnknown:
        return confirming.render_unknown(request, form)
    return redirect_to(request, reverse("ledger:receipt", args=[record.reference]))


def wanted(request: MemberRequest) -> dict[str, str]:
    """What the form starts with: from the address, or what was typed before the button that
    goes back to it, or that picks a payee."""
    if request.method != "POST":
        given = ("recipient", "again", "amount")
        return {name: request.GET[name] for name in given if name in request.GET}
    typed: dict[str, str] = request.POST.dict()
    if "pick" in typed:
        typed |= {"again": typed["pick"], "recipient": ""}
    return typed


def render_too_many(
    request: MemberRequest, page: Page, account: Account, wait_s: int
) -> HttpResponse:
    """The form as it was typed, whoever it names: nobody is looked up."""
    form = page.form(initial=request.POST.dict(), account=account)
    refusal = _(
        "You have looked up many people without sending to them. Wait an hour, then try again. "
        "Nothing has moved."
    )
    response = render_form(request, page, form, status=429, refusal=refusal)
    response.headers["Retry-After"] = str(wait_s)
    return response


def names_another_payee(request: MemberRequest, form: OrderForm) -> bool:
    """The phone or email may have passed to somebody else since the review showed a name."""
    shown = request.POST.get("payee")
    return bool(shown and form.payee and shown != str(form.payee.pk))


def render_refusal(
    request: MemberRequest, page: Page, form: OrderForm, error: Refusal
) -> HttpResponse:
    form.refuse(error)
    if isinstance(error, KeyReused):
        form.renew_key()
    if isinstance(error, Busy):
        response = render_form(request, page, form, status=503)
        response.headers["Retry-After"] = "5"
        return response
    return render_form(request, page, form, status=422)


def render_form(
    request: MemberRequest, page: Page, form: OrderForm, status: int = 200, refusal: str = ""
) -> HttpResponse:
    account, limit_cents = form.account, settings.LIMIT_CENTS_PER_TRANSACTION
    most_cents = limit_cents if page is DEPOSIT else min(account.balance_cents, limit_cents)
    asks_payee = page is TRANSFER and not form.known_payee
    context = {
        "page": page.name,
        "title": page.title,
        "lead": page.lead,
        "form": form,
        "account": account,
        "refusal": refusal,
        "quick_amounts": [each for each in QUICK_AMOUNTS if each * 100 <= most_cents],
        "limit_cents": limit_cents,
        "recent": history.recent_payees(account, RECENT) if asks_payee else [],
        # What was typed is kept, so a form that was refused stays as it is.
        "is_shut": account.is_frozen and page is not DEPOSIT and not form.is_bound,
    }
    return render_part(request, "ledger/move.html", context, part="move", status=status)


def render_review(
    request: MemberRequest,
    page: Page,
    form: OrderForm,
    balance_after_cents: int,
    has_failed: bool,
) -> HttpResponse:
    """What the order would do. `has_failed`: it was sent before, and didn't go through."""
    amount_cents = form.cleaned_data["amount"]
    context = {
        "page": page.name,
        "title": _("This didn't go through") if has_failed else _("Check and confirm"),
        "has_failed": has_failed,
        "form": form,
        "amount_cents": amount_cents,
        "fee_cents": 0,
        "balance_after_cents": balance_after_cents,
        "description": form.cleaned_data["description"],
        "recipient": form.payee,
        "confirm_label": str(page.confirm).format(amount=format_money(amount_cents)),
    }
    return render_part(request, "ledger/review.html", context, part="move")
