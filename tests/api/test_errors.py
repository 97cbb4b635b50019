"""Every error has the status, code, sentence and headers of the contract, and nothing more."""

import json

import pytest
from django.test import override_settings

from ledger.models import Transaction
from tests.api.support.calls import (
    MOVES,
    UNKNOWN_ID,
    bearer,
    by_session,
    order,
    path_of,
    problem_of,
)
from tests.books import nothing_moves
from tests.factories import UserFactory, account_id, deposit, funded
from wallet import operations as wallet_operations
from wallet.api.strict_json import BODY_BYTES_AT_MOST
from wallet.context import SYSTEM
from wallet.models import User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

every_move = pytest.mark.parametrize("move", MOVES)
money_out = pytest.mark.parametrize("move", ["transfer", "withdraw"])


@pytest.fixture
def refused(alices, alice, bob):
    """Posts a call of Alice's, checks that it's refused and moves nothing, and returns the body."""

    def refused(move, amount_cents=10_00, other=bob, code=""):
        with nothing_moves():
            response = alices.post(path_of(move), order(move, alice.pk, other.pk, amount_cents))
        return problem_of(response, 400, code)

    return refused


@money_out
def test_refuses_more_than_the_balance(refused, move):
    body = refused(move, 1_000_01, code="insufficient_balance")
    assert body.keys() == {"detail", "code"}
    assert body["detail"] == "You have KES\xa01,000.00 available. Enter that or less."


def test_refuses_a_transfer_to_oneself(refused, alice):
    refused("transfer", other=alice, code="self_transfer")


@money_out
def test_refuses_money_out_of_a_frozen_wallet(refused, alice, move):
    wallet_operations.freeze(SYSTEM, account_id(alice))
    refused(move, code="account_frozen")


def test_refuses_a_transfer_to_a_closed_account(refused, bob):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    refused("transfer", code="account_closed")


@every_move
def test_refuses_more_than_the_limit_per_transaction(refused, move):
    refused(move, 250_000_01, code="limit_exceeded")


@money_out
def test_refuses_more_than_the_limit_per_day(refused, move, settings):
    settings.LIMIT_CENTS_OUT_PER_DAY = 9_99
    refused(move, code="limit_exceeded")


def test_refuses_more_than_a_wallet_may_hold(refused, bob, settings):
    settings.LIMIT_CENTS_BALANCE = 1_000_00
    refused("deposit", code="limit_exceeded")
    deposit(bob, 1_000_00)
    body = refused("transfer", code="limit_exceeded")
    assert "1,000" not in body["detail"], "says how much Bob holds"


@pytest.mark.parametrize("path", ["/api/users", "/api/balance/1", "/api/admin/summary"])
def test_a_call_without_a_live_token_is_not_authenticated(anonymous, path, subtests):
    wrong = ("", "Bearer", "Bearer ", "Bearer nsk_unknown", "Basic YTpi", "nsk_unknown")
    for headers in ({}, *({"Authorization": text} for text in wrong)):
        with subtests.test(headers=headers):
            response = anonymous.get(path, headers=headers)
            body = problem_of(response, 401, "not_authenticated")
            assert body["detail"] == "Send a valid token as Authorization: Bearer <token>."
            assert response.headers["WWW-Authenticate"] == "Bearer"


def test_a_call_outside_the_scope_is_forbidden(alices, finance_api):
    for caller in (alices, finance_api):
        problem_of(caller.post("/api/users", {"name": "Jane"}), 403, "forbidden")
    problem_of(alices.get("/api/admin/summary"), 403, "forbidden")
    problem_of(alices.get("/api/admin/activity"), 403, "forbidden")


MISSING = [
    "/api/",
    "/api/nothing",
    "/api/users/",
    "/api/users/abc",
    "/api/users/0",
    "/api/users/-1",
    f"/api/users/{UNKNOWN_ID}",
    f"/api/users/{2**63}",
    f"/api/balance/{10**30}",
    f"/api/transactions/{UNKNOWN_ID}",
    "/api/users/١",
    "/api/balance/1%00",
    "/api/transaction/NS-00000000",
    "/api/transaction/ns-00000000",
    "/api/transaction/%00",
    "/api/transaction/a/b",
]


def test_unknown_ids_and_paths_are_not_found(service, anonymous, subtests):
    for path in MISSING:
        with subtests.test(path=path):
            body = problem_of(service.get(path), 404, "not_found")
            assert body == {"detail": "Not found.", "code": "not_found"}
            assert anonymous.get(path).status_code in (401, 404)


def test_a_post_to_an_unknown_path_is_not_found(service, alice):
    for caller in (service, by_session(alice)):
        problem_of(caller.post("/api/nothing", {}), 404, "not_found")
        problem_of(caller.post("/api/deposit/", {}), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/api/users", {"GET", "POST"}), ("/api/deposit", {"POST"}), ("/api/balance/1", {"GET"})],
)
def test_refuses_other_methods_and_names_the_allowed_ones(service, path, allowed, subtests):
    for method in ("put", "patch", "delete", "options", "trace"):
        with subtests.test(method=method):
            response = getattr(service.client, method)(path, headers=service.headers)
            problem_of(response, 405, "method_not_allowed")
            assert set(response.headers["Allow"].replace(" ", "").split(",")) == allowed


def test_a_get_never_moves_money(service, alice):
    with nothing_moves():
        response = service.get("/api/deposit", user_id=alice.pk, amount_cents=1)
    problem_of(response, 405, "method_not_allowed")


def test_refuses_a_body_that_is_too_large(service, alice):
    text = json.dumps(order("deposit", alice.pk, 0))
    largest = text + " " * (BODY_BYTES_AT_MOST - len(text))
    assert service.post_text("/api/deposit", largest).status_code == 201
    for more in (1, 3_000_000):
        with nothing_moves():
            response = service.post_text("/api/deposit", largest + " " * more)
        problem_of(response, 413, "body_too_large")


def test_refuses_a_media_type_other_than_json(service, alice):
    with nothing_moves():
        response = service.post_text(
            "/api/deposit", json.dumps(order("deposit", alice.pk, 0)), content_type="text/plain"
        )
    problem_of(response, 415, "unsupported_media_type")


def test_refuses_a_key_that_another_call_used(alices, alice, bob):
    alices.post("/api/deposit", order("deposit", alice.pk, 0), key="one")
    with nothing_moves():
        response = alices.post("/api/transfer", order("transfer", alice.pk, bob.pk), key="one")
    body = problem_of(response, 422, "idempotency_key_reused")
    assert Transaction.objects.latest("pk").reference in body["detail"]


def test_refuses_an_email_or_phone_that_has_an_account(service, alice):
    for field, noun, value in (
        ("email", "email", alice.email.upper()),
        ("phone", "phone number", alice.phone),
    ):
        with nothing_moves():
            response = service.post("/api/users", {"name": "Jane", field: value})
        body = problem_of(response, 400, "invalid_request")
        assert body["detail"] == f"This {noun} already has an account."
        assert body["errors"] == [{"field": field, "message": body["detail"]}]


@pytest.mark.parametrize("debug", [False, True])
def test_a_server_error_hides_its_cause_and_logs_the_trace(service, settings, caplog, debug):
    settings.DEBUG = debug
    ghost = User.objects.create(name="No Wallet")  # Every other user has a wallet.
    response = service.get(f"/api/users/{ghost.pk}", headers={"X-Request-ID": "mine-1"})
    body = problem_of(response, 500, "internal_error")
    assert body == {
        "detail": "Something went wrong on our side.",
        "code": "internal_error",
    }
    assert response.headers["X-Request-ID"] == "mine-1"
    (record,) = [each for each in caplog.records if each.levelname == "ERROR" and each.exc_info]
    assert record.exc_info[0] is StopIteration
    assert "user_out" in record.exc_text if record.exc_text else True


def test_a_call_to_an_unknown_host_gets_a_json_error(anonymous):
    with override_settings(ALLOWED_HOSTS=["nissmart.example"]):
        response = anonymous.get("/api/users", headers={"Host": "evil.example"})
    problem_of(response, 400, "invalid_request")
    assert "evil" not in response.text


def test_pages_answer_errors_in_html(client):
    assert "text/html" in client.get("/nothing/").headers["Content-Type"]


def test_a_broken_session_cookie_counts_as_no_session(anonymous):
    anonymous.client.cookies["sessionid"] = "broken\x01"
    problem_of(anonymous.get("/api/users"), 401, "not_authenticated")


def test_refuses_a_session_without_its_csrf_token(alice, bob):
    session = by_session(alice)
    session.headers.clear()
    with nothing_moves():
        response = session.post("/api/transfer", order("transfer", alice.pk, bob.pk))
    problem_of(response, 403, "forbidden")


def test_an_amount_over_the_limit_is_refused_before_any_look_up(service, django_assert_num_queries):
    rich = funded(UserFactory(), 1)
    service.get("/api/users")
    with django_assert_num_queries(1):  # The wallet's id; the token is still cached.
        service.post("/api/deposit", order("deposit", rich.pk, 0, 250_000_01))


def test_no_authorization_header_causes_a_server_error(db):
    for secret in ("\x7f", "é" * 10, "nsk_" + "a" * 5000, "'; --", "%s", "nsk_\ttab"):
        problem_of(bearer(secret).get("/api/users"), 401, "not_authenticated")


def test_a_sentence_for_programs_mentions_no_form(alices, alice):
    """A program has no form to fix, and its reader may not be a member."""
    response = alices.post("/api/transfer", order("transfer", alice.pk, alice.pk), "one")
    body = problem_of(response, 400, "self_transfer")
    assert body["detail"] == "Money can't move from a wallet to itself. Name two different users."
