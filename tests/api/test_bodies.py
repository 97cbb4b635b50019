"""What is not exactly an order is refused with a clear 4xx, and moves nothing."""

import json

import pytest
from django.test import RequestFactory

from tests.api.calls import MOVES, bad_fields, by_session, order, path_of, problem_of
from tests.books import nothing_moves
from wallet.strict_json import BODY_BYTES_AT_MOST, BodyError, StrictParser

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)


@pytest.fixture
def send_text(service, alice):
    """Send these bytes as a deposit; nothing moves."""

    def send_text(body, **more):
        with nothing_moves():
            return service.post_text("/api/deposit", body, **more)

    return send_text


def named(alice, raw: str) -> str:
    """A deposit of Alice's with `raw` where the amount stands."""
    return f'{{"user_id": {alice.pk}, "amount_cents": {raw}}}'


@pytest.mark.parametrize(
    "body",
    [
        " ",
        "{",
        "}",
        "nonsense",
        "'single'",
        '{"user_id": 1,}',
        '{user_id: 1, "amount_cents": 1}',
        '{"user_id": 1} trailing',
        '{"user_id": 1}{"user_id": 1}',
        '{"user_id": 1 /* why */}',
        '{"description": "\t"}',
        '{"description": "\x00"}',
        '{"description": "\\x41"}',
        '{"description": "\\ud83d',
        '{"amount_cents": 0x10}',
        '{"amount_cents": 1_000}',
        '{"amount_cents": +1}',
        '{"amount_cents": 01}',
        '{"amount_cents": .5}',
        '{"amount_cents": ٥}',
        "\ufeff{}",
        b"\xff\xfe{\x00}\x00",
        b'{"description": "\xff"}',
        "user_id=1&amount_cents=100",
        "<user_id>1</user_id>",
        "[" * 60_000,
        '{"a":' * 10_000,
        '{"amount_cents": ' + "9" * 4301 + "}",
        # JSON, but no object
        "null",
        "true",
        "5",
        '"text"',
        "[]",
        '[{"user_id": 1, "amount_cents": 100}]',
    ],
)
def test_refuses_what_is_not_one_json_object(send_text, body):
    answer = problem_of(send_text(body), 400, "malformed_json")
    assert "errors" not in answer


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_refuses_what_is_no_number(send_text, alice, constant):
    answer = problem_of(send_text(named(alice, constant)), 400, "malformed_json")
    assert constant in answer["detail"]


@pytest.mark.parametrize(
    "twice",
    [
        '"user_id": 1, "user_id": 1, "amount_cents": 100',
        '"user_id": 1, "amount_cents": 1, "amount_cents": 100',
        '"user_id": 1, "amount_cents": 1, "amount\\u005fcents": 100',
        '"user_id": 1, "amount_cents": {"a": 1, "a": 1}',
    ],
)
def test_refuses_a_key_that_stands_twice(send_text, twice):
    answer = problem_of(send_text(f"{{{twice}}}"), 400, "malformed_json")
    assert "twice" in answer["detail"]


def test_refuses_a_body_of_nothing(send_text):
    assert bad_fields(send_text(""))


def test_says_each_field_that_is_missing(service):
    for move in MOVES:
        with nothing_moves():
            missing = bad_fields(service.post(path_of(move), {}))
        wanted = {"transfer": ["from_user_id", "to_user_id"]}.get(move, ["user_id"])
        assert missing == [*wanted, "amount_cents"]
    assert bad_fields(service.post("/api/users", {})) == ["name"]


# --- Other fields -------------------------------------------------------------------------------

BAD_IDS = ["0", "-1", "1.0", '"1"', "true", "null", "[1]", "{}", str(2**63), "9" * 400]


@pytest.mark.parametrize("raw", BAD_IDS)
@pytest.mark.parametrize("field", ["user_id", "from_user_id", "to_user_id"])
def test_refuses_an_id_that_is_not_one(service, alice, bob, field, raw):
    move = "deposit" if field == "user_id" else "transfer"
    body = order(move, alice.pk, bob.pk) | {field: "HERE"}
    with nothing_moves():
        response = service.post_text(path_of(move), json.dumps(body).replace('"HERE"', raw))
    assert bad_fields(response) == [field]


@every_move
@pytest.mark.parametrize("extra", ["amount", "currency", "status", "key", "AMOUNT_CENTS", "", "é"])
def test_refuses_a_field_it_does_not_know(service, alice, bob, move, extra):
    with nothing_moves():
        response = service.post(path_of(move), order(move, alice.pk, bob.pk, **{extra: 1}))
    assert bad_fields(response) == [extra]


@pytest.mark.parametrize("extra", ["is_staff", "is_superuser", "password", "account", "id"])
def test_a_new_member_gets_no_more_than_a_name(service, extra):
    assert bad_fields(service.post("/api/users", {"name": "Jane", extra: True})) == [extra]


HIDDEN = ["\x00", "a\x00b", "\n", "\r\n", "\x1b[2J", "\x7f", "\u202eevil", "\u2066", "\ud800"]


@every_move
@pytest.mark.parametrize("text", [*HIDDEN, "x" * 141, 5, True, None, ["a"], {}])
def test_refuses_a_description_that_is_not_a_line(service, alice, bob, move, text):
    with nothing_moves():
        response = service.post(path_of(move), order(move, alice.pk, bob.pk, description=text))
    assert bad_fields(response) == ["description"]


@pytest.mark.parametrize("text", ["x" * 140, "é😀" * 70, "<b>&amp;'\"\\ %s {0}", "=1+1", " a "])
def test_takes_any_ordinary_line_as_it_is(service, alice, text):
    body = service.post("/api/deposit", order("deposit", alice.pk, 0, description=text)).json()
    assert body["description"] == text
    assert service.get(f"/api/transaction/{body['reference']}").json()["description"] == text


@pytest.mark.parametrize("name", [*HIDDEN, "", "   ", "x" * 81, 5, None, ["Jane"]])
def test_refuses_a_name_that_is_not_a_line(service, name):
    assert bad_fields(service.post("/api/users", {"name": name})) == ["name"]


@pytest.mark.parametrize(
    "email",
    [
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
    ],
)
def test_refuses_an_email_that_is_not_one(service, email):
    assert bad_fields(service.post("/api/users", {"name": "Jane", "email": email})) == ["email"]


@pytest.mark.parametrize(
    "phone", ["", "0712", "+1 202 555 0143", "٠٧١٢٣٤٥٦٧٨", "0712 345 678 ext 5", "\x00", 712345678]
)
def test_refuses_a_phone_that_is_not_kenyan(service, phone):
    assert bad_fields(service.post("/api/users", {"name": "Jane", "phone": phone})) == ["phone"]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "é", "\x00", "a\x7f", "a\tb", "١"])
def test_refuses_a_key_that_is_not_visible_ascii(service, alice, key):
    with nothing_moves():
        response = service.post("/api/deposit", order("deposit", alice.pk, 0), key=key)
    assert bad_fields(response) == ["Idempotency-Key"]


# --- Media types and sizes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "multipart/form-data",
        "application/xml",
        "application/octet-stream",
        "application/merge-patch+json",
        "application/jsonp",
        "json",
        "*/*",
        "",
        "\x00",
    ],
)
def test_takes_no_other_media_type(send_text, alice, content_type):
    response = send_text(named(alice, "100"), content_type=content_type)
    problem_of(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "Application/JSON ; x=y"],
)
def test_takes_json_in_any_spelling(service, alice, content_type):
    text = named(alice, "100")
    assert service.post_text("/api/deposit", text, content_type=content_type).status_code == 201


@pytest.mark.parametrize("size", [2_000, 3_000_000])
@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded"],
)
def test_a_session_with_a_form_is_a_clear_no_too(alice, content_type, size):
    """The search for the CSRF token may read a form, whatever is in it."""
    session = by_session(alice)
    for headers in ({}, session.headers):
        session.headers = headers
        with nothing_moves():
            body = "a=b&" * (size // 4)
            response = session.post_text("/api/deposit", body, content_type=content_type)
        assert response.status_code in (400, 403, 413, 415)
        problem_of(response, response.status_code, response.json()["code"])


class Endless:
    """A body that says nothing of its length and never ends."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "reads to the end"
        self.given += size
        return b" " * size


def test_reads_no_more_than_the_limit_of_a_body_without_length():
    request = RequestFactory().post("/api/deposit", content_type="application/json")
    request.META.pop("CONTENT_LENGTH", None)
    request._stream = body = Endless()
    with pytest.raises(BodyError) as refusal:
        StrictParser().parse_body(request)
    assert refusal.value.status == 413
    assert body.given <= BODY_BYTES_AT_MOST + 1
