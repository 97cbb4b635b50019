"""Every URL answers each role as `docs/roles.md` says, and as `tests/privileges.txt` says how."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.conftest import pass_second_factor, sign_in, signed_in
from tests.factories import UserFactory
from tests.nissmart.support import samples as values
from wallet import operations as wallet_operations
from wallet.context import SYSTEM
from wallet.models import User
from wallet.staff.roles import APPROVER, AUDITOR, FINANCE, SUPPORT

pytestmark = pytest.mark.django_db

TABLE = Path(__file__).parent.parent / "privileges.txt"
ROLES_TABLE = Path(__file__).parent.parent.parent / "docs" / "roles.md"
LOGIN = "/accounts/login/"
# The heading of each role in docs/roles.md, with its group; an operator is a superuser.
STAFF = {
    "support": SUPPORT,
    "finance maker": FINANCE,
    "finance approver": APPROVER,
    "auditor": AUDITOR,
    "operator": None,
}

# URLs that anyone may read without signing in.
OPEN = {
    "",
    ".well-known/security.txt",
    "accounts/confirm-email/",
    "accounts/inactive/",
    "accounts/login/",
    "accounts/password/reset/",
    "accounts/password/reset/done/",
    "accounts/password/reset/key/done/",
    "accounts/signup/",
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$",
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
    "api/docs",
    "api/openapi.json",
    "fees/",
    "healthz",
    "help/",
    "manifest.webmanifest",
    "offline/",
    "privacy/",
    "readyz",
    "robots.txt",
    "sw.js",
    "terms/",
    "verify/",
}


class Answers(NamedTuple):
    """A line of the table. `allowed` is the answer to roles that docs/roles.md lets in."""

    anonymous: str
    member: str
    frozen: str
    refused: str
    allowed: str = ""


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, str]]:
    """Every route of the site, as written in the URL configuration, and its URL name."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern.name or ""
        else:
            yield from routes(pattern, route)


def table() -> dict[tuple[str, str], Answers]:
    """(route, method) -> answers: a status, or `login` for a redirect to sign-in."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            route, method, *answers = line.split()
            rows["" if route == "/" else route, method] = Answers(*answers)
    return rows


def roles_by_url() -> dict[str, set[str]]:
    """What docs/roles.md says: URL name, path or `admin/` -> the roles that may use it."""
    lines = [line for line in ROLES_TABLE.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    _what, *heads, _urls = cells[0]
    assert heads == list(STAFF)
    found: dict[str, set[str]] = {}
    for _what, *marks, urls in cells[2:]:
        assert set(marks) <= {"yes", ""}
        for name in re.findall("`([^`]+)`", urls):
            assert name not in found, f"{name} is on two lines"
            found[name] = {role for role, mark in zip(heads, marks, strict=True) if mark}
    return found


def name_in_roles(route: str, name: str) -> str:
    """How docs/roles.md names this URL, if it does."""
    if route.startswith("admin/"):
        return "admin/"
    return name if route.startswith("panel/") else route


def expected() -> dict[tuple[str, str], dict[str, str]]:
    """(route, method) -> role -> answer, by the two tables together."""
    allowed_by_url, names = roles_by_url(), dict(routes())
    found = {}
    for (route, method), row in table().items():
        allowed = allowed_by_url.get(name_in_roles(route, names[route]), set())
        if method == "GET" and row.allowed == "302" and route.startswith("panel/"):
            allowed = allowed_by_url["overview"]
        of_staff = {role: row.allowed if role in allowed else row.refused for role in STAFF}
        visitors = {"anonymous": row.anonymous, "member": row.member, "frozen": row.frozen}
        found[route, method] = visitors | of_staff
    return found


def test_every_url_is_in_the_table():
    every = {(route, method) for route, _name in routes() for method in ("GET", "POST")}
    assert set(table()) == every


def test_every_url_of_staff_is_in_the_table_of_roles():
    named = set(roles_by_url())
    known = {name_in_roles(route, name) for route, name in routes()}
    assert named <= known
    of_staff = [each for each in routes() if each[0].startswith(("panel/", "admin/"))]
    assert {name_in_roles(route, name) for route, name in of_staff} <= named
    of_roles = {route for route, name in routes() if name_in_roles(route, name) in named}
    assert of_roles == {route for (route, _method), row in table().items() if row.allowed}


def test_a_visitor_reads_only_open_pages():
    assert {route for (route, _), row in table().items() if row.anonymous == "200"} <= OPEN


def test_staff_urls_refuse_everyone_without_the_role():
    for (route, method), row in table().items():
        refused = row[:4]
        if route.startswith("panel/"):
            assert refused in (("login", "403", "403", "403"), ("405",) * 4), (route, method)
        if route.startswith("admin/"):
            assert "200" not in refused, (route, method)


@pytest.fixture
def people(db) -> dict[str, User]:
    people = {role: UserFactory() for role in ("member", "frozen", *STAFF)}
    for role, group in STAFF.items():
        if group:
            people[role].groups.add(Group.objects.get(name=group))
    people["operator"].is_staff = people["operator"].is_superuser = True
    people["operator"].save()
    wallet_operations.freeze(SYSTEM, people["frozen"].primary_account().pk)
    return people


@pytest.fixture
def samples(people, alice, settings) -> dict[str, str]:
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    return values.of(people, alice)


def url_of(route: str, samples: dict[str, str]) -> str:
    for pattern, sample in samples.items():
        route = route.replace(pattern, sample)
    assert not set("<>?^$") & set(route), f"add a sample for the variable part of {route}"
    return f"/{route}"


def answer(client: Client, method: str, url: str) -> str:
    response = getattr(client, method.lower())(url)
    if response.status_code == 302 and response.headers["Location"].startswith(LOGIN):
        return "login"
    return str(response.status_code)


def some_of(route: str, row: dict[str, str], number: int) -> dict[str, str]:
    """The roles to ask. Those that a page can't tell apart take turns at it.

    The admin keeps all but operators out at one door, the panel all who have no right in it, and a
    member's page takes staff for members.
    """
    if route.startswith("admin/"):
        alike = [role for role in row if role not in ("anonymous", "operator")]
    elif len({row[role] for role in STAFF}) > 1:
        alike = ["member", "frozen", "operator"]
    else:
        alike = list(STAFF)
    asked = alike[number // 2 % len(alike)]
    return {role: row[role] for role in row if role not in alike or role == asked}


def welcomed(row: dict[str, str]) -> dict[str, str]:
    """Who gets to see the page: the other answers need no query that PostgreSQL could refuse."""
    return {role: status for role, status in row.items() if status == "200"}


def test_every_role_gets_the_answer_in_the_tables(people, samples):
    clients = {"anonymous": Client()} | {role: signed_in(people[role]) for role in people}
    is_nightly = bool(os.environ.get("NIGHTLY"))
    wrong = {}
    for number, ((route, method), row) in enumerate(expected().items()):
        if not is_nightly:
            row = some_of(route, row, number)
        if not is_nightly and connection.vendor == "postgresql":
            row = welcomed(row)
        url = url_of(route, samples)
        given = {role: answer(clients[role], method, url) for role in row}
        if given != row:
            wrong[route, method] = {role: given[role] for role in row if given[role] != row[role]}
        if "logout" in route:
            for role, user in people.items():
                clients[role].logout()
                clients[role].force_login(user)
                pass_second_factor(clients[role])
        if route == "admin/logout/":
            # The admin's forms ask for a recent password.
            sign_in(clients["operator"], people["operator"])
    assert not wrong
