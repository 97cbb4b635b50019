"""Wait for htmx between the steps of a test, because a test is faster than any person.

htmx shows a new element immediately, but the element polls, and its form can be sent, only after
htmx has settled. A step in between is dropped, like the second click of a double click.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

BUSY = ".htmx-request, .htmx-swapping, .htmx-settling, [aria-busy=true]"


def wait_for_htmx(page: Page) -> None:
    expect(page.locator(BUSY)).to_have_count(0)


def advance(page: Page, ms: int) -> None:
    """Wait for htmx, then advance the page's clock by `ms` milliseconds."""
    wait_for_htmx(page)
    page.clock.fast_forward(ms)
