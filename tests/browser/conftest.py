"""A real browser, which reaches only this machine; what it complains of fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.conftest import signed_in
from wallet.models import User

# Playwright keeps an event loop in the thread of the tests, where the ORM is used all the same.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
LOOPBACK = {"localhost", "127.0.0.1"}
# Chromium writes each answer of 400 and above to the console; these are what a test asks for.
EXPECTED = ("status of 422", "status of 403", "status of 404")

type OpenPage = Callable[..., Page]


def chromium() -> str | None:
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    path = chromium()
    if not path:
        pytest.skip("CHROMIUM WAS NOT FOUND, SO NO BROWSER TEST RUNS (apt install chromium)")
    return {"executable_path": path, "args": FLAGS}


@pytest.fixture
def open_page(transactional_db: None, live_server: Any, browser: Browser) -> Iterator[OpenPage]:
    """Opens a tab in a browser of its own, signed in as a user if one is given."""
    complaints: list[str] = []
    contexts = []

    def complain_of(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(word in message.text for word in EXPECTED):
            complaints.append(message.text)

    def check_host(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https") and address.hostname not in LOOPBACK:
            complaints.append(f"asked {request.url}")

    def open_page(user: User | None = None, **options: Any) -> Page:
        context = browser.new_context(
            base_url=live_server.url, reduced_motion="reduce", locale="en-KE", **options
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        context.on("console", complain_of)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("request", check_host)
        if user:
            session = signed_in(user).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        return context.new_page()

    open_page.complaints = complaints  # type: ignore[attr-defined]
    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
