"""The member's list of transactions, and the receipt of one."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ledger import history
from ledger.forms.filters import ActivityFilter
from ledger.models import Transaction
from ledger.movements import Movement, by_day
from wallet.models import Account
from wallet.web.http import MemberRequest, render_part


@require_safe
@login_required
def activity(request: MemberRequest) -> HttpResponse:
    """The member's transactions, newest first, filtered by the query string."""
    account = request.user.primary_account()
    form = ActivityFilter(request.GET)
    found = form.narrow(Transaction.objects.with_parties().with_reversal())
    page = history.page(
        account,
        found,
        request.GET.get("cursor"),
        settings.PAGE_SIZE,
        by="reference",
        direction=form.cleaned_data.get("direction", ""),
        text=form.cleaned_data.get("q", ""),
    )
    context = {
        "account": account,
        "form": form,
        "days": by_day(page.rows, account),
        "is_filtered": form.is_filtered,
        "chips": form.chips,
        "next_cursor": page.next_cursor,
    }
    status = 200 if form.is_valid() else 422
    return render_part(request, "ledger/activity.html", context, part="activity", status=status)


@require_safe
@login_required
def receipt(request: MemberRequest, reference: str) -> HttpResponse:
    """One transaction, for its sender and its recipient. Others get 404."""
    mine = Transaction.objects.of_member(request.user).with_parties().with_reversal()
    record = get_object_or_404(mine, reference=reference)
    account = own_side(record, request)
    movement = Movement(record, account)
    last = record.entries.filter(account=account).order_by("pk").last()
    context = {
        "record": record,
        "movement": movement,
        "counterparty": movement.counterparty,
        "balance_after_cents": last.balance_after_cents if last else None,
        "timeline": timeline(movement),
    }
    return render(request, "ledger/receipt.html", context)


def own_side(record: Transaction, request: MemberRequest) -> Account:
    """The visitor's own account in this transaction."""
    source, target = record.from_account, record.to_account
    own = source if source and source.user_id == request.user.pk else target
    assert own
    return own


def timeline(movement: Movement) -> list[tuple[str, object, bool]]:
    """(label, time, whether it has happened) for each step, in order."""
    record = movement.record
    if record.reverses_id:
        return [(_("Posted"), record.settled_at, True)]
    steps: list[tuple[str, object, bool]] = [
        (_("Requested"), record.created_at, True),
        (str(record.status_badge.word), record.settled_at, record.settled_at is not None),
    ]
    if movement.reversal:
        steps.append((_("Returned"), movement.reversal.settled_at, True))
    return steps
