"""Pages are compressed for browsers that ask, with a length that reveals nothing."""

from __future__ import annotations

import gzip
import zlib
from itertools import islice

import pytest
from django.http import StreamingHttpResponse
from django.middleware.gzip import GZipMiddleware
from django.test import Client, RequestFactory

from tests.api.support.calls import by_token
from tests.conftest import signed_in
from tests.factories import send

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_page_is_compressed_for_a_browser_that_asks(as_alice, alice, bob):
    for number in range(20):
        send(alice, bob, 1_00, description=f"Note {number}")
    plain = as_alice.get("/activity/")
    packed = as_alice.get("/activity/", headers=GZIP)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Content-Length"] == str(len(packed.content))
    assert len(packed.content) < len(plain.content) / 3
    assert "Note 19" in gzip.decompress(packed.content).decode()
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"].split(", ")


def test_the_length_of_a_page_varies_at_random(as_alice):
    """The BREACH attack reads secrets from small changes of the length."""
    lengths = [len(as_alice.get("/activity/", headers=GZIP).content) for _ in range(12)]
    assert max(lengths) - min(lengths) > 10
    assert len(set(lengths)) > 4


def test_a_small_answer_is_not_compressed(client):
    answer = client.get("/healthz", headers=GZIP)
    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


def test_an_export_is_compressed_while_it_streams(finance, alice, bob):
    send(alice, bob, 12_34, description="Lunch")
    answer = signed_in(finance).get("/panel/ledger/?format=csv", headers=GZIP)
    assert answer.streaming
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Content-Length" not in answer.headers
    assert b"Lunch" in gzip.decompress(answer.getvalue())


def test_a_stream_starts_before_its_last_row_is_read():
    read = []

    def rows():
        for number in range(1_000_000):
            read.append(number)
            yield f"{number * 7919 % 10**9:09}\r\n".encode()

    request = RequestFactory().get("/", headers=GZIP)
    middleware = GZipMiddleware(lambda request: StreamingHttpResponse(rows()))
    parts = islice(iter(middleware(request)), 4)
    assert zlib.decompressobj(31).decompress(b"".join(parts)).startswith(b"000000000\r\n")
    assert len(read) < 100_000


def test_the_openapi_description_is_compressed(client):
    packed = client.get("/api/openapi.json", headers=GZIP)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content).startswith(b"{")


def test_an_api_error_is_readable_with_and_without_compression(client):
    answer = Client().post("/api/nowhere", headers=GZIP)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_api_calls_are_not_compressed(alice):
    """Compression would slow each call down, and answers are small."""
    answer = by_token(alice).get(f"/api/transactions/{alice.pk}", headers=GZIP)
    assert len(answer.content) > 200
    assert "Content-Encoding" not in answer.headers
