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

from ledger import operations
from ledger.errors import Busy, KeyReused, LedgerError
from ledger.forms import DepositForm, OrderForm, TransferForm, WithdrawForm
from wallet.http import MemberRequest, redirect_to, render_part
from wallet.models import Account
from wallet.money import format_money

QUICK_AMOUNTS = [100, 500, 1000]


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
    account = request.user.primary_account()
    if request.method != "POST":
        wanted = {
            name: request.GET[name] for name in ("recipient", "amount") if name in request.GET
        }
        return render_form(request, page, account, page.form(initial=wanted))
    if "change" in request.POST:
        return render_form(request, page, account, page.form(initial=request.POST.dict()))
    form = page.form(request.POST)
    if not form.is_valid():
        return render_form(request, page, account, form, status=422)
    try:
        order = form.order(account)
        key = form.cleaned_data["idempotency_key"]
        record = operations.earlier(order, actor_id=request.user.pk, key=key)
        if record is None and request.POST.get("confirm") != "1":
            return render_review(request, page, form, operations.preview(order))
        if record is None and names_another_payee(request, form):
            form.add_error(
                "recipient", _("This now belongs to somebody else. Check the name again.")
            )
            return render_form(request, page, account, form, status=422)
        if record is None:
            record = operations.perform(order, actor_id=request.user.pk, key=key)
    except LedgerError as error:
        return render_refusal(request, page, account, form, error)
    return redirect_to(request, reverse("ledger:receipt", args=[record.reference]))


def names_another_payee(request: MemberRequest, form: OrderForm) -> bool:
    """The phone or email may have passed to somebody else since the review showed a name."""
    shown = request.POST.get("payee")
    return bool(shown and form.payee and shown != str(form.payee.pk))


def render_refusal(
    request: MemberRequest, page: Page, account: Account, form: OrderForm, error: LedgerError
) -> HttpResponse:
    form.refuse(error)
    if isinstance(error, KeyReused):
        form.renew_key()
    if isinstance(error, Busy):
        response = render_form(request, page, account, form, status=503)
        response.headers["Retry-After"] = "5"
        return response
    return render_form(request, page, account, form, status=422)


def render_form(
    request: MemberRequest, page: Page, account: Account, form: OrderForm, status: int = 200
) -> HttpResponse:
    context = {
        "page": page.name,
        "title": page.title,
        "lead": page.lead,
        "form": form,
        "account": account,
        "quick_amounts": QUICK_AMOUNTS,
        "limit_cents": settings.LIMIT_CENTS_PER_TRANSACTION,
    }
    return render_part(request, "ledger/move.html", context, part="move", status=status)


def render_review(
    request: MemberRequest, page: Page, form: OrderForm, balance_after_cents: int
) -> HttpResponse:
    amount_cents = form.cleaned_data["amount"]
    context = {
        "page": page.name,
        "title": _("Check and confirm"),
        "form": form,
        "amount_cents": amount_cents,
        "fee_cents": 0,
        "balance_after_cents": balance_after_cents,
        "description": form.cleaned_data["description"],
        "recipient": form.payee,
        "confirm_label": str(page.confirm).format(amount=format_money(amount_cents)),
    }
    return render_part(request, "ledger/review.html", context, part="move")
