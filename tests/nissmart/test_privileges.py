"""Every URL answers each role as the reviewed table `tests/privileges.txt` says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from adminpanel.incidents import operations as incidents
from adminpanel.models import SavedView
from adminpanel.reversals import operations as reversals
from ledger.models import Attempt, Pause, RailEvent
from tests.adminpanel.support.corrections import propose_adjustment
from tests.conftest import pass_second_factor, signed_in, staff
from tests.factories import UserFactory, send, withdraw
from tests.ledger.support.prices import price
from wallet import naming
from wallet import operations as wallet_operations
from wallet.api import tokens
from wallet.context import SYSTEM, Context
from wallet.models import Delivery, FormerMember, ProtectedName, Session, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

TABLE = Path(__file__).parent.parent / "privileges.txt"
LOGIN = "/accounts/login/"
ROLES = ["anonymous", "member", "frozen", "finance", "auditor", "operator"]

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
    "readyz",
    "robots.txt",
}


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[str]:
    """Every route of the site, as written in the URL configuration."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern, route)


def table() -> dict[tuple[str, str], dict[str, str]]:
    """(route, method) -> role -> answer: a status, or `login` for a redirect to sign-in."""
    rows = {}
    for line in TABLE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        route, method, *answers = line.split()
        rows["" if route == "/" else route, method] = dict(zip(ROLES, answers, strict=True))
    return rows


def test_every_url_is_in_the_table():
    assert set(table()) == {(route, method) for route in routes() for method in ("GET", "POST")}


def test_a_visitor_reads_only_open_pages():
    assert {route for (route, _), row in table().items() if row["anonymous"] == "200"} <= OPEN


# Panel pages whose only purpose is to change something, so auditors can't open them.
FINANCE_ONLY = {
    *("panel/adjustments/propose/", "panel/incidents/open/", "panel/payouts/approve/"),
}
# What auditors may change too: their own views and layout.
OWN_READING = {
    "panel/ledger/layout/",
    "panel/ledger/views/",
    "panel/ledger/views/<id:view_id>/delete/",
}


def test_only_finance_and_auditors_read_the_panel():
    for (route, method), row in table().items():
        if route.startswith("panel/") and method == "GET":
            auditor = "403" if route in FINANCE_ONLY else "200"
            reads = ["login", "403", "403", "200", auditor, "403"]
            # A URL that only takes POST answers 405, or redirects panel readers to its page.
            acts = ["405", "405", "405", "302", "302", "405"]
            assert list(row.values()) in (reads, acts), route


def test_only_finance_acts_on_the_panel():
    for (route, method), row in table().items():
        if route.startswith("panel/") and method == "POST" and route not in OWN_READING:
            refused = [row[role] for role in ROLES if role != "finance"]
            assert refused in (["405"] * 5, ["login", *["403"] * 4]), route


def test_only_operators_enter_the_admin():
    for (route, _), row in table().items():
        if route.startswith("admin/"):
            assert "200" not in [row[role] for role in ROLES if role != "operator"], route


@pytest.fixture
def people(db) -> dict[str, User]:
    people = {role: UserFactory() for role in ROLES[1:]}
    for name in ("finance", "auditor"):
        people[name].groups.add(Group.objects.get(name=name))
    people["operator"].is_staff = people["operator"].is_superuser = True
    people["operator"].save()
    wallet_operations.freeze(SYSTEM, people["frozen"].primary_account().pk)
    return people


@pytest.fixture
def samples(people, alice, settings) -> dict[str, str]:
    """Values for the variable parts of routes: ids of existing rows."""
    record = send(alice, people["member"], 5_00)
    proposal = reversals.propose(
        Context(people["operator"].pk, reason="Twice."), transaction_id=record.pk
    )
    proposer = staff("finance")
    correction = propose_adjustment(proposer, alice, 1_00)
    incident = incidents.open_by_hand(Context(alice.pk), title="Paid twice")
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    payout = withdraw(alice, 5_00)
    attempt = Attempt.objects.get(transaction=payout)
    pause = Pause.objects.create(reason="The rail answers late.")
    event = RailEvent.objects.create(rail=payout.rail, kind="callback", is_callback=True)
    token, _secret = tokens.issue(user_id=alice.pk, scope="member", name="Alice's program")
    signed_in(alice), signed_in(proposer)
    of_staff = Session.objects.get(user=proposer)
    asked = naming.ask(Context(alice.pk), name="Alice Kamau", reason="She married.")
    former = FormerMember.objects.create(user=people["member"], name="Former")
    delivery = Delivery.objects.create(channel="sms", to="+254712000009", text="Hello")
    view = SavedView.objects.create(owner=people["finance"], name="x", query="type=DEPOSIT")
    return {
        "<id:user_id>": str(people["member"].pk),
        "<slug:name>": "sums",
        "<str:secret>": "no-such-secret",
        "<slug:kind>": "stk",
        "<id:proposal_id>": str(proposal.pk),
        "<id:correction_id>": str(correction.pk),
        "<id:incident_id>": str(incident.pk),
        "<account_id:account_id>": str(alice.primary_account().pk),
        "<id:token_id>": str(token.pk),
        "<id:view_id>": str(view.pk),
        "<id:session_id>": str(Session.objects.get(user=alice).pk),
        "wallet/session/<path:object_id>": f"wallet/session/{of_staff.pk}",
        "transaction/<reference>": f"transaction/{record.reference}",
        "<path:rest>": "no-such-thing",
        "wallet/apitoken/<path:object_id>": f"wallet/apitoken/{token.pk}",
        "wallet/namerequest/<path:object_id>": f"wallet/namerequest/{asked.pk}",
        "wallet/protectedname/<path:object_id>": (
            f"wallet/protectedname/{ProtectedName.objects.first().pk}"
        ),
        "payouts/<reference:reference>": f"payouts/{payout.reference}",
        "<id:pause_id>": str(pause.pk),
        "<reference:reference>": record.reference,
        "wallet/user/<id:row_id>": f"wallet/user/{alice.pk}",
        "wallet/delivery/<id:row_id>": f"wallet/delivery/{delivery.pk}",
        "wallet/formermember/<id:row_id>": f"wallet/formermember/{former.pk}",
        "wallet/user/<path:object_id>": f"wallet/user/{alice.pk}",
        "wallet/delivery/<path:object_id>": f"wallet/delivery/{delivery.pk}",
        "wallet/formermember/<path:object_id>": f"wallet/formermember/{former.pk}",
        "wallet/account/<path:object_id>": f"wallet/account/{alice.primary_account().pk}",
        "ledger/transaction/<path:object_id>": f"ledger/transaction/{record.pk}",
        "ledger/entry/<path:object_id>": f"ledger/entry/{record.entries.first().pk}",
        "ledger/attempt/<path:object_id>": f"ledger/attempt/{attempt.pk}",
        "ledger/railevent/<path:object_id>": f"ledger/railevent/{event.pk}",
        "ledger/pause/<path:object_id>": f"ledger/pause/{pause.pk}",
        "ledger/tariff/<path:object_id>": f"ledger/tariff/{price((1_00, 0)).pk}",
        "auth/group/<path:object_id>": f"auth/group/{Group.objects.first().pk}",
        "<int:pk>": "1",
        "<path:content_type_id>/<path:object_id>": "1/1",
        "^confirm-email/(?P<key>[-:\\w]+)/$": "confirm-email/no-such-key/",
        "^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/1-x/",
        "^(?P<app_label>wallet|auth|ledger)/$": "ledger/",
        "(?P<url>.*)$": "no-such-page",
    }


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


def test_every_role_gets_the_answer_in_the_table(people, samples):
    clients = {"anonymous": Client()} | {role: signed_in(people[role]) for role in people}
    wrong = {}
    for (route, method), row in table().items():
        url = url_of(route, samples)
        given = {role: answer(clients[role], method, url) for role in ROLES}
        if given != row:
            wrong[route, method] = " ".join(given.values())
        if "logout" in route:
            for role, user in people.items():
                clients[role].force_login(user)
                pass_second_factor(clients[role])
    assert not wrong
