"""A test is faster than any hand: it waits for htmx to end one step before it takes the next.

What htmx has swapped in is seen at once, but asks again, or may be sent, only once it has
settled; a step taken in between is dropped, as a double click is.
"""

from __future__ import annotations

from playwright.sync_api import Page, expect

BUSY = ".htmx-request, .htmx-swapping, .htmx-settling, [aria-busy=true]"


def settled(page: Page) -> None:
    expect(page.locator(BUSY)).to_have_count(0)


def later(page: Page, ms: int) -> None:
    """So many milliseconds later, by the page's own clock."""
    settled(page)
    page.clock.fast_forward(ms)
