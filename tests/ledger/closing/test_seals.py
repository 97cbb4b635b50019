"""Open books that were rewritten by raw SQL: each change since a seal is found and named."""

from __future__ import annotations

from functools import reduce
from operator import or_

import pytest
from django.db import IntegrityError, connection, transaction

from adminpanel.reversals import operations as reversals
from ledger import verify
from ledger.closing import seals
from ledger.models import Entry, Seal, Transaction
from tests.conftest import staff
from tests.factories import UserFactory, account_id, deposit, new_key, send
from tests.ledger.closing.support import at, close
from tests.ledger.closing.test_rewritten import REWRITES
from tests.ledger.support.crowd import IS_NIGHTLY, run_together
from tests.ledger.support.later import end, waiting_withdrawal
from wallet.context import Context
from wallet.db.guards import INSTALLED
from wallet.staff import audit, subjects

ALL = reduce(or_, INSTALLED)


def play() -> dict[str, object]:
    """A transfer, a payout, a reversal and an audit event."""
    amina, brian = UserFactory(), UserFactory()
    maker, approver = staff("finance", "Maker"), staff("finance", "Approver")
    first = deposit(amina, 500_00)
    sent = send(amina, brian, 100_00, key="rent", description="Rent")
    paid = end(waiting_withdrawal(amina, 50_00), "SUCCESS")
    proposal = reversals.propose(
        Context(maker.pk, reason="Sent to the wrong person."), transaction_id=sent.pk
    )
    reversals.approve(Context(approver.pk), proposal_id=proposal.pk)
    newest = deposit(brian, 7_00)
    event = audit.record(Context(maker.pk), audit.Action.NOTE, subjects.LEDGER, words="x")
    entry = Entry.objects.filter(transaction=sent).order_by("pk").first()
    assert entry
    return {
        **{"first": first.pk, "sent": sent.pk, "paid": paid.pk, "newest": newest.pk},
        **{"entry": entry.pk, "event": event.pk, "other": brian.pk},
        "wallet": account_id(brian),
    }


def found() -> set[str]:
    checks = (verify.by_name("seals"), verify.by_name("sealed"))
    return {one.row for check in checks if check for one in check.violations()}


def found_after(sql: str, **rows: object) -> set[str]:
    with transaction.atomic():
        ALL.remove(connection)
        with connection.cursor() as cursor:
            for statement in sql.format(**rows).split(";"):
                cursor.execute(statement)
        ALL.install(connection)
        names = found()
        transaction.set_rollback(True)
    return names


@pytest.mark.django_db
def test_every_rewrite_of_an_open_day_is_found_and_named(time_machine):
    time_machine.move_to(at(0, 1), tick=True)
    rows = play()
    assert seals.seal_due()
    assert found() == set()
    tried = 0
    for name, (sql, section) in REWRITES.items():
        if section:
            assert f"seal 1 {section}" in found_after(sql, **rows), name
            tried += 1
    assert tried >= 20
    assert found() == set()


@pytest.mark.django_db
def test_a_rewrite_of_the_seals_is_found(settings):
    settings.SEAL_EVERY_S = 0
    rows = play()
    one = seals.seal_due()
    deposit(UserFactory(), 5_00)
    assert seals.seal_due()
    assert seals.seal_due() is None, "nothing is new"
    assert "seal 1" in found_after("UPDATE ledger_seal SET at = '2001-01-01' WHERE number = 1")
    assert "seal 2" in found_after("UPDATE ledger_seal SET previous_id = NULL WHERE number = 2")
    deleted = "UPDATE ledger_seal SET previous_id = NULL; DELETE FROM ledger_seal WHERE number = 1"
    assert "seal 2" in found_after(deleted)
    assert rows
    for sql in ("UPDATE ledger_seal SET hash = 'x'", "DELETE FROM ledger_seal"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert one


@pytest.mark.django_db
def test_the_chain_of_closes_holds_that_of_seals(time_machine):
    """Who rewrites the seals has to rewrite the closes too, whose hashes are printed."""
    time_machine.move_to(at(1, 10), tick=True)
    play()
    assert seals.seal_due()
    time_machine.shift(86_400)
    made = close(1)
    assert made.content["seal"] == [1, Seal.objects.get().hash]
    gone = "DELETE FROM ledger_seal"
    assert "seal 1" in found_after(gone)
    # The rows of the closed day are left to its close.
    assert found_after("UPDATE ledger_transaction SET description = 'x'") == set()


@pytest.mark.django_db
def test_what_ends_later_is_sealed_then(settings):
    settings.SEAL_EVERY_S = 0
    person = UserFactory()
    deposit(person, 500_00)
    waiting = waiting_withdrawal(person, 50_00)
    first = seals.seal_due()
    assert first
    assert first.content["waiting"] == [waiting.pk]
    end(waiting, "SUCCESS")
    second = seals.seal_due()
    assert second
    assert second.content["waiting"] == []
    assert found() == set()
    forged = "UPDATE ledger_attempt SET receipt = 'X'"
    assert found_after(forged) == {"seal 2 outcomes"}


@pytest.mark.django_db(transaction=True)
def test_nothing_slips_past_a_seal_while_people_pay(settings):
    """Members pay in threads while two workers seal: no false alarm, and nothing is left out."""
    settings.SEAL_EVERY_S = 0
    people = [UserFactory() for _ in range(4)]
    for person in people:
        deposit(person, 500_00)
    rounds = 40 if IS_NIGHTLY else 6

    def pay(number: int) -> None:
        for turn in range(rounds):
            send(people[number], people[(number + 1) % 4], 1_00 + turn, key=new_key())
            audit.record(Context(people[number].pk), audit.Action.NOTE, subjects.LEDGER, n=turn)

    def seal() -> None:
        for _ in range(rounds):
            seals.seal_due()

    run_together(*(lambda n=n: pay(n) for n in range(4)), seal, seal)
    seals.seal_due()
    newest = Seal.objects.order_by("-number").first()
    assert newest
    assert newest.content["through"]["orders"] == Transaction.objects.latest("pk").pk
    assert found() == set()
    for payment in Transaction.objects.all():
        sql = "UPDATE ledger_transaction SET description = 'x' WHERE id = {id}"
        if payment.pk % 5 == 0:
            assert len(found_after(sql, id=payment.pk)) == 1
