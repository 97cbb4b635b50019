"""Send payouts on the made-up rail, let time pass, and read where they stand."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from ledger import guards
from ledger.models import Attempt, Entry, RailEvent
from ledger.models.attempts import AttemptQuerySet
from ledger.payouts import callbacks, worker
from tests.books import assert_books_right
from tests.factories import balance, withdraw
from tests.ledger.support import paya
from tests.tampering import violations
from wallet import house
from wallet.context import Context
from wallet.models import AuditEvent, User


def ordered(user: User, cents: int = 300_00, move=withdraw) -> Attempt:
    """A payment that no worker has seen."""
    return Attempt.objects.get(transaction=move(user, cents))


def sent(user: User, cents: int = 300_00, move=withdraw) -> Attempt:
    """One that its rail has accepted, and carried out."""
    attempt = ordered(user, cents, move)
    worker.do_due()
    attempt.refresh_from_db()
    return attempt


def now_is(attempt: Attempt, **passed: float) -> None:
    """As if this time had passed since the attempt was sent."""
    attempt.refresh_from_db()
    by = timedelta(**passed)
    columns = {"sent_at": attempt.sent_at - by}
    if attempt.next_look_at:
        columns["next_look_at"] = attempt.next_look_at - by
    if attempt.lease_until:
        columns["lease_until"] = attempt.lease_until - by
    Attempt.objects.filter(pk=attempt.pk).update(**columns)


def state(attempt: Attempt) -> str:
    attempt.refresh_from_db()
    return attempt.state


def assert_right() -> None:
    assert_books_right()
    assert violations() == []


def script(rail: paya.Paya, *faults: str) -> None:
    """What the next calls do; those after them do as they should."""
    left = list(faults)
    rail.script = lambda call, reference: left.pop(0) if left else ""


def make_due(attempts: AttemptQuerySet | None = None) -> None:
    """As if the leases of these, or of all, had run out and the time to look had come."""
    found = Attempt.objects.all() if attempts is None else attempts
    then = timezone.now() - timedelta(seconds=1)
    found.filter(lease_until__isnull=False).update(lease_until=then)
    found.filter(next_look_at__isnull=False).update(next_look_at=then)


def go_on(attempt: Attempt) -> str:
    """What becomes of it once other workers go on."""
    for _turn in range(6):
        make_due()
        worker.do_due()
    attempt.refresh_from_db()
    return attempt.state


def say(rail: paya.Paya, attempt: Attempt, **changes: object) -> str | None:
    """What the rail's callback about this payment turned out to mean."""
    return hear(rail, rail.message(attempt.reference, **changes))


def hear(rail: paya.Paya, body: bytes, **more: str) -> str | None:
    event = callbacks.store(rail, "paid", body, **more)
    found = callbacks.apply(event)
    event.refresh_from_db()
    assert event.finding == found
    return found


def age(**by: float) -> None:
    """As if messages had come this long ago."""
    guards.remove(connection)
    for one in RailEvent.objects.all():
        RailEvent.objects.filter(pk=one.pk).update(at=one.at - timedelta(**by))
    guards.install(connection)


def suspense_cents() -> int:
    entries = Entry.objects.filter(account=house.SUSPENSE.id)
    return sum(entries.values_list("amount_cents", flat=True))


def by(person: User, reason: str = "As agreed") -> Context:
    return Context(person.pk, "10.0.0.1", reason)


def decide(verb, person: User, attempt: Attempt, **more: str) -> Attempt:
    seen = {"fingerprint": attempt.fingerprint} | more
    return verb(by(person), attempt_id=attempt.pk, **seen)


def acts() -> list[str]:
    return list(AuditEvent.objects.acts().order_by("pk").values_list("action", flat=True))


def assert_paid_once(rail: paya.Paya, attempt: Attempt, owner: User, before: int) -> None:
    assert rail.lines()[attempt.reference] == 1
    assert balance(owner) == before
    assert_books_right()
