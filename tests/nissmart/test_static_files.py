"""Stylesheets and scripts: pages load only theirs, no rule is unused, and both are minified."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from tests.conftest import signed_in
from tests.factories import withdraw
from tests.pages import elements

pytestmark = pytest.mark.any_engine

STATIC = Path(settings.BASE_DIR, "static")
SHEETS = ("base", "member", "panel")
# htmx adds this class during a request.
FROM_HTMX = {"htmx-request"}


def sheets(answer) -> list[str]:
    links = [dict(link.attributes) for link in elements(answer, "link", rel="stylesheet")]
    return [link["href"].removeprefix("/static/css/") for link in links]


@pytest.mark.django_db
def test_members_load_no_rules_of_the_panel(alice, finance, operator):
    record = withdraw(alice, 1_00)
    as_alice, as_finance = signed_in(alice), signed_in(finance)
    for url in ("/", "/activity/", f"/activity/{record.reference}/", "/transfer/", "/profile/"):
        assert sheets(as_alice.get(url)) == ["base.css", "member.css"], url
    for url in ("/", "/accounts/login/", "/accounts/signup/", "/no-such-page/"):
        assert sheets(Client().get(url)) == ["base.css", "member.css"], url
    for url in ("/panel/", "/panel/ledger/", "/panel/no-such-page/"):
        assert sheets(as_finance.get(url)) == ["base.css", "panel.css"], url
    assert not {"base.css", "panel.css"} & set(sheets(signed_in(operator).get("/admin/")))


@pytest.mark.parametrize("sheet", SHEETS)
def test_no_rule_is_unused(sheet):
    """Every class in a stylesheet is in a template, a script or a form."""
    text = re.sub(r"/\*.*?\*/", "", (STATIC / f"css/{sheet}.css").read_text(), flags=re.DOTALL)
    selectors = " ".join(re.findall(r"([^{}]+)\{", text))
    classes = set(re.findall(r"\.([a-zA-Z][\w-]*)", selectors)) - FROM_HTMX
    named = set(re.findall(r"[\w-]+", " ".join(sources(sheet))))
    assert not classes - named


def sources(sheet: str) -> list[str]:
    """The text of every file that may put a class on a page with this stylesheet."""
    root = Path(settings.BASE_DIR)
    templates = [path for path in root.glob("templates/**/*.html") if "/admin/" not in str(path)]
    if sheet == "member":
        templates = [path for path in templates if "adminpanel" not in path.parts]
    code = [
        path for app in ("wallet", "ledger", "adminpanel") for path in root.glob(f"{app}/**/*.py")
    ]
    return [path.read_text() for path in [*templates, *code, *root.glob("static/js/*.js")]]


@pytest.fixture(scope="module")
def collected(tmp_path_factory, django_db_blocker) -> Path:
    """The files as in production, without those of installed apps, to save time."""
    place = tmp_path_factory.mktemp("static")
    storage = {"BACKEND": "nissmart.static_files.MinifiedStaticFilesStorage"}
    apps = ["admin", "ninja", "account", "mfa", "django_htmx"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "STATIC_ROOT", place)
        patch.setattr(settings, "STORAGES", settings.STORAGES | {"staticfiles": storage})
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=apps)
        # A second run reads existing files from their source again.
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=apps)
    return place


@pytest.mark.parametrize("name", ["css/base.css", "css/panel.css", "js/app.js", "js/panel.js"])
def test_our_files_are_served_minified(collected, name):
    source = STATIC / name
    (served,) = collected.glob(f"{source.parent.name}/{source.stem}.????????????{source.suffix}")
    text = served.read_text()
    assert len(text) < 0.9 * source.stat().st_size
    assert "\n\n" not in text
    assert "/*" not in text
    for ending in (".gz", ".br"):
        assert served.with_name(served.name + ending).stat().st_size < len(text) / 2


def test_a_minified_sheet_still_finds_its_images(collected):
    (sheet,) = collected.glob("css/base.????????????.css")
    (image,) = re.findall(r'url\("?(\.\./weave\.[0-9a-f]{12}\.svg)', sheet.read_text())
    assert (sheet.parent / image).exists()
