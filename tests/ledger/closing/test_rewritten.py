"""Closed books that were rewritten by raw SQL: each change is found, and its day is named."""

from __future__ import annotations

from functools import reduce
from operator import or_

import pytest
from django.db import connection, transaction

from adminpanel.reversals import operations as reversals
from ledger import guards, verify
from ledger.models import Close, Entry, Transaction
from tests.conftest import staff
from tests.factories import UserFactory, account_id, deposit, send
from tests.ledger.closing.support import at, close, day
from tests.ledger.support.later import end, waiting_withdrawal
from wallet.context import Context
from wallet.db.guards import INSTALLED
from wallet.models import AuditEvent
from wallet.staff import audit, subjects

# The SQL, the check that finds it, and what it names. `{D}` is the closed day.
REWRITES = {
    "a note": ("UPDATE ledger_transaction SET description = 'x' WHERE id = {sent}", "orders"),
    "who ordered it": (
        "UPDATE ledger_transaction SET created_by_id = {other} WHERE id = {sent}",
        "orders",
    ),
    "a key": ("UPDATE ledger_transaction SET idempotency_key = 'x' WHERE id = {sent}", "orders"),
    "a reference": (
        "UPDATE ledger_transaction SET reference = 'NS-00000000' WHERE id = {sent}",
        "orders",
    ),
    "the time of an order": (
        """UPDATE ledger_transaction SET created_at = (SELECT created_at FROM ledger_transaction
           WHERE id = {first}) WHERE id = {paid}""",
        "orders",
    ),
    "the newest transaction deleted": (
        """DELETE FROM ledger_entry WHERE transaction_id = {newest};
           DELETE FROM ledger_transaction WHERE id = {newest}""",
        "orders",
    ),
    "the newest entries deleted": (
        "DELETE FROM ledger_entry WHERE transaction_id = {newest}",
        "entries",
    ),
    "amounts made larger": (
        "UPDATE ledger_entry SET amount_cents = amount_cents * 2 WHERE transaction_id = {sent}",
        "entries",
    ),
    "the account of an entry": (
        "UPDATE ledger_entry SET account_id = {wallet} WHERE id = {entry}",
        "entries",
    ),
    "a receipt": (
        "UPDATE ledger_attempt SET receipt = 'X' WHERE transaction_id = {paid}",
        "outcomes",
    ),
    "the phone number that was paid": (
        "UPDATE ledger_attempt SET phone = '+254799999999' WHERE transaction_id = {paid}",
        "outcomes",
    ),
    "the time of a settlement": (
        """UPDATE ledger_transaction SET settled_at = created_at WHERE id = {paid}""",
        "outcomes",
    ),
    "the approver of a reversal": (
        "UPDATE adminpanel_reversalproposal SET decided_by_id = {other}",
        "approvals",
    ),
    "the approver's name": (
        "UPDATE adminpanel_reversalproposal SET decided_by_name = 'Someone'",
        "approvals",
    ),
    "the proposer of a reversal": (
        "UPDATE adminpanel_reversalproposal SET proposed_by_id = {other}",
        "approvals",
    ),
    "the reason of a reversal": (
        "UPDATE adminpanel_reversalproposal SET reason = 'x'",
        "approvals",
    ),
    "the reason of an audit event": (
        "UPDATE wallet_auditevent SET reason = 'x' WHERE id = {event}",
        "audit",
    ),
    "the facts of an audit event": (
        "UPDATE wallet_auditevent SET facts = '{{\"a\": 1}}' WHERE id = {event}",
        "audit",
    ),
    "the actor of an audit event": (
        "UPDATE wallet_auditevent SET actor_id = {other} WHERE id = {event}",
        "audit",
    ),
    "an audit event deleted": ("DELETE FROM wallet_auditevent WHERE id = {event}", "audit"),
    "a trial balance": ("UPDATE ledger_close SET transactions = 99", ""),
    "the approver of a close": ("UPDATE ledger_close SET approved_by_name = 'x'", ""),
    "an earlier opening": ("UPDATE ledger_books SET open_from = '2001-01-01 00:00:00'", ""),
}


@pytest.fixture
def rows(db, time_machine) -> dict[str, object]:
    """A closed day with a transfer, a payout, a reversal and an audit event."""
    time_machine.move_to(at(1, 10), tick=True)
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
    time_machine.shift(86_400)
    close(1)
    entry = Entry.objects.filter(transaction=sent).order_by("pk").first()
    assert entry
    return {
        **{"first": first.pk, "sent": sent.pk, "paid": paid.pk, "newest": newest.pk},
        **{"entry": entry.pk, "event": event.pk, "other": brian.pk},
        "wallet": account_id(brian),
    }


def found() -> set[str]:
    """What the checks of closed periods name."""
    names = ("closes", "closed-days", "closed-audit")
    return {
        one.row
        for name in names
        for one in verify.by_name(name).violations()  # type: ignore[union-attr]
    }


@pytest.mark.django_db
def test_every_rewrite_of_a_closed_day_is_found_and_named(rows):
    assert found() == set()
    all_guards = reduce(or_, INSTALLED)
    closed_day = day(1)
    for name, (sql, section) in REWRITES.items():
        with transaction.atomic():
            all_guards.remove(connection)
            with connection.cursor() as cursor:
                for statement in sql.format(**rows).split(";"):
                    cursor.execute(statement)
            all_guards.install(connection)
            expected = f"day {closed_day} {section}" if section else "close 1"
            assert expected in found(), name
            transaction.set_rollback(True)
    assert found() == set()


@pytest.mark.django_db
def test_a_close_that_was_deleted_is_missed(rows):
    newest = Close.objects.get()
    context = Context(newest.approved_by_id)
    audit.record(context, AuditEvent.Action.CLOSE_BOOKS, subjects.LEDGER, number=newest.number)
    with transaction.atomic():
        guards.remove(connection)
        Close.objects.all().delete()
        guards.install(connection)
        assert found() == {"close 1"}
        transaction.set_rollback(True)
    assert Transaction.objects.exists()
