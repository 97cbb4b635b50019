"""Hostile text that members and staff type stays text, and no page gets wider than a phone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Dialog, Page, Route

from tests.adminpanel.support.proposals import propose
from tests.conftest import pass_second_factor, signed_in
from tests.factories import UserFactory, deposit, funded, send, withdraw
from tests.nissmart.support.hostile import texts
from tests.nissmart.support.text_fields import Typed, text_fields
from wallet.models import User

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

IS_WHOLE = bool(os.environ.get("NIGHTLY"))
TEXTS = texts(500)
# How many of them go into each field, and how many of the answers a browser shows.
EACH, SHOWN = (len(TEXTS), 200) if IS_WHOLE else (1, 8)
# The whole takes long, so several processes may share it.
PARTS = 3 if IS_WHOLE else 1
WIDTH = 360
# Cookies and the length are the client's, and a browser doesn't unpack what we fulfil.
OURS = ("Content-Type", "Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy")
VISITOR = ["account_signup", "account_login", "account_reset_password"]
MEMBER = [
    *("ledger:deposit", "ledger:transfer", "ledger:withdraw", "ledger:activity"),
    *("wallet:profile", "wallet:ask_for_name", "wallet:api_tokens", "mfa_activate_totp"),
]
STAFF = [
    *("search", "ledger", "activity", "members", "payouts", "deposits", "reversals", "audit"),
    *("adjustments", "propose_adjustment", "open_incident", "incidents", "accounts"),
]
ADMIN = [
    *("wallet_user_changelist", "wallet_user_add", "auth_group_add", "wallet_protectedname_add"),
    *("wallet_protectedname_changelist", "wallet_namerequest_changelist", "ledger_tariff_add"),
    *("wallet_delivery_changelist", "wallet_account_changelist"),
]


@pytest.fixture
def people(db, settings, finance, wambui, operator) -> dict[str, Client]:
    """A client of each role, and no limits, which would answer before the text is read."""
    settings.PAYEE_LOOKUPS_PER_HOUR = settings.PAYEE_LOOKUPS_PER_DAY = 0
    settings.CONTACT_LOOKUPS_PER_HOUR = settings.REPORTS_PER_DAY = settings.GUESSES_PER_ADDRESS = 0
    settings.CODES_PER_HOUR = dict.fromkeys(settings.CODES_PER_HOUR, 0)
    settings.ACCOUNT_RATE_LIMITS = settings.MFA_RATE_LIMITS = False
    settings.LIMIT_CENTS_OUT_PER_DAY = settings.LIMIT_CENTS_BALANCE = 10**12
    UserFactory(phone="+254712000002", name="Bob Otieno")
    alice = funded(UserFactory(name="Alice Wanjiku"), 200_000_00)
    who = {"member": alice, "finance": wambui, "operator": operator}
    clients = {"visitor": Client()} | {role: signed_in(user) for role, user in who.items()}
    pass_second_factor(clients["member"])
    for client in clients.values():
        client.raise_request_exception = False
    return clients


def pages(alice: User, settings: Any, wambui: User) -> Iterator[tuple[str, str]]:
    """(role, URL) of every page with a text field."""
    bob = User.objects.get(phone="+254712000002")
    sent, paid_in = send(alice, bob, 5_00, description="Lunch"), deposit(bob, 5_00)
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    held = withdraw(alice, 3_00)
    proposal = propose(paid_in, wambui)
    passkey = Authenticator.objects.create(
        user=alice, type="webauthn", data={"name": "Phone", "credential": {}}
    )
    finance = signed_in(wambui)
    incident = {"title": "Sent twice", "description": "x", "severity": "HIGH"}
    opened = finance.post("/panel/incidents/open/", incident).headers["Location"]
    for role, names in [("visitor", VISITOR), ("member", MEMBER)]:
        yield from ((role, reverse(name)) for name in names)
    yield "member", f"/activity/{sent.reference}/report/"
    yield "member", reverse("mfa_edit_webauthn", args=[passkey.pk])
    yield from (("finance", reverse(f"adminpanel:{name}")) for name in STAFF)
    yield "finance", opened
    yield "finance", f"/panel/transactions/{sent.reference}/"
    yield "finance", f"/panel/payouts/{held.reference}/"
    yield "finance", f"/panel/reversals/{proposal.pk}/"
    yield "finance", f"/panel/members/{alice.pk}/"
    yield from (("operator", reverse(f"admin:{name}")) for name in ADMIN)
    yield "operator", reverse("admin:wallet_user_change", args=[bob.pk])
    yield "operator", reverse("admin:wallet_user_sign_in_help", args=[bob.pk])


def type_everywhere(
    clients: dict[str, Client], fields: list[tuple[str, Typed]]
) -> list[tuple[str, HttpResponse]]:
    """Type EACH texts into each field. Returns the answers that are pages, evenly chosen."""
    answers, step = [], max(len(fields) * EACH // SHOWN, 1)
    for number, (role, field) in enumerate(fields):
        for turn in range(EACH):
            # Who has signed up is no visitor any longer.
            client = Client(raise_request_exception=False) if role == "visitor" else clients[role]
            answer = field.send(client, TEXTS, number + turn)
            assert answer.status_code < 500, (role, field, number + turn)
            is_page = not answer.streaming and answer.content.startswith(b"<!doctype html>")
            if is_page and (number * EACH + turn) % step == 0:
                answers.append((f"{field.url} {field.names}: text {number + turn}", answer))
        if IS_WHOLE:
            print(f"{number + 1} of {len(fields)}: {field.url} {field.names}", flush=True)
    return answers


@pytest.mark.parametrize("part", range(PARTS))
def test_hostile_text_in_every_field_stays_text(open_page, people, settings, wambui, part):
    alice = User.objects.get(name="Alice Wanjiku")
    fields = [
        (role, field)
        for role, url in pages(alice, settings, wambui)
        for field in text_fields(people[role], url)
    ]
    assert sum(len(field.names) for _role, field in fields) > 80
    fields = fields[part::PARTS]
    answers = type_everywhere(people, fields)
    wrong = list(look_at_answers(open_page, answers))
    seen = len(answers)
    for user, urls in stored_pages(alice, wambui):
        page = ready(open_page, user)
        for url in urls:
            page.goto(url)
            seen += 1
            wrong += problems(open_page, page, url)
    count = sum(len(field.names) for _role, field in fields)
    print(f"{count} fields, {count * EACH} texts typed, {seen} pages opened")
    assert not wrong


def ready(open_page: Any, user: User | None = None) -> Page:
    page: Page = open_page(user, viewport={"width": WIDTH, "height": 740})

    def note(dialog: Dialog) -> None:
        open_page.complaints.append(f"a script said {dialog.message}")
        dialog.dismiss()

    page.on("dialog", note)
    return page


def look_at_answers(open_page: Any, answers: list[tuple[str, HttpResponse]]) -> Iterator[str]:
    """Show the answers to a browser under our own URL, with their policy."""
    page, shown = ready(open_page), dict(enumerate(answers))

    def answer(route: Route) -> None:
        _name, given = shown[int(route.request.url.rpartition("/")[2])]
        headers = {name: given.headers[name] for name in OURS if name in given.headers}
        route.fulfill(status=200, headers=headers, body=given.content)

    page.route("**/shown/*", answer)
    for number, (name, _answer) in shown.items():
        page.goto(f"/shown/{number}")
        yield from problems(open_page, page, name)


def problems(open_page: Any, page: Page, name: str) -> list[str]:
    found = [f"{name}: {complaint}" for complaint in open_page.complaints]
    open_page.complaints.clear()
    wide = page.evaluate("document.documentElement.scrollWidth")
    return found + ([f"{name}: {wide} px wide"] if wide > WIDTH else [])


def stored_pages(alice: User, wambui: User) -> Iterator[tuple[User, list[str]]]:
    """Pages that show what was stored: to its member, to finance, to an operator."""
    last = alice.primary_account().transactions_out.order_by("pk").last()
    more = 10 if IS_WHOLE else 1
    yield alice, ["/", *further("/activity/", alice, more), f"/activity/{last.reference}/"]
    yield alice, ["/profile/", "/profile/tokens/", "/security/", "/accounts/2fa/"]
    panel = ["/panel/", "/panel/activity/", "/panel/incidents/", f"/panel/members/{alice.pk}/"]
    panel += [*further("/panel/ledger/", wambui, more), *further("/panel/audit/", wambui, more)]
    yield wambui, panel
    operator = User.objects.get(is_superuser=True)
    yield operator, ["/admin/wallet/namerequest/", "/admin/wallet/protectedname/"]


def further(url: str, user: User, most: int) -> list[str]:
    """The list's page, and those behind its "next" link."""
    client, found = signed_in(user), [url]
    while len(found) < most:
        page = client.get(found[-1])
        after = [part for part in page.text.split('href="') if "after=" in part.partition('"')[0]]
        if not after:
            break
        link = after[0].partition('"')[0].replace("&amp;", "&")
        found.append(url + link if link.startswith("?") else link)
    return found
