"""Members hear of each payment into or out of their wallet, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger import alerts, operations
from ledger.models import Entry
from ledger.payouts import operations as payouts
from ledger.payouts import worker
from tests.factories import deposit, send, withdraw
from tests.ledger.support.crowd import run_together
from tests.ledger.support.payouts import ordered
from tests.ledger.support.prices import price
from wallet.context import Context
from wallet.models import Delivery, Message, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_to_say(request) -> None:
    """The members' money in the fixtures is no news."""
    if "alice" in request.fixturenames:
        request.getfixturevalue("alice")
    alerts.skip()


def heard(user: User) -> list[str]:
    """What this member has been alerted of since the beginning, by topic."""
    alerts.write_due()
    return list(Message.objects.filter(user=user).order_by("pk").values_list("topic", flat=True))


def last_sms(user: User) -> str:
    return Delivery.objects.filter(user=user, channel="sms").latest("pk").text


def test_both_sides_of_a_transfer_hear_of_it_on_every_channel(alice, bob):
    record = send(alice, bob, 20_00)
    assert heard(alice) == ["sent"]
    assert heard(bob) == ["received"]
    assert Delivery.objects.filter(user=alice).count() == 2
    assert last_sms(alice).startswith(
        f"{record.reference} Confirmed. KES 20.00 sent to {bob.short_name} 07"
    )
    assert "Balance KES 980.00." in last_sms(alice)
    assert bob.phone not in last_sms(alice)
    assert alerts.write_due() == 0


def test_an_instant_payout_is_one_alert_and_one_that_waits_is_two(alice, time_machine):
    price((1_00, 25_00))
    deposit(alice, 10_000_00)
    withdraw(alice, 300_00)
    assert heard(alice) == ["deposited", "withdrawn"]
    began = timezone.now()
    ordered(alice, 4_002_00)
    ordered(alice, 4_001_00)
    assert heard(alice)[2:] == ["payout_ordered", "payout_ordered"]
    for seconds in (0, 3, 6, 9, 12, 15):
        time_machine.move_to(began + timedelta(seconds=seconds))
        worker.do_due()
    assert sorted(heard(alice)[4:]) == ["payout_returned", "withdrawn"]
    texts = " ".join(Delivery.objects.filter(user=alice).values_list("text", flat=True))
    assert "didn't go through. KES 4,026.00 is back in your wallet" in texts
    assert "Confirmed. KES 4,002.00 withdrawn on" in texts


def test_a_reversal_says_what_it_is_to_both(alice, bob, finance):
    record = send(alice, bob, 20_00)
    operations.reverse(Context(finance.pk, key="r"), transaction_id=record.pk)
    assert heard(alice) == ["sent", "money_in"]
    assert heard(bob) == ["received", "money_out"]
    assert "Returned to you by Nissmart" in last_sms(alice)


def test_what_is_old_is_no_news(alice, bob, time_machine):
    send(alice, bob, 20_00)
    time_machine.move_to(timezone.now() + timedelta(days=2))
    assert heard(alice) == []
    send(alice, bob, 20_00)
    assert heard(alice) == ["sent"]


def test_a_failure_in_the_middle_writes_nothing_and_the_next_turn_all(alice, bob, monkeypatch):
    send(alice, bob, 20_00)
    send(alice, bob, 30_00)
    calls: list[alerts.Alert] = []

    def fail_third(alert: alerts.Alert) -> None:
        calls.append(alert)
        if len(calls) == 3:
            raise RuntimeError("the process is going down")
        write(alert)

    write = alerts.write
    with monkeypatch.context() as patch:
        patch.setattr(alerts, "write", fail_third)
        with pytest.raises(RuntimeError):
            alerts.write_due()
    assert not Message.objects.exists()
    assert heard(bob) == ["received", "received"]


def test_a_full_turn_never_cuts_a_payment_in_two(alice, monkeypatch):
    price((1_00, 25_00))
    # A withdrawal takes the amount and the fee from the wallet in two lines.
    monkeypatch.setattr(alerts, "BATCH", 3)
    withdraw(alice, 300_00)
    withdraw(alice, 100_00)
    assert heard(alice) == ["withdrawn", "withdrawn"]


@pytest.mark.django_db(transaction=True)
def test_several_workers_alert_once_while_payments_go_on(alice, bob):
    def pay() -> None:
        for _turn in range(5):
            send(alice, bob, 1_00)

    run_together(pay, pay, alerts.write_due, alerts.write_due, alerts.write_due)
    assert len(heard(alice)) == len(heard(bob)) == 10
    references = Message.objects.filter(user=bob).values_list("facts__reference", flat=True)
    assert len(set(references)) == 10


def test_a_full_turn_skips_no_payment_before_a_later_end_of_its_last_one(
    alice, bob, rail, monkeypatch
):
    """The last payment of the turn ended after other payments, which aren't reported yet."""
    waiting = ordered(alice, 300_00).transaction
    monkeypatch.setattr(alerts, "BATCH", Entry.objects.filter(transaction=waiting).count())
    for _each in range(3):
        send(alice, bob, 1_00)
    payouts.cancel(Context(alice.pk), transaction_id=waiting.pk)
    assert heard(bob) == ["received"] * 3
    assert heard(alice) == ["payout_ordered", *["sent"] * 3, "payout_returned"]
