"""Minified stylesheets and scripts behave like the originals."""

from pathlib import Path

import pytest
import rcssmin
import rjsmin
from django.conf import settings
from playwright.sync_api import Page, Route, expect

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Browsers keep the spaces in custom properties and conditions, where they mean nothing.
RULES = r"""() => [...document.styleSheets].flatMap(sheet => [...sheet.cssRules].map(
    rule => rule.cssText.replace(/\s*([,/:])\s*/g, "$1")))"""
MINIFY = {".css": (rcssmin.cssmin, "text/css"), ".js": (rjsmin.jsmin, "text/javascript")}


def serve_minified(route: Route) -> None:
    path = Path(settings.BASE_DIR, "static", route.request.url.partition("/static/")[2])
    minify, kind = MINIFY[path.suffix]
    route.fulfill(body=minify(path.read_text()), content_type=f"{kind}; charset=utf-8")


def rules(page: Page, url: str) -> list[str]:
    page.goto(url)
    found: list[str] = page.evaluate(RULES)
    return found


@pytest.mark.parametrize("url", ["/", "/panel/"])
def test_minified_stylesheets_have_the_same_rules(open_page, finance, url):
    page = open_page(finance)
    plain = rules(page, url)
    page.route("**/static/css/*.css", serve_minified)
    assert rules(page, url) == plain
    assert len(plain) > 3


def test_minified_scripts_work(open_page, finance, alice):
    page = open_page()
    page.route("**/static/js/*.js", serve_minified)
    page.goto("/accounts/login/")
    page.locator("input[name=password]").fill("secret words")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("input[name=password]")).to_have_attribute("type", "text")
    panel = open_page(finance)
    panel.route("**/static/js/*.js", serve_minified)
    panel.goto("/panel/ledger/")
    panel.keyboard.press("?")
    expect(panel.locator("#keys")).to_be_visible()
