"""Debian's nginx with `deploy/nginx/` before the product: what it lets through, and from whom."""

from __future__ import annotations

import signal
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import pytest

from ledger.models import RailEvent
from nissmart.deployment import outside
from tests.api.support.granian import server
from tests.nissmart.support.nginx import NGINX, Proxy, proxy

pytestmark = [
    pytest.mark.any_engine,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not NGINX, reason="nginx isn't installed: the proxy is NOT tested"),
]

THREADS = 2
GUESSES = 3
LOGIN, UPLOAD = "/accounts/login/", "/panel/reconciliation/import/"
# Whatever a client says about itself, and in every spelling.
FORGED = [
    *("X-Forwarded-For", "X_Forwarded_For", "x-forwarded_for", "Clientip", "X-Real-IP"),
    *("Client_Ip", "Forwarded"),
]


@pytest.fixture(scope="module")
def product(django_db_setup) -> Iterator[int]:
    more = {
        "HTTPS": "1",
        "BEHIND_TLS_PROXY": "1",
        "CLIENT_IP_HEADER": "Clientip",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        "GUESSES_PER_ADDRESS": str(GUESSES),
    }
    with server(workers=1, threads=THREADS, **more) as port:
        yield port


@pytest.fixture(scope="module")
def site(product, tmp_path_factory) -> Iterator[Proxy]:
    with proxy(tmp_path_factory.mktemp("nginx"), product) as started:
        yield started


@contextmanager
def browser(site: Proxy, address: str = "127.0.0.1") -> Iterator[httpx.Client]:
    """A browser at this address of the loopback network."""
    trusted = ssl.create_default_context(cafile=str(site.certificate))
    way = httpx.HTTPTransport(verify=trusted, local_address=address)
    with httpx.Client(transport=way, base_url=f"https://localhost:{site.https}", timeout=20) as it:
        yield it


def sign_in(client: httpx.Client, headers: list[tuple[str, str]] | None = None) -> Any:
    page = client.get(LOGIN)
    token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    given = {"csrfmiddlewaretoken": token, "login": "nobody@example.com", "password": "wrong"}
    referer = ("Referer", str(page.url))
    return client.post(LOGIN, data=given, headers=[referer, *(headers or [])])


def test_the_limit_of_guesses_counts_the_address_of_the_client_itself(site):
    statuses = []
    with browser(site, "127.0.0.7") as thief:
        for number in range(GUESSES + 1):
            made_up = f"198.51.100.{number}"
            lines = [(name, made_up) for name in FORGED[:-1]]
            lines += [("Forwarded", f"for={made_up}"), ("X-Forwarded-For", "203.0.113.1")]
            statuses.append(sign_in(thief, lines).status_code)
    assert statuses[-1] == 429, statuses
    assert 429 not in statuses[:-1]
    with browser(site, "127.0.0.8") as neighbour:
        assert sign_in(neighbour).status_code != 429


def test_cookies_are_bound_to_https_and_plain_http_is_sent_there(site):
    with browser(site) as it:
        page = it.get(LOGIN)
        assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        assert "__Host-csrf" in it.cookies
    plain = f"http://127.0.0.1:{site.http}"
    moved = httpx.get(f"{plain}/send/?to=x", headers={"Host": "evil.example"})
    assert (moved.status_code, moved.headers["Location"]) == (301, "https://localhost/send/?to=x")
    # A program hears that its token went over the wire in clear.
    call = {"X-Forwarded-Proto": "https", "X_Forwarded_Proto": "https", "Host": "localhost"}
    refused = httpx.get(f"{plain}/api/users", headers=call | {"Authorization": "Bearer x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "https_required")


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics/", "/x/..//metrics", "/%6detrics", "/readyz"]
)
def test_what_is_for_our_own_machines_is_closed_to_the_world(site, path):
    with browser(site) as it:
        answer = it.get(path)
        assert answer.status_code == 404
        assert "X-Request-ID" not in answer.headers, "the product was asked"


def test_a_large_body_never_reaches_the_product(site):
    large = b"x" * (3 * 1024 * 1024)
    with browser(site) as it:
        for path in (LOGIN, "/panel/reconciliation/", "/rails/x/paid/", "/api/deposit"):
            answer = it.post(path, content=large)
            assert answer.status_code == 413, path
            assert "X-Request-ID" not in answer.headers, path
        # The page that takes statements hears of it, and refuses a stranger.
        assert "X-Request-ID" in it.post(UPLOAD, content=large).headers
        # Until it's read whole it lies on the disk, so an address may send only two at a time.
        with slow_body(site, UPLOAD), slow_body(site, UPLOAD):
            assert it.post(UPLOAD, content=large).status_code == 429
            assert it.get("/healthz").status_code == 200


def test_slow_bodies_take_no_thread(site):
    with ExitStack() as opened:
        for _each in range(6 * THREADS):
            opened.enter_context(slow_body(site))
        began = time.monotonic()
        with browser(site) as it:
            assert it.get(LOGIN).status_code == 200
        assert time.monotonic() - began < 5


@contextmanager
def slow_body(site: Proxy, path: str = LOGIN) -> Iterator[None]:
    """A client that has sent a part of its form, and never sends the rest."""
    trusted = ssl.create_default_context(cafile=str(site.certificate))
    with (
        socket.create_connection(("127.0.0.1", site.https)) as raw,
        trusted.wrap_socket(raw, server_hostname="localhost") as stream,
    ):
        typed = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9000"
        stream.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{typed}\r\n\r\n".encode())
        stream.sendall(b"login=")
        yield


def test_messages_of_rails_arrive_with_the_address_they_came_from(site):
    with browser(site, "127.0.0.9") as rail:
        said = rail.post("/rails/forged-secret/paid/", json={}, headers={"Clientip": "192.0.2.1"})
    assert said.status_code == 404
    assert RailEvent.objects.get().ip_address == "127.0.0.9"


def test_the_log_has_no_secret_of_a_path_and_a_reload_drops_nothing(site):
    log = site.certificate.with_name("access.log")
    with browser(site) as it:
        it.get("/rails/secret-of-the-callback/paid/?reference=1")
    site.process.send_signal(signal.SIGHUP)
    for _each in range(12):
        with browser(site) as it:
            assert it.get("/healthz").status_code == 200
    text = log.read_text()
    assert " GET /rails 4" in text
    assert "secret-of" not in text


def look_at(site: Proxy, settings, monkeypatch) -> str:
    """What `check_deployment` says about this proxy."""
    monkeypatch.setenv("SSL_CERT_FILE", str(site.certificate))
    settings.SITE_URL = f"https://localhost:{site.https}"
    return " ".join(found.what for found in outside.proxy())


def test_check_deployment_tells_a_proxy_that_lets_forged_headers_through(
    site, product, settings, monkeypatch, tmp_path
):
    assert look_at(site, settings, monkeypatch) == ""
    with proxy(tmp_path, product, underscores_in_headers="on") as careless:
        assert "with an underscore" in look_at(careless, settings, monkeypatch)
    assert "doesn't answer" in look_at(careless, settings, monkeypatch)
