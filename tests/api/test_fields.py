"""A wrong field is refused by its name, and nothing moves."""

import json

import pytest

from tests.api.support.calls import MOVES, bad_fields, order, path_of
from tests.books import nothing_moves
from wallet.models import User

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)

BAD_IDS = ["0", "-1", "1.0", '"1"', "true", "null", "[1]", "{}", str(2**63), "9" * 400]
# Control characters, and characters that hide or reverse the text beside them.
HIDDEN = ["\x00", "a\x00b", "\n", "\r\n", "\x1b[2J", "\x7f", "\u202eevil", "\u2066", "\ud800"]
BAD_EMAILS = [
    "",
    "jane",
    "jane@",
    "@example.com",
    "a b@example.com",
    "jane@example.com\x00",
    "jane@example.com\n",
    "\ud800@example.com",
    "x" * 250 + "@example.com",
    5,
    True,
    [],
]
BAD_PHONES = ["", "0712", "+1 202 555 0143", "٠٧١٢٣٤٥٦٧٨", "0712 345 678 ext 5", "\x00", 712345678]
BAD_KEYS = ["", " ", "a b", "x" * 256, "é", "\x00", "a\x7f", "a\tb", "١", ",", "a,b", "a,", ",a"]


@pytest.mark.any_engine
def test_names_every_missing_field(service):
    for move in MOVES:
        with nothing_moves():
            missing = bad_fields(service.post(path_of(move), {}))
        # A transfer may name the payee by `to` instead: tests/api/test_payees.py.
        wanted = {"transfer": ["from_user_id"]}.get(move, ["user_id"])
        assert missing == [*wanted, "amount_cents"]
    assert bad_fields(service.post("/api/users", {})) == ["name"]


@pytest.mark.parametrize("field", ["user_id", "from_user_id", "to_user_id"])
def test_refuses_an_id_that_is_not_a_positive_64_bit_integer(service, alice, bob, field, subtests):
    move = "deposit" if field == "user_id" else "transfer"
    text = json.dumps(order(move, alice.pk, bob.pk) | {field: "HERE"})
    for raw in BAD_IDS:
        with subtests.test(raw=raw[:40]), nothing_moves():
            response = service.post_text(path_of(move), text.replace('"HERE"', raw))
            assert bad_fields(response) == [field]


@pytest.mark.any_engine
@every_move
def test_refuses_an_unknown_field(service, alice, bob, move, subtests):
    for extra in ("amount", "currency", "status", "key", "AMOUNT_CENTS", "", "é"):
        with subtests.test(extra=extra), nothing_moves():
            response = service.post(path_of(move), order(move, alice.pk, bob.pk, **{extra: 1}))
            assert bad_fields(response) == [extra]


@pytest.mark.any_engine
def test_no_call_sets_the_role_password_or_id_of_a_new_member(service, subtests):
    for extra in ("is_staff", "is_superuser", "password", "account", "id"):
        with subtests.test(extra=extra):
            response = service.post("/api/users", {"name": "Jane", extra: True})
            assert bad_fields(response) == [extra]


@every_move
def test_refuses_a_description_that_is_not_one_line_of_text(service, alice, bob, move, subtests):
    for text in [*HIDDEN, "x" * 141, 5, True, ["a"], {}]:
        with subtests.test(text=ascii(text)), nothing_moves():
            wanted = order(move, alice.pk, bob.pk, description=text)
            assert bad_fields(service.post(path_of(move), wanted)) == ["description"]


@every_move
def test_null_is_the_same_as_no_description(service, alice, bob, move):
    wanted = order(move, alice.pk, bob.pk)
    first = service.post(path_of(move), wanted | {"description": None}, key="one")
    assert (first.status_code, first.json()["description"]) == (201, "")
    for same in ({}, {"description": ""}):
        again = service.post(path_of(move), wanted | same, key="one")
        assert again.headers["Idempotency-Replayed"] == "true"


@pytest.mark.any_engine
def test_every_optional_field_may_be_null(anonymous, service, alice, bob):
    """Reads the optional fields from openapi.json, so it covers new ones too."""
    described = anonymous.get("/api/openapi.json").json()
    bodies = {
        "UserIn": ("/api/users", {"name": "Jane"}),
        "DepositIn": ("/api/deposit", order("deposit", alice.pk, bob.pk)),
        "WithdrawIn": ("/api/withdraw", order("withdraw", alice.pk, bob.pk)),
        "TransferIn": ("/api/transfer", order("transfer", alice.pk, bob.pk)),
        "GoalIn": ("/api/goals", {"user_id": alice.pk, "name": "School fees"}),
        "ScheduleIn": (
            "/api/schedules",
            order("transfer", alice.pk, bob.pk) | {"every": "week", "day": 1},
        ),
    }
    # test_schedules.py has those that change something that is there already.
    changes = {"ScheduleChangeIn", "AutomaticIn", "AutomaticPauseIn"}
    schemas = described["components"]["schemas"]
    # A move between a wallet and a goal has an amount, and nothing else.
    assert {name for name in schemas if name.endswith("In")} == bodies.keys() | {
        "GoalMoveIn",
        *changes,
    }
    for name, (path, wanted) in bodies.items():
        optional = schemas[name]["properties"].keys() - set(schemas[name]["required"])
        # Needed, because the body has no `to`, and each week has a day.
        optional -= {"to_user_id", "day"}
        assert optional
        response = service.post(path, wanted | dict.fromkeys(optional))
        assert response.status_code == 201, (name, optional)


def test_keeps_any_ordinary_description_unchanged(service, alice, subtests):
    for text in ("x" * 140, "é😀" * 70, "<b>&amp;'\"\\ %s {0}", "=1+1", " a "):
        with subtests.test(text=text):
            wanted = order("deposit", alice.pk, 0, description=text)
            body = service.post("/api/deposit", wanted).json()
            assert body["description"] == text
            path = f"/api/transaction/{body['reference']}"
            assert service.get(path).json()["description"] == text


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", [*HIDDEN, "", "   ", "x" * 81, 5, None, ["Jane"]]),
        ("email", BAD_EMAILS),
        ("phone", BAD_PHONES),
    ],
)
def test_refuses_a_new_member_with_a_wrong_field(service, field, values, subtests):
    before = User.objects.count()
    for value in values:
        with subtests.test(value=ascii(value)[:40]):
            response = service.post("/api/users", {"name": "Jane"} | {field: value})
            assert bad_fields(response) == [field]
    assert User.objects.count() == before


@pytest.mark.any_engine
def test_names_every_wrong_field_in_one_answer(service):
    body = {"name": "", "email": "jane", "phone": "0712", "is_staff": True}
    assert bad_fields(service.post("/api/users", body)) == ["name", "email", "phone", "is_staff"]


@pytest.mark.any_engine
@every_move
def test_refuses_a_key_that_is_not_visible_ascii(service, alice, bob, move, subtests):
    for key in BAD_KEYS:
        with subtests.test(key=ascii(key)[:40]), nothing_moves():
            response = service.post(path_of(move), order(move, alice.pk, bob.pk), key=key)
            assert bad_fields(response) == ["Idempotency-Key"]
            message = response.json()["errors"][0]["message"]
            assert "comma" in message
