"""With production settings the site uses only HTTPS, its own host, and its own files."""

import json
import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

from tests.nissmart.support import migrated

pytestmark = pytest.mark.any_engine

MODULE = "tests.nissmart.support.in_production"


@pytest.fixture(scope="module")
def answers(tmp_path_factory, django_db_setup, django_db_blocker) -> dict[str, dict]:
    place = tmp_path_factory.mktemp("production")
    with django_db_blocker.unblock():
        migrated.copy_to(place / "db.sqlite3")
    env = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "nissmart.settings",
        "DEBUG": "0",
        "SECRET_KEY": "k" * 60,
        "ALLOWED_HOSTS": "nissmart.example",
        "DATABASE_URL": f"sqlite:///{place}/db.sqlite3",
    }
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", MODULE, str(place / "static")],
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("landing", 200),
        ("sign-in", 200),
        ("signing in", 302),
        ("home", 200),
        ("preference", 302),
        ("missing", 404),
        ("plain http", 301),
        ("plain API", 403),
        ("API", 200),
        ("another host", 400),
    ],
)
def test_pages_answer(answers, name, status):
    assert answers[name]["status"] == status, answers[name]["text"][:500]


def test_http_redirects_to_https(answers):
    for name in ("landing", "sign-in", "home", "missing"):
        policy = answers[name]["headers"]["Strict-Transport-Security"]
        assert policy.startswith("max-age=31536000; includeSubDomains")
    assert answers["plain http"]["headers"]["Location"] == (
        "https://nissmart.example/accounts/login/"
    )


def test_a_program_learns_that_it_sent_its_token_in_clear(answers):
    assert json.loads(answers["plain API"]["text"])["code"] == "https_required"


def test_cookies_are_bound_to_this_host(answers):
    cookies = [cookie for answer in answers.values() for cookie in answer["cookies"]]
    assert {cookie.partition("=")[0] for cookie in cookies} == {
        "__Host-csrf",
        "__Host-device",
        "__Host-session",
        "__Host-theme",
    }
    for cookie in cookies:
        parts = set(cookie.split("; "))
        assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= parts, cookie
        assert not any(part.startswith("Domain") for part in parts)


def test_static_files_have_hashed_names(answers):
    for name in ("landing", "home", "missing"):
        assert re.search(r'href="/static/css/base\.[0-9a-f]{12}\.css"', answers[name]["text"])


def test_the_site_needs_a_secret_key(tmp_path):
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    run = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=settings.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode != 0
    assert "Set SECRET_KEY" in run.stderr


def test_no_page_offers_help_without_a_support_contact(answers):
    for name in ("landing", "sign-in", "home", "missing"):
        assert "nissmart.example or 0800" not in answers[name]["text"]
        assert "For help" not in answers[name]["text"]
