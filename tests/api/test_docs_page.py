"""The reference at /api/docs works in a browser under our strict CSP; all of it is ours."""

from __future__ import annotations

import os
import shutil
import warnings
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, expect, sync_playwright

from tests.conftest import signed_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


def find_chromium() -> str:
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    if path := next(filter(None, map(shutil.which, filter(None, names))), None):
        return path
    sentence = "CHROMIUM WAS NOT FOUND: /api/docs is not tried in a browser."
    warnings.warn(sentence, stacklevel=1)
    pytest.skip(sentence)


@pytest.fixture
def docs(live_server, alice, monkeypatch) -> Iterator[Page]:
    """The page, opened by Alice. Fails on any console error and on any call to elsewhere."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    session = signed_in(alice).cookies["sessionid"].value
    wrong: list[str] = []

    def check(request: Request) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob") and (
            not request.url.startswith(live_server.url)
        ):
            wrong.append(f"asks for {request.url}")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        page = browser.new_page()
        cookie = {"name": "sessionid", "value": session, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.on("request", check)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: said.type == "error" and wrong.append(said.text))
        page.goto(f"{live_server.url}/api/docs")
        yield page
        browser.close()
    assert not wrong


def test_lists_every_operation(docs):
    expect(docs.locator(".opblock")).to_have_count(11)
    expect(docs.get_by_role("heading", name="Nissmart")).to_be_visible()


def test_a_call_can_be_tried_out(docs, alice):
    """With the session of whoever reads it, and the CSRF token that the page carries."""
    block = docs.locator(".opblock", has_text="/api/deposit")
    block.locator(".opblock-summary-control").click()
    block.get_by_role("button", name="Try it out").click()
    block.locator("textarea").fill(f'{{"user_id": {alice.pk}, "amount_cents": 500}}')
    block.get_by_role("button", name="Execute").click()
    expect(block.locator(".live-responses-table .response-col_status").last).to_contain_text("201")
    assert alice.primary_account().balance_cents == 1_005_00
