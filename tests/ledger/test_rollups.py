"""Totals from roll-ups equal those of a full scan, however many entries are folded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from threading import Event, Thread

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from ledger import account_days, operations, rollups
from ledger.models import AccountDay, Entry
from ledger.rollups import MEMBERS, Total
from tests.factories import UserFactory, deposit, funded, new_key, send, withdraw
from tests.tampering import violations
from wallet.context import Context


@pytest.fixture
def days(db, time_machine) -> None:
    """Transactions on two days in Nairobi. The second day begins at 21:00 UTC."""
    time_machine.move_to("2026-11-20T20:59:59Z", tick=False)
    one, other = funded(UserFactory(), 500_00), UserFactory()
    sent = send(one, other, 100_00)
    time_machine.move_to("2026-11-20T21:00:00Z", tick=False)
    deposit(other, 40_00)
    withdraw(other, 30_00)
    operations.reverse(Context(one.pk, key=new_key()), transaction_id=sent.pk)


def by_type(totals: list[Total]) -> dict[tuple[object, ...], tuple[int, ...]]:
    return {total[:3]: total[3:] for total in totals}


FIRST, SECOND = date(2026, 11, 20), date(2026, 11, 21)
EXPECTED = {
    (FIRST, "DEPOSIT", MEMBERS): (0, 0, 1, 500_00),
    (FIRST, "DEPOSIT", -1): (1, 500_00, 0, 0),
    (FIRST, "TRANSFER", MEMBERS): (1, 100_00, 1, 100_00),
    (SECOND, "DEPOSIT", MEMBERS): (0, 0, 1, 40_00),
    (SECOND, "DEPOSIT", -1): (1, 40_00, 0, 0),
    (SECOND, "WITHDRAW", MEMBERS): (1, 30_00, 0, 0),
    (SECOND, "WITHDRAW", -2): (1, 30_00, 1, 30_00),
    (SECOND, "WITHDRAW", -1): (0, 0, 1, 30_00),
    (SECOND, "REVERSAL", MEMBERS): (1, 100_00, 1, 100_00),
}


@pytest.mark.django_db(transaction=True)
def test_totals_are_the_same_however_much_is_folded(days):
    assert Entry.objects.count() == 12
    later = {key: sums for key, sums in EXPECTED.items() if key[0] == SECOND}
    for folded in range(13):
        assert rollups.fold(batch=13 - folded) is False
        assert by_type(rollups.totals(by_day=True)) == EXPECTED, folded
        assert by_type(rollups.totals(by_day=True, since=SECOND)) == later
        first = by_type(rollups.totals(until=FIRST))
        assert first[None, "TRANSFER", MEMBERS] == (1, 100_00, 1, 100_00)
        assert by_type(rollups.totals())[None, "DEPOSIT", MEMBERS] == (0, 0, 2, 540_00)
        assert violations() == []
        assert rollups.fold(batch=1) == (folded < 12)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("batch", [1, 3, 5, 12])
def test_a_house_accounts_balance_is_known_at_every_entry(days, batch):
    rollups.fold_all(batch)
    for entry in Entry.objects.filter(account__lt=0):
        lines = Entry.objects.filter(account=entry.account_id, pk__lte=entry.pk)
        expected = lines.aggregate(cents=Sum("amount_cents"))["cents"]
        assert rollups.house_balance(entry.account_id, entry.pk) == expected
    assert rollups.house_balance(-1) == -540_00 + 30_00
    assert rollups.house_balance(-2) == 0


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_committed_late_is_folded_too(alice, bob, monkeypatch):
    """Its id is lower than the ids of entries that are committed already."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time, so ids are committed in order")
    monkeypatch.setattr(rollups, "WAIT_S", 0.2)
    began, may_end = Event(), Event()

    def slowly() -> None:
        try:
            with transaction.atomic():
                Entry.objects.bulk_create([Entry(**line) for line in lines])
                began.set()
                may_end.wait(timeout=10)
        finally:
            connection.close()

    last = Entry.objects.order_by("pk").last()
    # Two entries that sum to zero. Only the time of their commit matters here.
    lines = [
        {"transaction_id": last.transaction_id, "account_id": -4, "amount_cents": cents,
         "created_at": last.created_at}
        for cents in (5, -5)
    ]  # fmt: skip
    late = Thread(target=slowly)
    late.start()
    assert began.wait(timeout=10)
    send(alice, bob, 1_00)
    assert rollups.fold(batch=4) is False
    may_end.set()
    late.join()
    assert Entry.objects.count() == 6
    assert rollups.fold(batch=6)
    assert by_type(rollups.totals())[None, "DEPOSIT", -4] == (1, 5, 1, 5)


@pytest.mark.django_db(transaction=True)
def test_threads_that_fold_together_fold_each_entry_once(alice, bob):
    for _ in range(10):
        send(alice, bob, 1_00)

    def fold() -> None:
        try:
            rollups.fold_all(batch=2)
            account_days.fold_all(batch=2)
        finally:
            connection.close()

    crowd = [Thread(target=fold) for _ in range(4)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    rollups.fold_all(batch=2)
    account_days.fold_all(batch=2)
    assert by_type(rollups.totals())[None, "TRANSFER", MEMBERS] == (10, 10_00, 10, 10_00)
    sent = AccountDay.objects.filter(account=alice.primary_account()).aggregate(Sum("out_cents"))
    assert sent == {"out_cents__sum": 10_00}
    assert violations() == []


@pytest.mark.django_db(transaction=True)
def test_folding_does_not_wait_for_a_vacuum(alice, bob):
    """A vacuum of a large table takes minutes, and the unfolded tail would grow all that time."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer")
    send(alice, bob, 1_00)
    with locked("SHARE UPDATE EXCLUSIVE"):
        assert rollups.fold(batch=2)


@contextmanager
def locked(mode: str) -> Iterator[None]:
    """Another session holds this lock on the entries, as a vacuum does."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"LOCK TABLE ledger_entry IN {mode} MODE")
        yield
    finally:
        other.close()


@pytest.mark.application
@pytest.mark.django_db(transaction=True)
def test_a_role_that_owns_no_table_can_fold(alice, bob):
    send(alice, bob, 1_00)
    assert rollups.fold(batch=2)


def test_the_statement_that_reads_the_tail_contains_the_id_itself():
    """With a parameter PostgreSQL plans for any id: 1.3 s a page at 1,000,000 entries."""
    sql, params = rollups.entries_after(71_234).query.sql_with_params()
    assert params == ()
    assert "71234" in sql
