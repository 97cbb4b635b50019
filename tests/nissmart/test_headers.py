"""Every answer has headers that keep it out of caches and frames and free of foreign code."""

import json
import re

import pytest
from django.test import Client

from nissmart.headers import NO_PAGE
from tests.factories import PASSWORD, UserFactory
from tests.nissmart.support.safe_headers import problems
from tests.pages import htmx

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


@pytest.mark.parametrize("path", ["css/base.css", "js/app.js", "icons.svg", "favicon.svg"])
def test_static_files_have_theirs(path):
    answer = Client().get(f"/static/{path}")
    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == NO_PAGE
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert not answer.cookies


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/robots.txt", "/api/openapi.json", "/api/users"]
)
def test_every_text_says_its_charset(client, path):
    kind = client.get(path).headers["Content-Type"]
    assert "charset=utf-8" in kind or kind == "application/json"


@pytest.mark.parametrize(
    "path", ["/", "/accounts/login/", "/api/users", "/admin/", "/static/a.css"]
)
def test_trace_echoes_nothing(client, path):
    answer = client.generic("TRACE", path, headers={"X-Secret": "echo me"})
    assert b"echo me" not in answer.content


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
