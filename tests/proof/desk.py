"""The desk of a proof: a process of the product that orders payments and reads the books.

The proof itself knows nothing of Django. It asks here what the product believes, and compares that
with the simulator's book.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from uuid import uuid4

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.db.models import Count, Sum  # noqa: E402
from django.test import override_settings  # noqa: E402
from django.utils import timezone  # noqa: E402

from adminpanel.models import Incident  # noqa: E402
from ledger import operations, rails  # noqa: E402
from ledger.models import Arrival, Attempt, Entry, Pause, RailEvent  # noqa: E402
from ledger.models.attempts import State  # noqa: E402
from ledger.models.rail_events import ALARMING  # noqa: E402
from ledger.payouts import operations as payouts  # noqa: E402
from tests.bench.workers import serve  # noqa: E402
from wallet import account_numbers, house  # noqa: E402
from wallet.context import SYSTEM, Context  # noqa: E402
from wallet.models import Account, User  # noqa: E402
from wallet.staff.roles import FINANCE_TEAM  # noqa: E402

FIRST_PHONE = 254_712_000_000
# KES 10 to 299, so that payments differ and none is below M-PESA's minimum.
LOWEST_SHILLINGS, AMOUNTS = 10, 290

wallets: list[tuple[int, int]] = []
people: list[int] = []
ordered = 0


def prepare(members: int, shillings: int, first: int = 0) -> list[str]:
    """Open this many wallets with this much money each, and say the phone number of each.

    `first` is above zero for more members of the same database.
    """
    phones = [f"{FIRST_PHONE + first + number}" for number in range(members)]
    for number, phone in enumerate(phones):
        user = User.objects.create_user(name=f"Member Number{number}", phone=f"+{phone}")
        wallets.append((user.primary_account().pk, user.pk))
    if shillings:
        with override_settings(RAIL="simulated"):
            for account_id, user_id in wallets:
                put_in(account_id, user_id, shillings)
    for number in range(2):
        person = User.objects.create_user(name=f"Finance Number{number}")
        person.groups.add(*Group.objects.filter(name__in=FINANCE_TEAM))
        people.append(person.pk)
    return phones


def put_in(account_id: int, user_id: int, shillings: int) -> None:
    """On the simulated rail, so M-PESA's float begins at zero. Not KES 4,001 to 4,003."""
    context = Context(user_id, key=str(uuid4()))
    operations.deposit(context, account_id=account_id, amount_cents=shillings * 100)


def order(verb: str, count: int) -> list[int]:
    """Order `deposit` or `withdraw`, one member after another; how many, and the total in KES."""
    global ordered
    total = 0
    for _each in range(count):
        account_id, user_id = wallets[ordered % len(wallets)]
        shillings = LOWEST_SHILLINGS + ordered // len(wallets) % AMOUNTS
        context = Context(user_id, key=str(uuid4()))
        getattr(operations, verb)(context, account_id=account_id, amount_cents=shillings * 100)
        ordered += 1
        total += shillings
    return [count, total]


def states() -> dict[str, int]:
    return dict(Attempt.objects.values_list("state").annotate(Count("pk")).order_by())


def count_open() -> int:
    return Attempt.objects.open().count()


def count_ready() -> int:
    return Attempt.objects.filter(state=State.READY).count()


def count_unsent() -> int:
    """How many a worker still has to send, or is sending."""
    return Attempt.objects.filter(state__in=(State.READY, State.SENDING)).count()


def let_time_pass() -> None:
    """As if the back-off of what waits to be sent again were over: it grows to five minutes."""
    waiting = Attempt.objects.filter(state=State.READY, sent_at__isnull=False)
    waiting.update(next_look_at=timezone.now())


def attempts() -> list[dict[str, Any]]:
    """Every payment that we asked for, with what became of its order."""
    fields = ("reference", "state", "receipt", "rail_id", "fence", "looks", "phone")
    fields += ("transaction__amount_cents", "transaction__status", "failure_code")
    asked = Attempt.objects.exclude(transaction__idempotency_key__startswith="paid ")
    return list(asked.order_by("pk").values(*fields))


def members_numbers() -> list[str]:
    """What each member types at the paybill, in the order of `prepare`."""
    return [account_numbers.of(account_id) for account_id, _user_id in wallets]


def arrivals() -> list[dict[str, Any]]:
    """Each receipt that is booked. `owner` is the account number of the wallet that got it, or None
    when it's in suspense."""
    found = Arrival.objects.filter(transaction__isnull=False).select_related("transaction")
    return [
        {
            "receipt": one.receipt,
            "amount_cents": one.transaction.amount_cents,
            "owner": one.transaction.to_account_id
            and account_numbers.of(one.transaction.to_account_id),
        }
        for one in found
    ]


def is_heard(receipt: str) -> bool:
    """Did M-PESA report that this was paid? It asks first whether it may be."""
    events = RailEvent.objects.filter(is_callback=True, body__contains=receipt)
    return events.exclude(kind="c2b-validation").exists()


def count_unfinished() -> int:
    """How many callbacks aren't applied yet, how many arrivals aren't confirmed yet, and how many
    findings have no incident yet."""
    waiting = RailEvent.objects.filter(is_callback=True, handled_at__isnull=True).count()
    waiting += Arrival.objects.waiting().count()
    return waiting + RailEvent.objects.filter(finding__in=ALARMING, incidents=None).count()


def alarms() -> dict[str, str]:
    """What finance was alarmed about, by the reference of the attempt."""
    found = RailEvent.objects.filter(finding__in=ALARMING, attempt__isnull=False)
    return dict(found.order_by("pk").values_list("attempt__reference", "finding"))


def strays() -> list[str]:
    """The references of the payments we asked for whose money went to suspense.

    The first report of it decides the key: a result, or a payment at the paybill under a receipt.
    """
    entries = Entry.objects.filter(account=house.SUSPENSE.id)
    keys = set(entries.values_list("transaction__idempotency_key", flat=True))
    by_arrival = Arrival.objects.filter(
        transaction__idempotency_key__in=keys, attempt__isnull=False
    )
    references = dict(by_arrival.values_list("transaction__idempotency_key", "attempt__reference"))
    reported = {key for key in keys if key and not key.startswith("stray mpesa ")}
    return [key.removeprefix("stray ") for key in reported - set(references)] + [
        *references.values()
    ]


def contradicted() -> list[str]:
    """The references of deposits of which M-PESA's results said that they were paid and not paid.

    Which of the two is applied first is chance.
    """
    said: dict[str, set[bool]] = {}
    results = RailEvent.objects.filter(is_callback=True, kind="stk", attempt__isnull=False)
    for reference, body in results.values_list("attempt__reference", "body"):
        code = json.loads(body)["Body"]["stkCallback"]["ResultCode"]
        said.setdefault(reference, set()).add(str(code) == "0")
    return [reference for reference, answers in said.items() if len(answers) == 2]


def books() -> dict[str, Any]:
    """What is in the wallets and in the house accounts, in cents, and what was noted."""
    entries = Entry.objects.values_list("account").annotate(Sum("amount_cents")).order_by()
    findings = RailEvent.objects.filter(is_callback=True).values_list("finding", flat=True)
    return {
        "wallets": Account.objects.aggregate(cents=Sum("balance_cents"))["cents"],
        "entries": {str(account): cents for account, cents in entries if account < 0},
        "in_transit": house.IN_TRANSIT.id,
        "suspense": house.SUSPENSE.id,
        "callbacks": dict(Counter(map(str, findings))),
        "float": rails.of("mpesa").float_account.id,
        "incidents": Incident.objects.count(),
        "pauses": Pause.objects.holding(timezone.now()).count(),
    }


def unknown() -> list[str]:
    """The references of those that nothing is to be heard of any more."""
    stuck = Attempt.objects.filter(state=State.UNKNOWN)
    return list(stuck.values_list("reference", flat=True))


def resolve(reference: str, receipt: str) -> str:
    """Two people say what became of it by the statement, and its state then."""
    attempt = Attempt.objects.get(reference=reference)
    for person in people:
        payouts.resolve(
            Context(person),
            attempt_id=attempt.pk,
            outcome="paid" if receipt else "not_paid",
            evidence="The organisation's statement",
            receipt=receipt,
        )
    attempt.refresh_from_db()
    return attempt.state


def pause() -> tuple[int, float]:
    """Pause payouts; the pause, and when it was committed."""
    made = payouts.pause(SYSTEM.because("A drill"))
    return made.pk, timezone.now().timestamp()


def lift(pause_id: int) -> None:
    payouts.propose_lift(Context(people[0]), pause_id=pause_id)
    payouts.lift(Context(people[1]), pause_id=pause_id)


if __name__ == "__main__":
    # What a proof may ask for.
    known = (
        contradicted,
        prepare,
        order,
        states,
        count_open,
        attempts,
        strays,
        books,
        unknown,
        resolve,
    )
    known += (
        members_numbers,
        arrivals,
        is_heard,
        count_unfinished,
        count_unsent,
        count_ready,
        alarms,
        let_time_pass,
        pause,
        lift,
    )
    serve({one.__name__: one for one in known})
