"""A real browser that reaches only this machine. An error in its console fails the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request

from tests.browser.chromium import FLAGS, find_installed
from tests.conftest import signed_in
from wallet.models import User

# Playwright runs an event loop in the tests' thread. The tests use the ORM there anyway.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

LOOPBACK = {"localhost", "127.0.0.1"}
# Chromium logs each response of 400 and above to the console. Tests cause these on purpose.
EXPECTED = ("status of 422", "status of 409", "status of 403", "status of 404")

type OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser_type_launch_args(playwright: Playwright) -> dict[str, Any]:
    if path := find_installed():
        return {"executable_path": path, "args": FLAGS}
    if "CHROMIUM" not in os.environ and Path(playwright.chromium.executable_path).exists():
        return {"args": FLAGS}
    pytest.skip("NO BROWSER TEST RUNS WITHOUT CHROMIUM (apt install chromium-headless-shell)")


@pytest.fixture
def open_page(transactional_db: None, live_server: Any, browser: Browser) -> Iterator[OpenPage]:
    """Opens a tab with separate cookies, signed in as a user if one is given."""
    complaints: list[str] = []
    contexts = []

    def record_error(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(word in message.text for word in EXPECTED):
            complaints.append(message.text)

    def check_host(request: Request) -> None:
        url = urlsplit(request.url)
        if url.scheme in ("http", "https") and url.hostname not in LOOPBACK:
            complaints.append(f"asked {request.url}")

    def open_page(user: User | None = None, **options: Any) -> Page:
        # A worker's requests would go on while a test ends.
        options = {"service_workers": "block"} | options
        context = browser.new_context(
            base_url=live_server.url, reduced_motion="reduce", locale="en-KE", **options
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        context.on("console", record_error)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        context.on("request", check_host)
        if user:
            for name, cookie in signed_in(user).cookies.items():
                given = {"name": name, "value": cookie.value, "url": live_server.url}
                context.add_cookies([given])  # type: ignore[list-item]
        return context.new_page()

    open_page.complaints = complaints  # type: ignore[attr-defined]
    yield open_page
    for context in contexts:
        context.close()
    assert not complaints
