"""The trial balance, and each account."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.accounts import queries
from adminpanel.accounts.forms import DayForm, InstantForm, LinesFilter
from adminpanel.integrity.operations import request_unless_known
from adminpanel.members.queries import wallet_badge
from wallet import house
from wallet.models import Account
from wallet.staff import access
from wallet.web.http import MemberRequest, context_of, render_part


@require_safe
@panel_page
def accounts(request: MemberRequest) -> HttpResponse:
    """The trial balance, now or at the end of a Nairobi day."""
    form = DayForm(request.GET)
    lines = queries.trial_balance(form.cleaned_data["on"]) if form.is_valid() else []
    debit_cents = sum(line.debit_cents for line in lines)
    credit_cents = sum(line.credit_cents for line in lines)
    if debit_cents != credit_cents:
        request_unless_known()
    context = {
        "form": form,
        "lines": lines,
        "debit_cents": debit_cents,
        "credit_cents": credit_cents,
        "difference_cents": abs(debit_cents - credit_cents),
        "on": form.cleaned_data.get("on"),
        "at": form.instant,
        "as_of": timezone.now(),
    }
    status = 200 if form.is_valid() else 422
    return render(request, "adminpanel/accounts.html", context, status=status)


@require_safe
@panel_page
def account(request: MemberRequest, account_id: int) -> HttpResponse:
    """One account with its entries, newest first, and the balance after each."""
    account = get_object_or_404(Account.objects.select_related("user"), pk=account_id)
    if account.user_id:
        access.open_member(context_of(request), account.user_id)
    form = LinesFilter(request.GET)
    context: dict[str, Any] = {"account": account, "form": form, "chips": form.chips}
    context |= instant(account, request)
    context |= of_house(account) if account.user is None else {"badge": wallet_badge(account)}
    context |= lines(account, form, request)
    is_wrong = not form.is_valid() or context["instant"].errors
    template = "adminpanel/account.html"
    return render_part(request, template, context, part="lines", status=422 if is_wrong else 200)


def of_house(account: Account) -> dict[str, Any]:
    """Purpose and turnover of a house account."""
    return {
        "purpose": house.BY_KIND[account.kind].purpose,
        # A callable: a part of the page doesn't need it.
        "turnover": lambda: queries.turnover(account.pk),
    }


def instant(account: Account, request: MemberRequest) -> dict[str, Any]:
    """The account's balance at the requested time."""
    form = InstantForm(request.GET) if "at" in request.GET else InstantForm()
    at = form.cleaned_data["at"] if form.is_valid() else None
    line = queries.last_line_at(account, at) if at and account.user else None
    if at and account.user is None:
        held_cents = queries.house_balance_at(account, at)
    else:
        held_cents = (line.balance_after_cents or 0) if line else 0
    return {"instant": form, "at": at, "line_at": line, "held_cents": held_cents}


def lines(account: Account, form: LinesFilter, request: MemberRequest) -> dict[str, Any]:
    """A page of the account's entries, each with the balance after it."""
    page = queries.page(
        form.lines_of(account),
        account,
        request.GET.get("cursor"),
        settings.PAGE_SIZE_PANEL,
        by_time=account.user is None and form.has_period,
    )
    sign = 1 if account.user else -1
    balances = queries.with_balances(page.rows, has_gaps=form.is_filtered)
    return {
        "lines": [(line, sign * cents) for line, cents in balances],
        "next_cursor": page.next_cursor,
    }
