"""What is not exactly an order is refused with a clear 4xx, and moves nothing."""

import pytest
from django.test import RequestFactory

from tests.api.support.calls import bad_fields, by_session, problem_of
from tests.books import nothing_moves
from wallet.api.strict_json import BODY_BYTES_AT_MOST, BodyError, StrictParser

pytestmark = pytest.mark.django_db


NO_OBJECTS = [
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
]
OTHER_TYPES = [
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
]


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


def test_refuses_what_is_not_one_json_object(send_text, subtests):
    for body in NO_OBJECTS:
        with subtests.test(body=ascii(body)[:40]):
            answer = problem_of(send_text(body), 400, "malformed_json")
            assert "errors" not in answer


def test_refuses_what_is_no_number(send_text, alice):
    for constant in ("NaN", "Infinity", "-Infinity"):
        answer = problem_of(send_text(named(alice, constant)), 400, "malformed_json")
        assert constant in answer["detail"]


def test_refuses_a_key_that_stands_twice(send_text, subtests):
    for twice in (
        '"user_id": 1, "user_id": 1, "amount_cents": 100',
        '"user_id": 1, "amount_cents": 1, "amount_cents": 100',
        '"user_id": 1, "amount_cents": 1, "amount\\u005fcents": 100',
        '"user_id": 1, "amount_cents": {"a": 1, "a": 1}',
    ):
        with subtests.test(twice=twice):
            answer = problem_of(send_text(f"{{{twice}}}"), 400, "malformed_json")
            assert "twice" in answer["detail"]


def test_refuses_a_body_of_nothing(send_text):
    assert bad_fields(send_text(""))
    assert bad_fields(send_text("\ufeff{}")) == ["user_id", "amount_cents"]
    problem_of(send_text("\ufeff"), 400, "malformed_json")
    problem_of(send_text("\ufeff\ufeff{}"), 400, "malformed_json")


def test_takes_a_byte_order_mark(service, alice):
    response = service.post_text("/api/deposit", f"\ufeff{named(alice, '100')}")
    assert response.status_code == 201


def test_takes_no_other_media_type(send_text, alice, subtests):
    for content_type in OTHER_TYPES:
        with subtests.test(content_type=content_type):
            response = send_text(named(alice, "100"), content_type=content_type)
            problem_of(response, 415, "unsupported_media_type")


def test_takes_json_in_any_spelling(service, alice):
    for more in ("", "; charset=utf-8", " ;x=y"):
        text, spelling = named(alice, "100"), f"Application/JSON{more}"
        response = service.post_text("/api/deposit", text, content_type=spelling)
        assert response.status_code == 201


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
