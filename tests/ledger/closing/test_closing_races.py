"""A day is closed while members pay with clocks that are still in it: nothing slips in."""

from __future__ import annotations

from threading import Event, Thread

import pytest
from django.db import connection, transaction

from ledger.closing import gate
from ledger.models import Close, Entry, Transaction
from ledger.querysets import day_start
from tests.factories import UserFactory, deposit, funded, send
from tests.ledger.closing.support import at, close, day
from tests.tampering import violations
from wallet.errors import Busy

PAYMENTS, PAYERS = 25, 4


@pytest.mark.django_db(transaction=True)
def test_no_payment_slips_into_a_day_that_is_being_closed():
    pairs = [(funded(UserFactory(), 100_00, at=at(1, 1)), UserFactory()) for _ in range(PAYERS)]
    started = Event()

    def pay(number: int) -> None:
        try:
            for turn in range(PAYMENTS):
                send(*pairs[number], 1_00, at=at(1, 23))
                if turn == PAYMENTS // 5:
                    started.set()
        finally:
            connection.close()

    threads = [Thread(target=pay, args=[number]) for number in range(PAYERS)]
    for thread in threads:
        thread.start()
    started.wait(10)
    made = close(1)
    for thread in threads:
        thread.join()
    closed = Entry.objects.filter(created_at__lt=day_start(day(0)))
    assert closed.count() == made.entries
    # All were paid: those that came too late, on the next day.
    assert Transaction.objects.filter(type="TRANSFER").count() == PAYERS * PAYMENTS
    assert closed.count() < Entry.objects.count()
    assert violations() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_closing_waits_for_a_payment_that_is_under_way(monkeypatch):
    amina = UserFactory()
    deposit(amina, 100_00, at=at(1, 1))
    is_written, may_commit = Event(), Event()

    def write_slowly() -> None:
        try:
            with transaction.atomic():
                entry = Entry.objects.get(account_id__gt=0)
                record = entry.transaction
                record.pk, record.reference, record.idempotency_key = None, "NS-22222222", "slow"
                record.save(force_insert=True)
                is_written.set()
                may_commit.wait(10)
        finally:
            connection.close()

    slow = Thread(target=write_slowly)
    slow.start()
    is_written.wait(10)
    monkeypatch.setattr(gate, "WAIT_S", 0.3)
    with pytest.raises(Busy):
        close(1)
    assert not Close.objects.exists()
    may_commit.set()
    slow.join()
    assert close(1).transactions == 2
