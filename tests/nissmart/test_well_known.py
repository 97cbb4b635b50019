"""Programs find our files at their well-known URLs."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.any_engine


def test_password_managers_find_the_page_that_changes_the_password(client):
    answer = client.get("/.well-known/change-password")
    assert (answer.status_code, answer["Location"]) == (302, reverse("account_change_password"))


@pytest.mark.django_db
def test_a_phone_can_install_the_site(client):
    app = client.get("/manifest.webmanifest").json()
    assert (app["start_url"], app["display"]) == ("/", "standalone")
    assert {icon["sizes"] for icon in app["icons"]} == {"192x192", "512x512"}
    assert 'rel="manifest" href="/manifest.webmanifest"' in client.get("/help/").text
    for icon in app["icons"]:
        assert finders.find(icon["src"].removeprefix("/static/"))


@pytest.mark.django_db
def test_the_service_worker_keeps_only_what_is_the_same_for_everyone(client, as_alice):
    """What it keeps names no member, and is the same for each person who installs it."""
    script = as_alice.get("/sw.js")
    assert script["Content-Type"].startswith("text/javascript")
    assert script.text == client.get("/sw.js").text
    kept = re.search(r"KEPT = \[OFFLINE, (.*)\]", script.text)
    assert kept
    assert all(url.startswith('"/static/') for url in kept[1].split(", "))
    page = as_alice.get("/offline/").text
    assert page == client.get("/offline/").text
    assert "You're offline" in page
    for word in ("Alice", "KES", "csrf", "app.js"):
        assert word not in page


def test_researchers_find_where_to_report_until_a_date_to_come(client, settings):
    settings.SECURITY_CONTACT = "mailto:security@example.com"
    answer = client.get("/.well-known/security.txt")
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@example.com"
    assert fields["Canonical"] == "http://testserver/.well-known/security.txt"
    left = datetime.fromisoformat(fields["Expires"]) - datetime.now(UTC)
    assert timedelta(days=100) < left < timedelta(days=365)


def test_without_a_contact_there_is_no_such_file(settings):
    settings.SECURITY_CONTACT = ""
    assert Client(raise_request_exception=False).get("/.well-known/security.txt").status_code == 404


def test_search_engines_learn_of_no_page_that_strangers_cannot_open(client):
    lines = client.get("/robots.txt").text.splitlines()
    assert lines == ["User-agent: *", "Disallow: /api/"]
