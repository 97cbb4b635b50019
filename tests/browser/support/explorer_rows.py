"""The rows of the ledger, and the focused one."""

from __future__ import annotations

import re

from playwright.sync_api import Page

URL = "/panel/ledger/"
URL_END = re.compile(r"/panel/ledger/$")


def rows(page: Page):
    return page.locator("#ledger td.ref a")


def focused_reference(page: Page) -> str:
    """The reference in the row that has the focus."""
    return str(page.evaluate("document.activeElement.textContent"))


def outline(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.activeElement).outlineStyle"))
