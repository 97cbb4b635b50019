"""The real server and ambiguous requests: repeated headers, chunked, compressed and cut bodies."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from io import BytesIO
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.test import Client

from ledger.models import Transaction
from nissmart.wsgi import application
from tests.api.support.calls import JSON, issue, problem_of
from tests.api.support.granian import server
from tests.api.support.raw import Reply, chunked, head, request, send
from tests.books import assert_books_right, nothing_moves
from tests.factories import UserFactory, new_key
from wallet.api.strict_json import BODY_BYTES_AT_MOST
from wallet.models import User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db(transaction=True), pytest.mark.slow]

CHUNKED = "Transfer-Encoding: chunked"
CSRF = "c" * 32
TYPED = "Content-Type: application/x-www-form-urlencoded"


@pytest.fixture
def token(db) -> str:
    return issue(UserFactory(name="Payroll Program"), "service")


@pytest.fixture(scope="module")
def port(django_db_setup) -> Iterator[int]:
    with server(workers=1) as port:
        yield port


def deposit_of(user: User, **more: object) -> bytes:
    return json.dumps({"user_id": user.pk, "amount_cents": 1_00} | more).encode()


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


@pytest.fixture
def session(alice) -> list[str]:
    """The headers that Alice's browser sends with a form."""
    client = Client()
    client.force_login(alice)
    name = settings.SESSION_COOKIE_NAME
    cookies = f"{name}={client.cookies[name].value}; {settings.CSRF_COOKIE_NAME}={CSRF}"
    return [f"Cookie: {cookies}", TYPED]


@pytest.fixture
def form() -> bytes:
    """The body of the form that confirms a deposit."""
    fields = {"csrfmiddlewaretoken": CSRF, "amount": "250", "description": "Lunch"}
    return urlencode(fields | {"idempotency_key": new_key(), "confirm": "1"}).encode()


# --- Headers that come twice --------------------------------------------------------------------


TWICE = [("one", "one"), ("one", "two"), ("one", ""), ("", "one"), ("one,one",), ("one, one",)]


@pytest.mark.parametrize("path", ["/api/deposit", "/api/users"])
def test_refuses_a_key_that_comes_twice(port, token, alice, path):
    body = deposit_of(alice) if path == "/api/deposit" else b'{"name": "Jane"}'
    people = User.objects.count()
    for keys in TWICE:
        headers = [f"Idempotency-Key: {key}" for key in keys]
        with nothing_moves():
            reply = send(port, request(token, body, length(body), *headers, path=path))
        assert reply.status == 400, keys
        problem = reply.json()
        assert problem["code"] == "invalid_request"
        assert [each["field"] for each in problem["errors"]] == ["Idempotency-Key"], keys
    assert User.objects.count() == people
    # The refused call did nothing, so the retry with one key isn't a replay.
    once = send(port, request(token, body, length(body), "Idempotency-Key: one", path=path))
    assert once.status == 201
    assert "idempotency-replayed" not in once.headers


def test_refuses_other_single_value_headers_that_come_twice(port, token, alice):
    values = {
        "Authorization": f"Bearer {token}",
        "Host": "127.0.0.1",
        "Origin": "http://127.0.0.1",
        "X-CSRFToken": CSRF,
    }
    body = deposit_of(alice)
    for header, value in values.items():
        for other in (value, "another"):
            extra = [f"{header}: {other}"]
            if header in ("Origin", "X-CSRFToken"):
                extra.append(f"{header}: {value}")
            with nothing_moves():
                reply = send(port, request(token, body, length(body), *extra))
            assert reply.status == 400, extra
            assert [each["field"] for each in reply.json()["errors"]] == [header], extra


def test_refuses_two_different_lengths(port, token, alice):
    body = deposit_of(alice)
    with nothing_moves():
        reply = send(port, request(token, body, length(body), "Content-Length: 5"))
        assert reply.status == 400
    assert send(port, request(token, body, length(body), length(body))).status == 201


def test_headers_that_hold_lists_may_come_twice(port, token, alice):
    body = deposit_of(alice)
    headers = ["Accept: text/html", f"Accept: {JSON}", "Accept-Language: en", "Accept-Language: sw"]
    headers += ["X-Forwarded-For: 10.0.0.1", "X-Forwarded-For: 10.0.0.2", "Cookie: a=1, b"]
    assert send(port, request(token, body, length(body), *headers)).status == 201


@pytest.mark.parametrize("header", ["Content_Type: text/plain", "content_length: 3"])
def test_refuses_headers_with_an_underscore_as_far_as_it_can_know(port, token, alice, header):
    body = deposit_of(alice)
    with nothing_moves():
        reply = send(port, request(token, body, length(body), header))
    assert (reply.status, reply.json()["code"]) == (400, "invalid_request")
    assert send(port, head("/healthz", header)).status == 400


def test_drops_headers_with_another_spelling(port, token, alice):
    body = deposit_of(alice)
    # Two keys would be refused, and another coding too.
    lines = ["Idempotency-Key: one", "Idempotency_Key: two", "Transfer_Encoding: gzip"]
    assert send(port, request(token, body, length(body), *lines)).status == 201
    assert Transaction.objects.latest("pk").idempotency_key.endswith("one")


def test_a_page_refuses_repeated_headers_too(port, session, form):
    for twice in (["Host: evil.example"], ["X-CSRFToken: a", "X-CSRFToken: b"]):
        with nothing_moves():
            reply = send(port, head("/deposit/", *session, length(form), *twice) + form)
        assert reply.status == 400
        assert "Nothing has moved." in reply.body


def test_refuses_a_money_form_with_a_field_twice(as_alice, bob):
    right = {
        "amount": "250",
        "recipient": bob.email,
        "idempotency_key": new_key(),
        "confirm": "1",
    }
    for name, other in {"amount": "25", "idempotency_key": new_key(), "confirm": "0"}.items():
        for twice in ([right[name], other], [right[name]] * 2):
            with nothing_moves():
                response = as_alice.post("/transfer/", right | {name: twice})
            assert response.status_code == 400, name
    assert as_alice.post("/transfer/", right).status_code == 303


# --- Bodies in chunks ---------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 7, 2**16])
@pytest.mark.parametrize("coding", ["chunked", "Chunked"])
def test_a_chunked_call_works_like_any_other(port, token, alice, size, coding):
    body = deposit_of(alice, description="In chunks")
    key = f"Idempotency-Key: {new_key()}"
    sent = request(token, chunked(body, size), f"Transfer-Encoding: {coding}", key)
    first, again = send(port, sent), send(port, request(token, body, length(body), key))
    assert (first.status, first.json()["description"]) == (201, "In chunks")
    assert again.headers["idempotency-replayed"] == "true"
    assert again.body == first.body
    assert_books_right()


def test_a_page_accepts_a_chunked_form(port, session, form, alice):
    reply = send(port, head("/deposit/", *session, CHUNKED) + chunked(form, 10))
    assert reply.status == 303, reply.body
    record = Transaction.objects.latest("pk")
    assert reply.headers["location"] == f"/activity/{record.reference}/"
    assert (record.amount_cents, record.created_by_id) == (250_00, alice.pk)
    assert_books_right()


def test_a_session_may_send_a_chunked_call(port, session, alice):
    headers = [session[0], f"Content-Type: {JSON}", f"X-CSRFToken: {CSRF}"]
    body = chunked(deposit_of(alice))
    assert send(port, head("/api/deposit", *headers, CHUNKED) + body).status == 201


@pytest.mark.parametrize("over", [1, 200_000])
def test_a_chunked_call_has_the_same_size_limit(port, token, alice, over):
    body = deposit_of(alice)
    body += b" " * (BODY_BYTES_AT_MOST - len(body))
    assert send(port, request(token, chunked(body), CHUNKED)).status == 201
    with nothing_moves():
        reply = send(port, request(token, chunked(body + b" " * over), CHUNKED))
        assert (reply.status, reply.json()["code"]) == (413, "body_too_large")


def test_a_chunked_form_has_the_same_size_limit(port, session, form):
    large = form + b"&more=" + b"x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    with nothing_moves():
        for body in (head("/deposit/", *session, CHUNKED) + chunked(large), None):
            reply = send(port, body or head("/deposit/", *session, length(large)) + large)
            assert reply.status == 413
            assert "Nothing has moved." in reply.body


@pytest.mark.parametrize("end", [b"", b"5\r\nhel", b"zz\r\n", b"0"])
def test_an_incomplete_chunked_call_moves_nothing(port, token, alice, end):
    half = deposit_of(alice)[:-5]
    broken = chunked(half).removesuffix(b"0\r\n\r\n") + end
    with nothing_moves():
        reply = send(port, request(token, broken, CHUNKED), then_close=True)
    assert (reply.status, reply.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("coding", ["gzip, chunked", "chunked, chunked"])
def test_refuses_other_transfer_codings(port, token, session, form, alice, coding):
    header, body = f"Transfer-Encoding: {coding}", chunked(deposit_of(alice))
    with nothing_moves():
        reply = send(port, request(token, body, header))
        assert (reply.status, reply.json()["code"]) == (411, "length_required")
        page = send(port, head("/deposit/", *session, header) + chunked(form))
        assert (page.status, "Error 411" in page.body) == (411, True)


@pytest.mark.parametrize("path", ["/api/deposit", "/deposit/", "/accounts/login/"])
@pytest.mark.parametrize("with_token", [True, False])
def test_answers_411_on_a_server_that_does_not_decode_chunks(client, token, path, with_token):
    """Django's development server is one."""
    environ = client._base_environ(PATH_INFO=path, REQUEST_METHOD="POST", CONTENT_TYPE=JSON)
    environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input": BytesIO(b"2\r\n{}\r\n0\r\n\r\n")}
    if with_token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    answered: list[str] = []
    body = b"".join(application(environ, lambda status, headers: answered.append(status)))
    assert answered == ["411 Length Required"]
    if path.startswith("/api/"):
        assert json.loads(body)["detail"] == "Send the body with a Content-Length."


# --- Bodies in other codings, and cut short -----------------------------------------------------


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "GZIP", "identity, gzip"])
def test_refuses_a_compressed_body_and_names_the_header(port, token, session, form, alice, coding):
    header = f"Content-Encoding: {coding}"
    with nothing_moves():
        body = gzip.compress(deposit_of(alice))
        reply = send(port, request(token, body, header, length(body)))
        assert (reply.status, reply.json()["code"]) == (415, "unsupported_media_type")
        assert "Content-Encoding" in reply.json()["detail"]
        assert reply.headers["accept-encoding"] == "identity"
        body = gzip.compress(form)
        page = send(port, head("/deposit/", *session, header, length(body)) + body)
        assert (page.status, "Error 415" in page.body) == (415, True)


def test_accepts_the_content_encoding_identity(service, alice):
    response = service.post_text(
        "/api/deposit", deposit_of(alice), headers={"Content-Encoding": "identity"}
    )
    assert response.status_code == 201


def test_a_refusal_of_the_middleware_has_the_usual_headers(service, alice):
    response = service.post_text(
        "/api/deposit", deposit_of(alice), headers={"Content-Encoding": "gzip"}
    )
    problem_of(response, 415, "unsupported_media_type")
    assert response.headers["X-Request-ID"]
    assert "no-store" in response.headers["Cache-Control"]


def send_part(port: int, session: list[str], form: bytes, at: int) -> Reply:
    return send(port, head("/deposit/", *session, length(form)) + form[:at], then_close=True)


def test_refuses_a_form_that_is_cut_short(port, session, form):
    with nothing_moves():
        for at in (0, 1, len(form) // 2, len(form) - 1):
            reply = send_part(port, session, form, at)
            assert (reply.status, "Nothing has moved." in reply.body) == (400, True), at


def test_an_incomplete_chunked_form_moves_nothing(port, session, form):
    """The server doesn't report the missing end. It's safe because the confirm field comes last."""
    with nothing_moves():
        for at in range(0, len(form) - 1, 9):
            broken = chunked(form[:at], 10).removesuffix(b"0\r\n\r\n")
            sent = head("/deposit/", *session, CHUNKED) + broken
            assert send(port, sent, then_close=True).status != 303, at
