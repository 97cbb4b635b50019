"""Staff can't guess a masked phone number or email by searching, and each hit is audited."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from adminpanel.models import SavedView
from tests.conftest import signed_in
from tests.pages import htmx, text
from wallet.models import AuditEvent, RateWindow

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

LEDGER = "/panel/ledger/"
SAVE = "/panel/ledger/views/"
PLACES = [
    ("/panel/members/", "q", None),
    ("/panel/members/", "q", htmx("found")),
    ("/panel/search/", "q", None),
    (LEDGER, "member", None),
    (LEDGER, "member", htmx("ledger")),
    ("/panel/ledger/totals/", "member", htmx("totals")),
]


def phone(number: int) -> str:
    return f"0712 {number:03} 001"


@pytest.mark.parametrize(("url", "field", "headers"), PLACES)
def test_contact_lookups_have_an_hourly_limit(
    as_auditor, amina, brian, settings, url, field, headers
):
    settings.CONTACT_LOOKUPS_PER_HOUR = 3
    for number in (7, 8, 9):
        assert as_auditor.get(url, {field: phone(number)}, headers=headers).status_code == 200
    for typed in (amina.phone, amina.email):
        refused = as_auditor.get(url, {field: typed}, headers=headers)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["Retry-After"]) <= 3600
        assert amina.name not in text(refused)
        if "totals" not in url:
            assert "You've looked up too many phone numbers and emails" in text(refused)
    assert not AuditEvent.objects.acts().exists()
    # Names, member numbers and repeated searches don't count as guesses.
    for typed in ("Amina", f"#{amina.pk}", phone(7)):
        assert as_auditor.get(url, {field: typed}, headers=headers).status_code == 200


def test_each_person_has_a_separate_limit_that_resets_every_hour(
    as_auditor, amina, finance, settings, time_machine
):
    time_machine.move_to("2026-11-25T10:59:00Z", tick=False)
    settings.CONTACT_LOOKUPS_PER_HOUR = 1
    members = "/panel/members/"
    assert as_auditor.get(members, {"q": phone(7)}).status_code == 200
    assert "search by name. Wait 1 minute, then" in text(as_auditor.get(members, {"q": phone(8)}))
    assert signed_in(finance).get(members, {"q": phone(8)}).status_code == 200
    time_machine.move_to("2026-11-25T11:00:00Z", tick=False)
    assert as_auditor.get(members, {"q": phone(8)}).status_code == 200


@pytest.mark.parametrize(("url", "field", "headers"), PLACES)
def test_a_hit_is_audited_once_without_the_phone_number(
    as_auditor, auditor, amina, url, field, headers
):
    for _time in range(2):
        as_auditor.get(url, {field: "0712 000 001"}, headers=headers)
    as_auditor.get(url, {field: phone(7)}, headers=headers)
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject, event.actor) == ("look_up", f"member {amina.pk}", auditor)
    assert (event.facts, event.ip_address) == ({"by": "phone"}, "127.0.0.1")
    assert not [row.key for row in RateWindow.objects.all() if "712" in row.key.split(":")[-1][:12]]
    as_auditor.get(url, {field: amina.email.upper()}, headers=headers)
    assert AuditEvent.objects.acts().latest("pk").facts == {"by": "email"}


@pytest.mark.parametrize(("url", "field", "headers"), PLACES)
def test_a_part_of_an_email_finds_no_member(as_auditor, amina, url, field, headers):
    for part in ("amina@", "amina@example.co", "amina@e"):
        assert "Amina Wanjiku" not in text(as_auditor.get(url, {field: part}, headers=headers))


def test_saving_a_view_counts_as_a_lookup(as_auditor, amina, settings):
    settings.CONTACT_LOOKUPS_PER_HOUR = 1
    as_auditor.get(LEDGER, {"member": phone(7)})
    refused = as_auditor.post(SAVE, {"name": "", "query": f"member={phone(8)}"})
    assert refused.status_code == 429
    assert refused.headers["Retry-After"]
    kept = as_auditor.post(SAVE, {"name": "x", "query": "member=amina@example.com"})
    assert kept.status_code == 429
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0712 000 001", "#{id}"),
        ("AMINA@example.com", "#{id}"),
        ("0799 999 999", "0799 *** 999"),
        ("nobody@example.com", "n***@example.com"),
        ("Amina", "Amina"),
    ],
)
def test_a_saved_view_stores_no_phone_number_and_no_email(as_auditor, amina, typed, kept):
    as_auditor.post(
        SAVE, {"name": "x", "query": f"member={typed.replace(' ', '%20')}&type=DEPOSIT"}
    )
    (view,) = as_auditor.get(LEDGER).context["views"]
    opened = as_auditor.get(f"{LEDGER}?{view.query}").context["explorer"]
    assert dict(opened.filter_state) == {"member": kept.format(id=amina.pk), "type": "DEPOSIT"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("0712000001", "0712 *** 001"),
        ("amina@example.com", "a***@example.com"),
        ("Rent", "Rent"),
    ],
)
def test_a_saved_search_masks_a_contact(as_auditor, amina, typed, kept):
    query = f"q={typed}&member=Amina&columns=note&columns=time"
    as_auditor.post(SAVE, {"name": "x", "query": query})
    saved = parse_qs(SavedView.objects.get().query)
    assert saved == {"q": [kept], "member": ["Amina"], "columns": ["note", "time"]}


def test_an_export_is_audited_without_the_phone_number_or_email(as_auditor, amina):
    for url, field in ((LEDGER, "member"), (LEDGER, "q"), ("/panel/audit/", "q")):
        for typed, kept in (("0712 000 001", "0712 *** 001"), (amina.email, "a***@example.com")):
            as_auditor.get(url, {"format": "csv", field: typed})
            event = AuditEvent.objects.filter(action="export").latest("pk")
            assert event.facts["filters"] == {field: kept}
