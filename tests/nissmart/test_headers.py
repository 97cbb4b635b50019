"""Every answer has headers that keep it out of caches and frames and free of foreign code."""

import json
import re

import pytest
from django.http import HttpResponse
from django.test import Client

from nissmart.headers import HEADERS, NO_PAGE
from tests.factories import PASSWORD, UserFactory
from tests.nissmart.support.crawl import crawl
from tests.pages import htmx

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
INLINE = {
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "a script without a source": re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*json)[^>]*>", re.I),
    "a handler attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.I),
    "hx-on": re.compile(r"\shx-on[:-]", re.I),
    "a javascript: url": re.compile(r"(href|action|src)\s*=\s*[\"']?\s*javascript:", re.I),
    "evaluated values": re.compile(r"=[\"']js:", re.I),
    "something from elsewhere": re.compile(r"(src|href|action)=\"(https?:)?//", re.I),
}


def directives(answer: HttpResponse) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split(";")
    return {name: value for name, _, value in (part.strip().partition(" ") for part in parts)}


def problems(answer: HttpResponse) -> list[str]:
    """What's wrong with this answer's headers and HTML."""
    given = answer.headers
    wrong = []
    if directives(answer) != CSP:
        wrong.append(f"CSP: {given['Content-Security-Policy']}")
    for name, value in [
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Permissions-Policy", HEADERS["Permissions-Policy"]),
        ("X-Frame-Options", "DENY"),
    ]:
        if given.get(name) != value:
            wrong.append(f"{name}: {given.get(name)}")
    if not {"no-store", "private"} <= set(given.get("Cache-Control", "").split(", ")):
        wrong.append(f"Cache-Control: {given.get('Cache-Control')}")
    if not {"HX-Request", "HX-Target"} <= set(given.get("Vary", "").split(", ")):
        wrong.append(f"Vary: {given.get('Vary')}")
    wrong += [f"{name}: {value}" for name, value in given.items() if name.startswith("Access-")]
    for cookie in answer.cookies.values():
        if cookie["max-age"] == 0:
            continue
        if not (cookie["httponly"] and cookie["samesite"] == "Lax" and cookie["path"] == "/"):
            wrong.append(f"cookie: {cookie.OutputString()}")
    if "html" in given.get("Content-Type", ""):
        wrong += [name for name, pattern in INLINE.items() if pattern.search(answer.text)]
    return wrong


def test_every_page_of_a_crawl_has_them(alice, bob, finance, operator):
    wrong, statuses, pages = {}, set(), set()
    for who, url, answer in crawl(alice, bob, finance, operator):
        pages.add(url)
        statuses.add(answer.status_code)
        if found := problems(answer):
            wrong[who, url] = found
    assert not wrong
    assert statuses >= {200, 302, 303, 400, 403, 404, 405, 422}
    assert len(pages) > 60


@pytest.mark.parametrize("path", ["css/base.css", "js/app.js", "icons.svg", "favicon.svg"])
def test_static_files_have_theirs(path):
    answer = Client().get(f"/static/{path}")
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == NO_PAGE
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert not answer.cookies


def test_sign_in_and_sign_out_set_safe_cookies(client):
    UserFactory(email="jane@example.com")
    login = {"login": "jane@example.com", "password": PASSWORD}
    for answer in [client.get("/accounts/login/"), client.post("/accounts/login/", login)]:
        assert answer.cookies
        assert problems(answer) == []
    assert problems(client.post("/accounts/logout/")) == []


def test_caches_can_tell_a_part_from_a_page(as_alice):
    page, part = as_alice.get("/"), as_alice.get("/", headers=htmx("balance"))
    assert page.content != part.content
    for answer in (page, part):
        assert {"HX-Request", "HX-Target", "Cookie"} <= set(answer.headers["Vary"].split(", "))


def test_we_serve_htmx_2_with_safe_settings(client):
    answer = client.get("/")
    config = re.search(r"name=\"htmx-config\"\s+content='([^']+)'", answer.text)
    assert config
    given = json.loads(config[1])
    for name in ("allowEval", "allowScriptTags", "includeIndicatorStyles"):
        assert given[name] is False
    assert given["selfRequestsOnly"] is True
    assert given["historyCacheSize"] == 0
    script = re.search(r'<script src="(/static/[^"]*htmx[^"]*\.js)"', answer.text)
    assert script
    served = client.get(script[1])
    assert re.search(r'version:"2\.0\.\d+"', b"".join(served.streaming_content).decode())
