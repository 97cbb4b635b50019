"""Rate limits count calls in the database: per token or member, and per IP address."""

from datetime import UTC, datetime

import pytest
import time_machine

from tests.api.support.calls import Api, bearer, by_session, by_token, issue, order, problem_of
from tests.books import nothing_moves
from tests.factories import UserFactory
from tests.ledger.support.crowd import run_together
from wallet.models import RateWindow
from wallet.web import rates

pytestmark = pytest.mark.django_db

NO_LIMITS = {"member": 0, "finance": 0, "service": 0, "address": 0}


@pytest.fixture(autouse=True)
def clock():
    """The time stands still, 20 seconds past a full minute."""
    with time_machine.travel(datetime(2026, 3, 4, 10, 0, 20, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def limit(settings):
    def limit(**limits):
        settings.API_CALLS_PER_MINUTE = NO_LIMITS | limits

    return limit


def statuses(caller: Api, calls: int, path: str = "/api/users") -> list[int]:
    return [caller.get(path).status_code for _ in range(calls)]


@pytest.mark.parametrize("scope", ["member", "finance", "service"])
def test_each_scope_has_its_own_limit(limit, finance, scope):
    limit(**{scope: 3})
    caller = by_token(finance, scope)
    assert statuses(caller, 5) == [200, 200, 200, 429, 429]


def test_a_refusal_says_when_to_retry(limit, clock, alices):
    limit(member=1)
    statuses(alices, 1)
    response = alices.get("/api/users")
    body = problem_of(response, 429, "rate_limited")
    assert body == {
        "detail": "Too many requests. Wait 40 seconds, then try again.",
        "code": "rate_limited",
    }
    assert response.headers["Retry-After"] == "40"
    clock.shift(39)
    assert statuses(alices, 1) == [429]
    clock.shift(1)
    assert statuses(alices, 2) == [200, 429]


def test_a_refused_call_moves_nothing_and_keeps_its_key_free(limit, clock, alices, alice, bob):
    limit(member=1)
    statuses(alices, 1)
    wanted = order("transfer", alice.pk, bob.pk)
    with nothing_moves():
        assert alices.post("/api/transfer", wanted, "one").status_code == 429
        assert alices.post_text("/api/transfer", "{").status_code == 429
    clock.shift(40)
    response = alices.post("/api/transfer", wanted, "one")
    assert response.status_code == 201
    assert "Idempotency-Replayed" not in response.headers


def test_each_token_has_its_own_count(limit, alice, bob):
    limit(member=2)
    for caller in (by_token(alice), by_token(alice), by_token(bob)):
        assert statuses(caller, 3) == [200, 200, 429]


def test_all_sessions_of_a_member_share_one_count(limit, alice):
    limit(member=3)
    assert statuses(by_session(alice), 2) == [200, 200]
    assert statuses(by_session(alice), 2) == [200, 429]


def test_all_callers_of_an_ip_address_share_one_count(limit, alice, bob, finance):
    limit(address=4)
    callers = [by_token(alice), by_token(bob), by_token(finance, "finance"), by_session(alice)]
    assert [caller.get("/api/users").status_code for caller in callers] == [200] * 4
    assert [caller.get("/api/users").status_code for caller in callers] == [429] * 4


def test_each_ip_address_has_its_own_count(limit, alices):
    limit(address=1)
    assert statuses(alices, 2) == [200, 429]
    alices.client.defaults["REMOTE_ADDR"] = "2001:db8::1"
    assert statuses(alices, 2) == [200, 429]


def test_guesses_of_tokens_count_for_the_ip_address(limit, anonymous, alices):
    limit(address=3)
    for guess in ("nsk_1", "nsk_2"):
        assert statuses(bearer(guess), 1) == [401]
    assert statuses(anonymous, 1) == [401]
    response = bearer("nsk_3").get("/api/users")
    problem_of(response, 429, "rate_limited")
    assert response.headers["Retry-After"] == "40"
    assert statuses(alices, 1) == [429], "Alice has the same IP address"


def test_other_callers_do_not_use_up_a_services_calls(limit, service, alices):
    limit(address=1, member=1)
    assert statuses(alices, 2) == [200, 429]
    assert statuses(service, 5) == [200] * 5


def test_by_default_members_have_a_limit_and_services_have_none(settings, service, alices):
    limits = settings.API_CALLS_PER_MINUTE
    assert limits == {"member": 120, "finance": 600, "service": 0, "address": 1200}
    statuses(service, 3)
    assert not RateWindow.objects.exists()
    statuses(alices, 3)
    assert sorted(RateWindow.objects.values_list("count", flat=True)) == [3, 3]


def test_a_limit_of_zero_means_no_limit_and_no_count(limit, alices):
    limit()
    assert statuses(alices, 5) == [200] * 5
    assert not RateWindow.objects.exists()


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (2, "6.6.6.6, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (2, "203.0.113.9", "127.0.0.1"),
        (1, "", "127.0.0.1"),
        (1, " , ", "127.0.0.1"),
        (1, "x" * 5000, "x" * 60),
    ],
)
def test_trusts_the_ip_address_only_from_our_own_proxies(
    limit, settings, alices, proxies, forwarded, expected
):
    limit(address=10)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    alices.get("/api/users", headers={"X-Forwarded-For": forwarded})
    assert RateWindow.objects.get().key == f"address:{expected}"


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("headers", "status", "expected"),
    [
        ({"Clientip": "203.0.113.9", "X-Forwarded-For": "6.6.6.6"}, 200, "203.0.113.9"),
        ({"Clientip": "2001:db8:1::7"}, 200, "2001:db8:1::7"),
        ({"X-Forwarded-For": "6.6.6.6"}, 200, "127.0.0.1"),
        # A client's own line, to which a proxy added ours.
        ({"Clientip": "6.6.6.6,203.0.113.9"}, 400, ""),
        ({"Clientip": "unknown"}, 400, ""),
    ],
)
def test_a_header_of_one_word_says_the_ip_address(
    limit, settings, alices, headers, status, expected
):
    limit(address=10)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    settings.CLIENT_IP_HEADER = "Clientip"
    assert alices.get("/api/users", headers=headers).status_code == status
    assert [row.key for row in RateWindow.objects.all()] == (
        [f"address:{expected}"] if expected else []
    )


def test_counts_of_past_minutes_are_deleted_an_hour_later(clock):
    for _minute in range(100):
        rates.enforce("token:1", 10)
        clock.shift(60)
    rates.WINDOWS.run()
    assert 60 <= RateWindow.objects.count() <= 62


@pytest.mark.django_db(transaction=True)
def test_all_processes_share_one_count(limit):
    """Threads with separate connections stand for processes, since no count is in memory."""
    limit(member=10)
    secret = issue(UserFactory())
    answers = run_together(*[lambda: statuses(bearer(secret), 4)] * 5)
    answered = sorted(status for each in answers for status in each)
    assert answered == [200] * 10 + [429] * 10
    assert RateWindow.objects.get(key__startswith="token:").count == 20
