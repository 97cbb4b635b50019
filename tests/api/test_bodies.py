"""A malformed body gets a clear 4xx and moves nothing."""

import pytest
from django.test import RequestFactory

from tests.api.support.calls import bad_fields, by_session, problem_of
from tests.books import nothing_moves
from wallet.api.strict_json import BODY_BYTES_AT_MOST, BodyError, StrictParser

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


NOT_OBJECTS = [
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
    # JSON, but not an object
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
    """Sends these bytes as a deposit and checks that nothing moves."""

    def send_text(body, **more):
        with nothing_moves():
            return service.post_text("/api/deposit", body, **more)

    return send_text


def deposit_of(alice, raw: str) -> str:
    """The body of a deposit to Alice, with `raw` as its amount."""
    return f'{{"user_id": {alice.pk}, "amount_cents": {raw}}}'


def test_a_body_must_be_one_json_object(send_text, subtests):
    for body in NOT_OBJECTS:
        with subtests.test(body=ascii(body)[:40]):
            answer = problem_of(send_text(body), 400, "malformed_json")
            assert "errors" not in answer


def test_refuses_numbers_that_json_does_not_have(send_text, alice):
    for constant in ("NaN", "Infinity", "-Infinity"):
        answer = problem_of(send_text(deposit_of(alice, constant)), 400, "malformed_json")
        assert constant in answer["detail"]


def test_refuses_a_field_that_comes_twice(send_text, subtests):
    for twice in (
        '"user_id": 1, "user_id": 1, "amount_cents": 100',
        '"user_id": 1, "amount_cents": 1, "amount_cents": 100',
        '"user_id": 1, "amount_cents": 1, "amount\\u005fcents": 100',
        '"user_id": 1, "amount_cents": {"a": 1, "a": 1}',
    ):
        with subtests.test(twice=twice):
            answer = problem_of(send_text(f"{{{twice}}}"), 400, "malformed_json")
            assert "twice" in answer["detail"]


def test_refuses_an_empty_body(send_text):
    assert bad_fields(send_text(""))
    assert bad_fields(send_text("\ufeff{}")) == ["user_id", "amount_cents"]
    problem_of(send_text("\ufeff"), 400, "malformed_json")
    problem_of(send_text("\ufeff\ufeff{}"), 400, "malformed_json")


def test_accepts_a_byte_order_mark(service, alice):
    response = service.post_text("/api/deposit", f"\ufeff{deposit_of(alice, '100')}")
    assert response.status_code == 201


def test_refuses_other_media_types(send_text, alice, subtests):
    for content_type in OTHER_TYPES:
        with subtests.test(content_type=content_type):
            response = send_text(deposit_of(alice, "100"), content_type=content_type)
            problem_of(response, 415, "unsupported_media_type")


def test_accepts_the_json_media_type_in_any_spelling(service, alice):
    for more in ("", "; charset=utf-8", " ;x=y"):
        text, spelling = deposit_of(alice, "100"), f"Application/JSON{more}"
        response = service.post_text("/api/deposit", text, content_type=spelling)
        assert response.status_code == 201


@pytest.mark.parametrize("size", [2_000, 3_000_000])
@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data; boundary=x", "multipart/form-data", "application/x-www-form-urlencoded"],
)
def test_a_session_that_sends_a_form_gets_a_clear_refusal(alice, content_type, size):
    """Django's CSRF check may parse the form first, even a broken or a large one."""
    session = by_session(alice)
    for headers in ({}, session.headers):
        session.headers = headers
        with nothing_moves():
            body = "a=b&" * (size // 4)
            response = session.post_text("/api/deposit", body, content_type=content_type)
        assert response.status_code in (400, 403, 413, 415)
        problem_of(response, response.status_code, response.json()["code"])


class Endless:
    """A body without a length that never ends."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "reads to the end"
        self.given += size
        return b" " * size


def test_stops_reading_a_body_without_a_length_at_the_limit():
    request = RequestFactory().post("/api/deposit", content_type="application/json")
    request.META.pop("CONTENT_LENGTH", None)
    request._stream = body = Endless()
    with pytest.raises(BodyError) as refusal:
        StrictParser().parse_body(request)
    assert refusal.value.status == 413
    assert body.given <= BODY_BYTES_AT_MOST + 1
