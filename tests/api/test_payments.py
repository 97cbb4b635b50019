"""What the API says about a payment on a rail that answers later, and how a program cancels it."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger import operations as moves
from ledger.models import Attempt, Transaction
from ledger.payouts import operations, worker
from tests.api.support.calls import by_session, by_token, order, problem_of
from tests.books import assert_books_right, nothing_moves
from tests.factories import balance, deposit, send, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import decide, script, sent
from tests.ledger.support.prices import price

pytestmark = pytest.mark.django_db


@pytest.fixture
def rail(alice):
    with paya.known() as rail:
        yield rail


def read(caller, record: Transaction) -> dict:
    response = caller.get(f"/api/transaction/{record.reference}")
    assert response.status_code == 200
    return response.json()


def states(body: dict) -> list[str]:
    return [step["state"] for step in body["steps"]]


def asked(queries: CaptureQueriesContext) -> int:
    """How many queries read the books."""
    return sum("ledger_" in query["sql"] for query in queries)


def cancel(caller, record: Transaction, **more):
    return caller.post(f"/api/transaction/{record.reference}/cancel", {}, **more)


def test_a_withdrawal_takes_no_other_fee_than_the_agreed_one(alice, alices):
    price((1_00, 25_00))
    body = order("withdraw", alice.pk, 0) | {"fee_cents": 0}
    with nothing_moves():
        problem = problem_of(alices.post("/api/withdraw", body, "one"), 409, "fee_changed")
    assert "The fee is now KES\N{NO-BREAK SPACE}25.00." in problem["detail"]
    posted = alices.post("/api/withdraw", body | {"fee_cents": 25_00}, "two")
    assert (posted.status_code, posted.json()["fee_cents"]) == (201, 25_00)
    # Answered from what was posted, whatever the tariff asks by now.
    price((1_00, 30_00))
    again = alices.post("/api/withdraw", body | {"fee_cents": 25_00}, "two")
    assert (again.status_code, again.json()) == (201, posted.json())


def test_a_paid_payout_has_its_receipt_and_its_steps(alice, alices, rail, settings, wambui):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    posted = alices.post("/api/withdraw", order("withdraw", alice.pk, 0), "one").json()
    attempt = Attempt.objects.get()
    assert posted == read(alices, attempt.transaction)
    assert (posted["status"], posted["receipt"], posted["failure"]) == ("PENDING", None, None)
    assert states(posted) == ["REQUESTED", "AWAITING_APPROVAL"]
    decide(operations.approve, wambui, attempt)
    assert states(read(alices, attempt.transaction)) == ["REQUESTED", "APPROVED"]
    worker.do_due()
    assert states(read(alices, attempt.transaction)) == ["REQUESTED", "APPROVED", "SENT"]
    moves.settle(transaction_id=attempt.transaction_id, receipt="R9")
    body = read(alices, attempt.transaction)
    assert states(body) == ["REQUESTED", "APPROVED", "SENT", "SUCCEEDED"]
    times = [step["at"] for step in body["steps"]]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (body["created_at"], body["settled_at"])
    assert (body["status"], body["receipt"]) == ("SUCCESS", "R9")
    replayed = alices.post("/api/withdraw", order("withdraw", alice.pk, 0), "one")
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert replayed.json() == body


def test_a_failure_has_a_code_and_a_sentence(alice, alices, rail, settings, wambui):
    script(rail, "rejected")
    failed = sent(alice, 10_00)
    body = read(alices, failed.transaction)
    assert body["failure"] == {"code": "no", "detail": "It didn't go through."}
    assert states(body) == ["REQUESTED", "SENT", "FAILED"]
    script(rail, "lost", "lost")
    unknown = read(alices, sent(alice, 10_00).transaction)
    assert (states(unknown)[-1], unknown["steps"][-1]["at"]) == ("UNKNOWN", None)
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    held = Attempt.objects.get(transaction=withdraw(alice, 10_00))
    decide(operations.refuse, wambui, held)
    body = read(alices, held.transaction)
    assert body["failure"] == {"code": "refused", "detail": "As agreed"}
    assert states(body) == ["REQUESTED", "REFUSED"]


def test_lists_say_the_same_without_a_query_for_each(alice, alices, finance_api, rail):
    def lists() -> list[dict]:
        paths = (f"/api/transactions/{alice.pk}", "/api/admin/activity")
        return [
            caller.get(path).json()["items"]
            for caller, path in zip((alices, finance_api), paths, strict=True)
        ]

    records = [sent(alice, 10_00, move).transaction for move in (withdraw, deposit)]
    with CaptureQueriesContext(connection) as one:
        lists()
    records += [sent(alice, 10_00, move).transaction for move in (deposit, withdraw)]
    with CaptureQueriesContext(connection) as many:
        found = lists()
    assert asked(many) == asked(one) > 0
    for items in found:
        assert items[:4] == [read(alices, record) for record in records[::-1]]


@pytest.mark.parametrize("sign_in", [by_token, by_session])
def test_a_member_cancels_what_was_not_sent_once(alice, rail, sign_in):
    caller, before = sign_in(alice), balance(alice)
    for move in (withdraw, deposit):
        record = move(alice, 10_00)
        first = cancel(caller, record, key="one")
        assert first.status_code == 200
        assert "Idempotency-Replayed" not in first.headers
        body = first.json()
        assert (body["status"], body["failure"]["code"]) == ("FAILED", "cancelled")
        assert states(body) == ["REQUESTED", "CANCELLED"]
        again = cancel(caller, record)
        assert (again.status_code, again.json()) == (200, body)
        assert again.headers["Idempotency-Replayed"] == "true"
    assert balance(alice) == before
    assert worker.do_due() == 0
    assert_books_right()


def test_a_service_cancels_for_a_member(alice, rail, service):
    before = balance(alice)
    assert cancel(service, withdraw(alice, 10_00)).status_code == 200
    assert balance(alice) == before


def test_what_was_sent_or_is_instant_is_not_cancelled(alice, bob, alices, bobs, rail):
    payout, transfer = sent(alice, 10_00).transaction, send(alice, bob, 10_00)
    with nothing_moves():
        problem_of(cancel(alices, payout), 409, "already_sent")
        for caller in (alices, bobs):
            problem_of(cancel(caller, transfer), 409, "too_late")


def test_strangers_learn_nothing_and_readers_cancel_nothing(
    alice, bobs, anonymous, finance_api, auditor, rail
):
    record = withdraw(alice, 10_00)
    with nothing_moves():
        problem_of(bobs.get(f"/api/transaction/{record.reference}"), 404, "not_found")
        problem_of(cancel(bobs, record), 404, "not_found")
        problem_of(cancel(by_session(auditor), record), 404, "not_found")
        problem_of(cancel(finance_api, record), 403, "forbidden")
        problem_of(cancel(anonymous, record), 401, "not_authenticated")
        for reference in ("NS-00000000", "x", "%00"):
            response = bobs.post(f"/api/transaction/{reference}/cancel", {})
            problem_of(response, 404, "not_found")
    assert states(read(finance_api, record)) == ["REQUESTED"]
    assert states(read(by_session(auditor), record)) == ["REQUESTED"]


def test_a_transfer_asks_for_no_payment(alice, bob, alices, monkeypatch):
    """It has no attempt, so its answer looks for none."""

    def fail(record):
        raise AssertionError("looked for an attempt")

    monkeypatch.setattr(Transaction, "loaded_attempt", property(fail))
    response = alices.post("/api/transfer", order("transfer", alice.pk, bob.pk))
    assert (response.status_code, response.json()["steps"]) == (201, [])
