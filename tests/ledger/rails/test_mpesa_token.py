"""The access token: one for all processes, since each new one ends the one before."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ledger.rails import Alarm, Outcome
from ledger.rails.models import RailToken
from ledger.rails.mpesa import gateway
from ledger.rails.tokens import EARLY, NoToken, Token, TokenStore

pytestmark = pytest.mark.django_db


def row() -> RailToken:
    return RailToken.objects.get(pk="mpesa")


def fetched(wire) -> int:
    return wire.kinds().count("token-answer")


def as_a_new_process() -> None:
    gateway.token_store.cache_clear()


def test_the_token_is_fetched_once_and_kept_encrypted(wire, asked):
    for number in range(3):
        wire.rail.disburse(asked._replace(reference=f"NSP-0000000{number}"))
    assert fetched(wire) == 1
    assert (row().version, row().lease_until) == (1, None)
    (token,) = (event for event in wire.events if event.kind == "token-answer")
    assert '"access_token": "[hidden]"' in token.body
    sealed = row().sealed
    assert len(sealed) > 90
    assert timedelta(minutes=59) < row().expires_at - timezone.now() < timedelta(hours=1)


def test_a_token_that_expires_soon_is_replaced(wire):
    wire.rail.ask_balance()
    as_a_new_process()
    RailToken.objects.update(expires_at=timezone.now() + EARLY - timedelta(seconds=1))
    assert wire.rail.ask_balance().outcome == Outcome.PENDING
    assert (fetched(wire), row().version) == (2, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"sealed": "nonsense"},
        {"sealed": ""},
        {"expires_at": None},
        {"lease_until": timezone.now() - timedelta(hours=1), "sealed": ""},
    ],
    ids=str,
)
def test_a_row_without_a_token_to_use_gets_one(wire, change):
    wire.rail.ask_balance()
    as_a_new_process()
    RailToken.objects.update(**change)
    assert wire.rail.ask_balance().outcome == Outcome.PENDING
    assert fetched(wire) == 2


@pytest.mark.parametrize("setting", ["SECRET_KEY", "MPESA_CONSUMER_KEY"])
def test_another_key_cannot_read_the_token(wire, mpesa_settings, setting):
    wire.rail.ask_balance()
    sealed = row().sealed
    as_a_new_process()
    setattr(mpesa_settings, setting, "another")
    answer = wire.rail.ask_balance()
    is_other_app = setting == "MPESA_CONSUMER_KEY"
    assert answer.outcome == (Outcome.UNKNOWN if is_other_app else Outcome.PENDING)
    assert (row().sealed == sealed) is is_other_app


def test_a_token_that_another_program_ended_is_replaced_and_the_payout_sent_once(wire, asked):
    wire.rail.ask_balance()
    wire.daraja.authorise()
    assert wire.rail.disburse(asked).outcome == Outcome.ACCEPTED
    assert wire.kinds()[3:] == [
        "b2c-request",
        "b2c-answer",
        "token-answer",
        "b2c-request",
        "b2c-answer",
    ]
    wire.daraja.advance()
    assert wire.paid() == [("b2c", asked.reference, 1200)]


@pytest.mark.parametrize(("call", "api"), [("collect", "stk"), ("disburse", "b2c")])
def test_a_token_refused_twice_is_a_matter_for_people(wire, asked, call, api):
    wire.daraja.scenario(api=api, faults=["invalid_token"], times=0)
    answer = getattr(wire.rail, call)(asked)
    assert (answer.outcome, answer.alarm) == (Outcome.NOT_TAKEN, Alarm.STOP)
    assert fetched(wire) == 2


@pytest.mark.parametrize("fault", ["drop_before", "html", "empty", "soap", "spike", "drop_after"])
def test_without_a_token_nothing_was_sent(wire, asked, fault):
    wire.daraja.scenario(api="oauth", faults=[fault])
    answer = wire.rail.disburse(asked)
    assert answer.outcome == Outcome.NOT_TAKEN
    assert answer.alarm == (Alarm.NONE if fault.startswith("drop") else Alarm.LOOK)
    assert wire.kinds() == ["token-answer"]
    assert row().lease_until is None
    assert wire.rail.disburse(asked).outcome == Outcome.ACCEPTED


def test_a_wrong_key_is_said(wire, asked, mpesa_settings):
    mpesa_settings.MPESA_CONSUMER_SECRET = "wrong"
    answer = wire.rail.disburse(asked)
    assert (answer.outcome, answer.code, answer.alarm) == (Outcome.NOT_TAKEN, "token", Alarm.LOOK)
    assert "HTTP 400" in answer.words


def test_its_lifetime_may_be_text(wire, asked):
    wire.daraja.control("faults", {"string_expiry": True})
    wire.rail.disburse(asked)
    assert row().expires_at - timezone.now() > timedelta(minutes=59)


@pytest.mark.django_db(transaction=True)
def test_no_call_is_made_inside_a_transaction(wire, asked):
    wire.rail.ask_balance()
    with transaction.atomic(), pytest.raises(AssertionError):
        wire.rail.disburse(asked)
    wire.daraja.advance()
    assert wire.paid() == []


def store(**more: float) -> TokenStore:
    return TokenStore("test", "owner", patience_s=more.get("patience_s", 5))


def token(value: str, lasts_s: float = 3600) -> Token:
    return Token(value, timezone.now() + timedelta(seconds=lasts_s))


@pytest.mark.django_db(transaction=True)
def test_threads_that_need_a_token_together_fetch_one():
    fetches, found = [], []
    start = threading.Barrier(6)

    def fetch() -> Token:
        assert not connection.in_atomic_block
        fetches.append(1)
        time.sleep(0.2)
        return token(f"token-{len(fetches)}")

    def work() -> None:
        try:
            start.wait()
            found.append(store().get(fetch))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(fetches), found) == (1, ["token-1"] * 6)


def test_while_another_process_fetches_the_old_token_is_used_or_waited_for():
    ours = store(patience_s=0.2)
    ours.get(lambda: token("old", lasts_s=30))
    held = {"lease_until": timezone.now() + timedelta(seconds=30)}
    RailToken.objects.filter(pk="test").update(**held)
    assert ours.get(lambda: pytest.fail("must not fetch")) == "old"
    with pytest.raises(NoToken):
        ours.get(lambda: pytest.fail("must not fetch"), refused="old")


def test_a_refused_token_is_replaced_unless_another_process_has_done_so():
    assert store().get(lambda: token("one")) == "one"
    assert store().get(lambda: token("two"), refused="one") == "two"
    assert store().get(lambda: pytest.fail("must not fetch"), refused="one") == "two"


def test_a_process_asks_the_database_again_only_when_its_token_is_refused(
    django_assert_num_queries,
):
    ours = store()
    ours.get(lambda: token("one"))
    with django_assert_num_queries(0):
        assert ours.get(lambda: pytest.fail("must not fetch")) == "one"
    store().get(lambda: token("two"), refused="one")
    assert ours.get(lambda: pytest.fail("must not fetch"), refused="one") == "two"


def test_a_process_whose_lease_ran_out_overwrites_nothing():
    ours, theirs = store(), store()

    def slow() -> Token:
        RailToken.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert theirs.get(lambda: token("theirs")) == "theirs"
        return token("late")

    assert ours.get(slow) == "late"
    assert ours.get(lambda: pytest.fail("must not fetch")) == "theirs"


def test_a_fetch_that_fails_frees_the_lease():
    with pytest.raises(NoToken):
        store().get(broken)
    assert store().get(lambda: token("next")) == "next"


def broken() -> Token:
    raise NoToken("no answer")
