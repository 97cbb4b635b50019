"""Every form and API cleans pasted phone numbers, emails and references."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from adminpanel.models import Incident
from tests.api.support.calls import bad_fields, by_token
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory, balance, deposit, funded, new_key
from tests.pages import elements, htmx, text
from wallet.messages import sending
from wallet.models import ApiToken, AuditEvent, Claim, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

PHONE, EMAIL = "+254712345678", "jane@example.com"
PHONES = [
    "\u202a0712345678\u202c",
    "\u200e+254712345678",
    "0712\u00a0345\u00a0678",
    "0712\u2011345\u2011678",
    "Tel:0712345678",
    "\u2068tel:\u202f0712\u2013345678\u2069",
]
EMAILS = [
    "\u202ajane@example.com\u202c",
    "jane@example.com\u00a0",
    "mailto:Jane@example.com",
    "jane\u200b@example.com",
    "\ufeffjane@example.com\u200e",
]
# Letters, and characters that reorder the digits, aren't a clipboard accident.
REFUSED = ["O712345678", "0712345678x", "\u202e876543217 0", "\u0660\u0667\u0661\u0662345678"]

# The API is asked for every login, and pages for those that only the cleaning makes right.
every_login = pytest.mark.parametrize("typed", PHONES + EMAILS)
hard_logins = pytest.mark.parametrize("typed", [PHONES[3], PHONES[5], EMAILS[0], EMAILS[2]])


@pytest.fixture
def jane(db) -> User:
    return UserFactory(name="Jane Wanjiru", email=EMAIL, phone=PHONE)


def given(typed: str) -> dict[str, str]:
    """The form field for this contact: email or phone."""
    return {"email": typed, "phone": ""} if "@" in typed else {"email": "", "phone": typed}


def contact_of(user: User) -> str | None:
    return user.phone or user.email


@hard_logins
def test_pasted_at_sign_up(client, typed):
    filled = {"name": "Jane", "password1": PASSWORD} | given(typed)
    assert client.post(reverse("account_signup"), filled).status_code == 302
    assert Claim.objects.get().value == (EMAIL if "@" in typed else PHONE)


@hard_logins
def test_pasted_at_sign_in(client, jane, typed):
    client.post(reverse("account_login"), {"login": typed, "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(jane.pk)


@hard_logins
def test_pasted_in_the_profile(typed):
    user = UserFactory(email=None, phone="+254722000111")
    filled = {"name": user.name, "phone": user.phone, "email": "", "password": PASSWORD}
    filled |= {name: value for name, value in given(typed).items() if value}
    assert signed_in(user).post(reverse("wallet:profile"), filled).status_code == 303
    assert Claim.objects.get().value == (EMAIL if "@" in typed else PHONE)


@pytest.mark.parametrize("typed", EMAILS)
def test_pasted_at_a_password_reset(client, jane, typed):
    client.post(reverse("account_reset_password"), {"email": typed})
    sending.send_all()
    assert [message.to for message in mail.outbox] == [[EMAIL]]


@hard_logins
def test_pasted_in_a_payment(alice, jane, typed):
    order = {"recipient": typed, "amount": "\u202aKsh\u00a0250\u202c", "confirm": "1"}
    answer = signed_in(alice).post("/transfer/", order | {"idempotency_key": new_key()})
    assert answer.status_code == 303
    assert balance(jane) == 250_00


@every_login
def test_pasted_in_the_api(typed):
    service = by_token(UserFactory(), "service")
    filled = {name: value for name, value in given(typed).items() if value}
    answer = service.post("/api/users", {"name": "Jane"} | filled)
    assert answer.status_code == 201
    assert (answer.json()["phone"] or answer.json()["email"]) in (PHONE, EMAIL)
    found = service.get("/api/users", q=typed).json()["items"]
    assert [each["name"] for each in found] == ["Jane"]


@hard_logins
def test_pasted_in_the_admin(operator, typed):
    filled = {"name": "Jane", "is_active": "on"} | given(typed)
    signed_in(operator).post(reverse("admin:wallet_user_add"), filled)
    assert contact_of(User.objects.get(name="Jane")) == (EMAIL if "@" in typed else PHONE)
    page = text(signed_in(operator).get(reverse("admin:wallet_user_changelist"), {"q": typed}))
    assert "Jane" in page
    assert "1 member" in page


@hard_logins
def test_pasted_in_a_search_of_the_panel(finance, jane, typed):
    page = signed_in(finance).get("/panel/members/", {"q": typed})
    assert "Jane Wanjiru" in text(page)
    assert AuditEvent.objects.acts().get().action == "look_up"


@hard_logins
def test_the_audit_of_an_export_masks_a_pasted_contact(finance, jane, typed):
    signed_in(finance).get("/panel/ledger/", {"member": typed, "format": "csv"})
    filters = AuditEvent.objects.acts().get(action="export").facts["filters"]
    assert filters["member"] in ("0712 *** 678", "j***@example.com")


@hard_logins
def test_pasted_into_the_token_command(jane, typed):
    call_command("issue_token", typed, "--scope=member", stdout=StringIO())
    assert ApiToken.objects.get().user == jane


@pytest.mark.parametrize("typed", REFUSED)
def test_letters_and_reordering_characters_stay_refused(jane, alice, typed):
    client = Client()
    client.post(reverse("account_login"), {"login": typed, "password": PASSWORD})
    assert "_auth_user_id" not in client.session
    order = {"recipient": typed, "amount": "1", "idempotency_key": new_key(), "confirm": "1"}
    assert signed_in(alice).post("/transfer/", order).status_code == 422
    answer = by_token(UserFactory(), "service").post("/api/users", {"name": "x", "phone": typed})
    assert bad_fields(answer) == ["phone"]


def spellings(reference: str) -> list[str]:
    plain = reference.replace("NS-", "")
    return [
        reference.lower(),
        plain,
        f"\u202a{reference}\u202c",
        f"NS\u2011{plain}",
        f"\u00a0{reference}\u00a0",
        f"NS\u2013{plain.lower()}\u200b",
    ]


def test_a_pasted_reference_is_found_everywhere(alice, finance, operator):
    record = deposit(alice, 123_00)
    funded(alice, 1_00)
    panel, admin, member = signed_in(finance), signed_in(operator), signed_in(alice)
    for typed in spellings(record.reference):
        answer = panel.get("/panel/search/", {"q": typed})
        assert answer.headers.get("Location") == f"/panel/transactions/{record.reference}/", typed
        for url, who, part, row in [
            ("/panel/ledger/", panel, "ledger", "reference"),
            ("/panel/members/", panel, "found", "person"),
            ("/activity/", member, "activity", "row"),
        ]:
            found = elements(who.get(url, {"q": typed}, headers=htmx(part)), "a", class_=row)
            assert len(found) == 1, (url, typed)
        page = admin.get(reverse("admin:ledger_transaction_changelist"), {"q": typed})
        assert "1 transaction" in text(page), typed


def test_a_pasted_reference_in_an_incident(alice, finance):
    records = [deposit(alice, 1_00) for _ in range(6)]
    typed = [spellings(record.reference)[number] for number, record in enumerate(records, start=0)]
    filled = {"title": "Paid twice", "severity": "LOW", "transactions": "\n".join(typed)}
    assert signed_in(finance).post("/panel/incidents/open/", filled).status_code == 303
    assert Incident.objects.get().transactions.count() == 6
