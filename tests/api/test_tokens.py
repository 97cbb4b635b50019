"""We store only a token's hash. A token opens only what its scope allows, and it can end."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from tests.api.support.calls import Api, bearer, by_session, by_token, issue, order, problem_of
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.pages import elements, words
from wallet.api import tokens
from wallet.models import ApiToken, User

pytestmark = pytest.mark.django_db


def status(caller: Api, path: str = "/api/users") -> int:
    return caller.get(path).status_code


def whole_database() -> str:
    """Every cell of every table, as text."""
    cells = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            cells += [str(cell) for row in cursor.fetchall() for cell in row]
    return "\n".join(cells)


def test_the_database_holds_only_the_hash(alice):
    token, secret = tokens.issue(user_id=alice.pk, scope="member", name="till")
    client = signed_in(alice)
    client.post("/profile/tokens/", {"name": "by hand", "days": "30"})
    # The redirect to the page that shows the new token stores no secret either.
    everything = whole_database()
    shown = words(elements(client.get("/profile/tokens/"), "code", id="secret")[0])
    assert token.digest in everything
    for each in (secret, shown):
        assert each not in everything
        assert each.removeprefix(tokens.PREFIX) not in everything
        assert status(bearer(each)) == 200


def test_secrets_are_unique_and_hard_to_guess(alice):
    secrets = {issue(alice) for _ in range(50)}
    assert len(secrets) == 50
    assert all(len(secret) >= 43 and secret.startswith("nsk_") for secret in secrets)


@pytest.mark.parametrize("change", [str.upper, str.swapcase, lambda s: s[:-1], lambda s: s + "A"])
def test_a_changed_secret_opens_nothing(alice, change):
    assert status(bearer(change(issue(alice)))) == 401


def test_a_tokens_hash_opens_nothing(alice):
    token, _secret = tokens.issue(user_id=alice.pk, scope="member", name="till")
    assert status(bearer(token.digest)) == 401


def test_the_time_of_last_use_is_updated_at_most_once_a_minute(alice):
    secret = issue(alice)
    token = ApiToken.objects.get()
    assert token.last_used_at is None

    def used_at(moment):
        with time_machine.travel(moment, tick=False):
            assert status(bearer(secret)) == 200
        token.refresh_from_db()
        return token.last_used_at

    first = timezone.now()
    assert used_at(first) == first
    assert used_at(first + timedelta(seconds=59)) == first
    later = first + timedelta(seconds=61)
    assert used_at(later) == later


def test_a_wrong_secret_updates_no_time_of_last_use(alice):
    issue(alice)
    status(bearer("nsk_other"))
    assert ApiToken.objects.get().last_used_at is None


def test_a_token_expires(alice):
    now = timezone.now()
    caller = bearer(issue(alice, expires_at=now + timedelta(days=30)))
    with time_machine.travel(now + timedelta(days=29, hours=23), tick=False):
        assert status(caller) == 200
    with time_machine.travel(now + timedelta(days=30, seconds=1), tick=False):
        problem_of(caller.get("/api/users"), 401, "not_authenticated")


def test_a_revoked_token_ends_immediately(alice, bob):
    secret, other = issue(alice), issue(alice)
    caller = bearer(secret)
    assert status(caller) == 200
    token = ApiToken.objects.get(digest=tokens.digest_of(secret))
    assert tokens.revoke(token.pk)
    with nothing_moves():
        response = caller.post("/api/transfer", order("transfer", alice.pk, bob.pk))
    problem_of(response, 401, "not_authenticated")
    assert status(bearer(other)) == 200
    assert not tokens.revoke(token.pk), "it was revoked before"


def test_a_token_ends_while_its_owner_is_inactive(alice):
    caller = by_token(alice)
    assert status(caller) == 200
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert status(caller) == 401
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert status(caller) == 200


def test_money_calls_update_the_time_of_last_use_too(alice, bob):
    caller, first = by_token(alice), timezone.now()

    def used_at(moment):
        with time_machine.travel(moment, tick=False):
            assert transfer(caller, alice, bob).status_code == 201
        return ApiToken.objects.get().last_used_at

    assert used_at(first) == first
    assert used_at(first + timedelta(seconds=59)) == first
    later = first + timedelta(seconds=61)
    assert used_at(later) == later


@pytest.mark.parametrize("role", ["finance", "auditor"])
def test_a_finance_token_ends_with_the_role(request, role):
    person = request.getfixturevalue(role)
    caller = by_token(person, "finance")
    assert status(caller, "/api/admin/summary") == 200
    person.groups.clear()
    for path in ("/api/admin/summary", "/api/users", f"/api/balance/{person.pk}"):
        assert status(caller, path) == 401


def test_a_finance_token_of_a_person_outside_finance_opens_nothing(alice, operator):
    for person in (alice, operator):
        assert status(by_token(person, "finance"), "/api/admin/summary") == 401


def test_the_scheme_is_read_in_any_case(alice):
    secret = issue(alice)
    for scheme in ("bearer", "BEARER", "Bearer"):
        assert status(Api({"Authorization": f"{scheme} {secret}"})) == 200


def test_a_call_with_a_token_ignores_cookies(alice, bob, finance):
    session = by_session(finance)
    session.headers["Authorization"] = f"Bearer {issue(bob)}"
    assert status(session, f"/api/balance/{bob.pk}") == 200
    assert status(session, f"/api/balance/{alice.pk}") == 404
    assert status(session, "/api/admin/summary") == 403
    session.headers["Authorization"] = "Bearer nsk_wrong"
    assert status(session, f"/api/balance/{finance.pk}") == 401
    session.headers["Authorization"] = "Basic YTpi"
    assert status(session, f"/api/balance/{finance.pk}") == 401


def test_a_token_needs_no_csrf_token(alice, bob):
    caller = by_session(alice)
    caller.headers = {"Authorization": f"Bearer {issue(alice)}", "Origin": "https://shop.example"}
    response = caller.post("/api/transfer", order("transfer", alice.pk, bob.pk))
    assert response.status_code == 201


# --- Sessions -----------------------------------------------------------------------------------


def transfer(caller, alice, bob, **headers):
    return caller.post(
        "/api/transfer", order("transfer", alice.pk, bob.pk), headers={**caller.headers, **headers}
    )


def test_a_session_with_its_csrf_token_may_bring_money_in_but_not_out(alice, bob):
    """Pages ask for the PIN before money leaves, and a session must not get round them."""
    session = by_session(alice)
    for headers in ({}, {"Origin": "http://testserver"}):
        body = order("deposit", alice.pk, bob.pk)
        assert session.post("/api/deposit", body, headers=headers).status_code == 201
    with nothing_moves():
        problem_of(transfer(session, alice, bob), 403, "pin_needed")
        withdrawal = session.post("/api/withdraw", order("withdraw", alice.pk, bob.pk))
        problem_of(withdrawal, 403, "pin_needed")


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRFToken": ""},
        {"X-CSRFToken": "a" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://testserver.evil.example"},
    ],
)
def test_refuses_a_session_with_a_wrong_csrf_token_or_origin(alice, bob, headers):
    session = by_session(alice)
    with nothing_moves():
        problem_of(transfer(session, alice, bob, **headers), 403, "forbidden")


def test_refuses_a_strangers_csrf_token(alice, bob, carol):
    session, other = by_session(alice), by_session(carol)
    with nothing_moves():
        problem_of(transfer(session, alice, bob, **other.headers), 403, "forbidden")


def test_a_session_reads_without_the_csrf_token(alice):
    session = by_session(alice)
    session.headers.clear()
    assert status(session, f"/api/balance/{alice.pk}") == 200


def test_a_session_ends_at_sign_out_and_while_its_owner_is_inactive(alice):
    session = by_session(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert status(session) == 401
    User.objects.filter(pk=alice.pk).update(is_active=True)
    assert status(session) == 200
    session.client.logout()
    assert status(session) == 401


# --- The command --------------------------------------------------------------------------------


def run_command(*arguments: str) -> str:
    out = StringIO()
    call_command("issue_token", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("scope", ["member", "finance", "service"])
def test_the_command_prints_a_live_token_once(finance, scope):
    printed = run_command(finance.email, "--scope", scope, "--name", "payroll")
    secret = printed.removesuffix("\n")
    assert secret.split() == [secret]
    token = ApiToken.objects.get()
    assert (token.user, token.scope, token.name) == (finance, scope, "payroll")
    assert token.hint == secret[-4:]
    assert status(bearer(secret), f"/api/balance/{finance.pk}") == 200


def test_the_command_finds_a_member_by_email_or_phone(alice):
    run_command(alice.email.upper(), "--scope", "member")
    run_command(alice.phone, "--scope", "service")
    assert ApiToken.objects.filter(user=alice).count() == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("nobody@example.com", "--scope", "member"),
        ("nonsense", "--scope", "member"),
        ("ALICE", "--scope", "finance"),
        ("ALICE", "--scope", "root"),
        ("ALICE",),
    ],
)
def test_the_command_refuses_wrong_arguments(alice, arguments):
    with pytest.raises(CommandError):
        run_command(*[alice.email if word == "ALICE" else word for word in arguments])
    assert not ApiToken.objects.exists()


def test_the_command_refuses_an_inactive_member(alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(CommandError):
        run_command(alice.email, "--scope", "member")
