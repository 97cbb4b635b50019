"""The demo's closed books: a few days that two people closed, and one that waits for the second.

Only where the demo's people are alone. A close reads all the books, and closing another site's
days isn't the demo's to do.
"""

from __future__ import annotations

from datetime import timedelta

from adminpanel.close import operations as closings
from adminpanel.integrity import operations as integrity
from ledger.closing import periods
from ledger.models import Close, Transaction
from ledger.querysets import nairobi_day
from nissmart.demo import members as demo
from wallet.context import Context
from wallet.models import User

WAMBUI, JOSEPH = demo.STAFF[:2]
CLOSED_DAYS_AGO = (6, 5, 4, 3)
SIGNED_DAYS_AGO = 2
REMARK = "All quiet: nothing in suspense, nothing unknown."


def play(people: dict[demo.Person, User]) -> None:
    others = Transaction.objects.filter(created_by__isnull=False)
    if Close.objects.exists() or others.exclude(created_by__in=people.values()).exists():
        return
    wambui, joseph = people[WAMBUI].pk, people[JOSEPH].pk
    # A day is signed once the checks have passed since its end.
    integrity.request_run(Context(joseph))
    integrity.run_next()
    for ago in CLOSED_DAYS_AGO:
        proposal = sign(wambui, ago)
        closings.approve(Context(joseph), proposal_id=proposal)
        closings.post(proposal)
    sign(wambui, SIGNED_DAYS_AGO)


def sign(actor_id: int, ago: int) -> int:
    day = nairobi_day() - timedelta(days=ago)
    return closings.sign(Context(actor_id, reason=REMARK), periods.day(day)).pk
