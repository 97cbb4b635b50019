"""Report to members who want it that the statement of last month is ready, once for each month."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode

from ledger.querysets import day_start
from wallet.days import last_month, nairobi_day
from wallet.db.retries import committed
from wallet.messages import Kind, Topic, alert
from wallet.models import MessageChoice, Way

# Not in the night after the month: an SMS wakes people.
SENT_FROM = timedelta(hours=8)
# In one turn, so that the worker's other jobs have theirs.
AT_MOST = 100


def report_due() -> int:
    """Report last month's statement to members who want it. Returns how many. Raises Busy."""
    month = last_month()
    if timezone.now() < day_start(nairobi_day().replace(day=1)) + SENT_FROM:
        return 0
    count = 0
    while count < AT_MOST and due(month).exists() and report_one(month):
        count += 1
    return count


def due(month: date) -> QuerySet[MessageChoice]:
    """Members who want statements and have heard of none since before this month."""
    wanted = MessageChoice.objects.filter(kind=Kind.STATEMENTS, user__is_active=True)
    return wanted.filter(through__lt=month).exclude(way=Way.OFF).order_by("through", "pk")


@committed
def report_one(month: date) -> bool:
    """Write to one member, and note it in the same transaction. False if none is left."""
    choice = due(month).select_for_update(of=("self",)).first()
    if choice is None:
        return False
    last = (month + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    alert(
        choice.user_id,
        Topic.STATEMENT_READY,
        month=date_format(month, "F Y"),
        query=urlencode({"from": month.isoformat(), "to": last.isoformat()}),
    )
    choice.through = month
    choice.save(update_fields=["through"])
    return True
