"""Data that a caller may not see looks like data that doesn't exist: same status, same body."""

from typing import NamedTuple

import pytest

from ledger import lookups
from ledger.models import Transaction
from tests.api.support.calls import MOVES, UNKNOWN_ID, Api, by_session, by_token, order, path_of
from tests.books import nothing_moves
from tests.factories import UserFactory, account_id, deposit, funded, send, withdraw
from tests.ledger.support.goals import saving
from tests.ledger.support.scheduled import schedule
from wallet.models import User

pytestmark = pytest.mark.django_db


class Victim(NamedTuple):
    """The ids that name a member and one of their transactions."""

    id: int
    reference: str
    waiting: str
    goal: int
    schedule: int


@pytest.fixture
def victim(alice, bob):
    """Alice: she has received, sent and withdrawn."""
    record = send(alice, bob, 123_45, description="Private matter")
    withdraw(alice, 67_89)
    # On the simulated rail this one waits ten seconds.
    waiting = deposit(alice, 4_002_00).reference
    goal = saving(alice, 10_00).pk
    return Victim(alice.pk, record.reference, waiting, goal, schedule(alice, bob).pk)


@pytest.fixture
def unknown():
    return Victim(UNKNOWN_ID, "NS-00000000", "NS-00000000", UNKNOWN_ID, UNKNOWN_ID)


CALLERS = {
    "anonymous": lambda users: Api(),
    "member": lambda users: by_token(users["carol"]),
    "finance": lambda users: by_token(users["finance"], "finance"),
    "service": lambda users: by_token(users["robot"], "service"),
    "session": lambda users: by_session(users["carol"]),
    "session of finance": lambda users: by_session(users["finance"]),
}
OWNERS = {
    "anonymous": "carol",
    "member": "carol",
    "finance": "finance",
    "service": "robot",
    "session": "carol",
    "session of finance": "finance",
}


@pytest.fixture
def users(carol, finance):
    """The owners of the callers. Each has money to lose."""
    robot = UserFactory(name="Robot")
    return {
        "carol": funded(carol, 500_00),
        "finance": funded(finance, 500_00),
        "robot": funded(robot, 500_00),
    }


def get(path):
    return lambda caller, whose, own: caller.get(
        path.format(id=whose.id, ref=whose.reference, goal=whose.goal)
    )


def cancel(caller, whose, own):
    return caller.post(f"/api/transaction/{whose.waiting}/cancel", {})


def post(name):
    return lambda caller, whose, own: caller.post(path_of(name), order(name, whose.id, own, 1_00))


def open_goal(caller, whose, own):
    return caller.post("/api/goals", {"user_id": whose.id, "name": "Rent"})


def make_schedule(caller, whose, own):
    body = order("transfer", whose.id, own, 1_00) | {"every": "week", "day": 1}
    return caller.post("/api/schedules", body)


def change(path, body):
    return lambda caller, whose, own: caller.post(
        path.format(goal=whose.goal, schedule=whose.schedule), body
    )


def move_goal(way):
    return change("/api/goals/{goal}/" + way, {"amount_cents": 1_00})


# The statuses that each caller gets for Alice's data, in the order of CALLERS. Any answer but 200
# or 201 must be the same as for ids that don't exist.
OF_OTHERS = {
    "GET /api/users/{user_id}": (get("/api/users/{id}"), [401, 404, 200, 200, 404, 200]),
    "GET /api/balance/{user_id}": (get("/api/balance/{id}"), [401, 404, 200, 200, 404, 200]),
    "GET /api/transactions/{user_id}": (
        get("/api/transactions/{id}"),
        [401, 404, 200, 200, 404, 200],
    ),
    "GET /api/transaction/{reference}": (
        get("/api/transaction/{ref}"),
        [401, 404, 200, 200, 404, 200],
    ),
    "GET /api/statement/{user_id}": (get("/api/statement/{id}"), [401, 404, 200, 200, 404, 200]),
    "POST /api/transaction/{reference}/cancel": (cancel, [401, 404, 403, 200, 404, 404]),
    "POST /api/deposit": (post("deposit"), [401, 404, 403, 201, 404, 404]),
    "POST /api/transfer": (post("transfer"), [401, 404, 403, 201, 403, 403]),
    "POST /api/withdraw": (post("withdraw"), [401, 404, 403, 201, 403, 403]),
    "GET /api/goals/{user_id}": (get("/api/goals/{id}"), [401, 404, 200, 200, 404, 200]),
    "POST /api/goals": (open_goal, [401, 404, 403, 201, 404, 404]),
    "POST /api/goals/{goal_id}/add": (move_goal("add"), [401, 404, 403, 201, 404, 404]),
    "POST /api/goals/{goal_id}/take": (move_goal("take"), [401, 404, 403, 201, 404, 404]),
    "GET /api/goals/{goal_id}/automatic": (
        get("/api/goals/{goal}/automatic"),
        [401, 404, 200, 200, 404, 200],
    ),
    "POST /api/goals/{goal_id}/automatic": (
        change("/api/goals/{goal}/automatic", {"percent": 10}),
        [401, 404, 403, 200, 404, 404],
    ),
    "POST /api/goals/{goal_id}/automatic/pause": (
        change("/api/goals/{goal}/automatic/pause", {"kind": "part"}),
        [401, 404, 403, 200, 404, 404],
    ),
    "GET /api/schedules/{user_id}": (get("/api/schedules/{id}"), [401, 404, 200, 200, 404, 200]),
    "POST /api/schedules": (make_schedule, [401, 404, 403, 201, 403, 403]),
    "POST /api/schedules/{schedule_id}/change": (
        change(
            "/api/schedules/{schedule}/change", {"amount_cents": 1_00, "every": "week", "day": 1}
        ),
        [401, 404, 403, 200, 404, 404],
    ),
    **{
        f"POST /api/schedules/{{schedule_id}}/{act}": (
            change(f"/api/schedules/{{schedule}}/{act}", {}),
            [401, 404, 403, 200, 404, 404],
        )
        for act in ("pause", "resume", "cancel")
    },
}
OF_THEMSELVES = {
    "GET /api/users/{user_id}": [401, 200, 200, 200, 200, 200],
    "GET /api/balance/{user_id}": [401, 200, 200, 200, 200, 200],
    "GET /api/transactions/{user_id}": [401, 200, 200, 200, 200, 200],
    "GET /api/goals/{user_id}": [401, 200, 200, 200, 200, 200],
    "GET /api/schedules/{user_id}": [401, 200, 200, 200, 200, 200],
    "GET /api/statement/{user_id}": [401, 200, 200, 200, 200, 200],
    "POST /api/deposit": [401, 201, 403, 201, 201, 201],
    # From a session money leaves only on pages, which ask for the PIN.
    "POST /api/transfer": [401, 201, 403, 201, 403, 403],
    "POST /api/withdraw": [401, 201, 403, 201, 403, 403],
}
WITHOUT_IDS = {
    "GET /api/users": [401, 200, 200, 200, 200, 200],
    "POST /api/users": [401, 403, 403, 201, 403, 403],
    "GET /api/admin/summary": [401, 403, 200, 403, 403, 200],
    "GET /api/admin/activity": [401, 403, 200, 403, 403, 200],
}


@pytest.mark.parametrize("endpoint", OF_OTHERS)
def test_other_peoples_data_looks_like_missing_data(
    users, alice, victim, unknown, endpoint, subtests
):
    secrets = (alice.name, alice.email, alice.phone, victim.reference, "Private", "12345", "6789")
    call, statuses = OF_OTHERS[endpoint]
    for caller, status in zip(CALLERS, statuses, strict=True):
        as_caller, own = CALLERS[caller](users), users[OWNERS[caller]].pk
        with subtests.test(caller=caller):
            missing = call(as_caller, unknown, own)
            if status in (200, 201):
                assert missing.status_code == 404
                assert call(as_caller, victim, own).status_code == status
                continue
            with nothing_moves():
                answer = call(as_caller, victim, own)
            assert answer.status_code == missing.status_code == status
            assert answer.content == missing.content
            assert not [secret for secret in secrets if secret in answer.text]


@pytest.mark.parametrize("endpoint", OF_THEMSELVES)
def test_callers_reach_their_own_data(users, bob, endpoint, subtests):
    method, path = endpoint.split()
    for caller, status in zip(CALLERS, OF_THEMSELVES[endpoint], strict=True):
        as_caller, own = CALLERS[caller](users), users[OWNERS[caller]].pk
        with subtests.test(caller=caller):
            if method == "GET":
                answer = as_caller.get(path.format(user_id=own))
            else:
                name = path.rpartition("/")[2]
                lookups.paid.add((account_id(User.objects.get(pk=own)), account_id(bob)))
                answer = as_caller.post(path, order(name, own, bob.pk, 1_00))
            assert answer.status_code == status


@pytest.mark.parametrize("endpoint", WITHOUT_IDS)
def test_endpoints_without_an_id_go_by_scope(users, endpoint, subtests):
    method, path = endpoint.split()
    for caller, status in zip(CALLERS, WITHOUT_IDS[endpoint], strict=True):
        as_caller = CALLERS[caller](users)
        with subtests.test(caller=caller):
            body = {"name": "New"}
            answer = as_caller.get(path) if method == "GET" else as_caller.post(path, body)
            assert answer.status_code == status


def test_every_operation_has_its_rows(anonymous):
    paths = anonymous.get("/api/openapi.json").json()["paths"]
    operations = {f"{verb.upper()} {path}" for path, verbs in paths.items() for verb in verbs}
    assert operations == OF_OTHERS.keys() | WITHOUT_IDS.keys()
    named = {name for name in operations if "{user_id}" in name or name[10:] in MOVES}
    assert named <= OF_THEMSELVES.keys()


def test_a_member_lists_and_finds_only_themselves(users, alice, victim):
    for caller in (CALLERS["member"](users), CALLERS["session"](users)):
        listed = caller.get("/api/users").json()
        assert [user["id"] for user in listed["items"]] == [users["carol"].pk]
        for text in ("Alice", alice.email, alice.phone[-6:], "a", "@example.com", "+254"):
            found = caller.get("/api/users", q=text).json()["items"]
            assert {user["id"] for user in found} <= {users["carol"].pk}


def test_another_callers_cursor_shows_nothing_extra(
    users, victim, alice, service, finance_api, alices
):
    carols = CALLERS["member"](users)
    of_users = service.get("/api/users", limit=1).json()["next_cursor"]
    answer = carols.get("/api/users", cursor=of_users)
    assert {user["id"] for user in answer.json()["items"]} <= {users["carol"].pk}
    of_alice = alices.get(f"/api/transactions/{alice.pk}", limit=1).json()["next_cursor"]
    of_all = finance_api.get("/api/admin/activity", limit=1).json()["next_cursor"]
    for cursor in (of_alice, of_all):
        own = carols.get(f"/api/transactions/{users['carol'].pk}", cursor=cursor)
        assert own.status_code == 400
        others = carols.get(f"/api/transactions/{alice.pk}", cursor=cursor)
        assert others.status_code == 404
    assert carols.get("/api/admin/activity", cursor=of_all).status_code == 403


def test_a_recipient_sees_the_transfer_but_not_the_senders_account(users, alice, bob, victim, bobs):
    assert bobs.get(f"/api/transaction/{victim.reference}").status_code == 200
    assert bobs.get(f"/api/balance/{alice.pk}").status_code == 404
    items = bobs.get(f"/api/transactions/{bob.pk}").json()["items"]
    assert [item["reference"] for item in items] == [victim.reference]
    assert alice.name not in str(items)


def test_a_member_pays_others_but_cannot_take_their_money(users, victim, alice):
    carols = CALLERS["member"](users)
    with nothing_moves():
        answer = carols.post("/api/transfer", order("transfer", alice.pk, users["carol"].pk, 1))
    assert answer.status_code == 404
    assert (
        carols.post("/api/transfer", order("transfer", users["carol"].pk, alice.pk, 1)).status_code
        == 201
    )


def test_a_transaction_is_created_by_the_tokens_owner(users, bob, alice):
    robots = CALLERS["service"](users)
    robots.post("/api/transfer", order("transfer", alice.pk, bob.pk))
    assert Transaction.objects.latest("pk").created_by == users["robot"]


def test_operators_see_no_balances_through_the_api(operator, alice):
    for caller in (by_token(operator), by_session(operator)):
        assert caller.get(f"/api/balance/{alice.pk}").status_code == 404
        assert caller.get("/api/admin/summary").status_code == 403
