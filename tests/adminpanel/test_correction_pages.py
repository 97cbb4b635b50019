"""Corrections on the panel: an item's page, the form of an adjustment, the queue and a decision."""

from __future__ import annotations

import csv
import io

import pytest

from adminpanel.models import Correction
from adminpanel.models.corrections import Act
from ledger.kinds import STRAY_OUT
from tests.adminpanel.support.corrections import (
    EVIDENCE,
    acts,
    propose_adjustment,
    propose_assignment,
    propose_return,
    url,
)
from tests.books import nothing_moves
from tests.conftest import signed_in, staff
from tests.factories import account_id, balance, deposit
from tests.ledger.support.suspense import PHONE, stray
from tests.pages import fields, htmx, is_part, is_whole_page, problems, text
from wallet import house

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

QUEUE, FORM = "/panel/adjustments/", "/panel/adjustments/propose/"
WHY = {"reason": "It was paid in by mistake.", "evidence": EVIDENCE}


@pytest.fixture
def item(bob):
    return stray(bob, rail_code="simulated")


def page_of(record, act: str = "") -> str:
    return f"/panel/transactions/{record.reference}/{act and f'{act}/'}"


def prefixed(prefix: str, **fields: str) -> dict[str, str]:
    return {f"{prefix}-{name}": value for name, value in (WHY | fields).items()}


@pytest.mark.parametrize("headers", [None, htmx("suspense")])
def test_an_item_is_assigned_from_its_page(item, wambui, joseph, alice, headers):
    client = signed_in(wambui)
    shown = text(client.get(page_of(item)))
    assert "KES 300.00 is in suspense. Assign it" in shown
    # Its payer ordered another payment, not this one.
    assert "Created by Simulated rail" in shown
    sent = prefixed("assign", member=alice.email)
    answer = client.post(page_of(item, "assign"), sent, headers=headers)
    proposal = Correction.objects.get()
    assert answer.headers["HX-Redirect" if headers else "Location"] == url(proposal)
    assert (proposal.act, proposal.target_id) == (Act.ASSIGN, account_id(alice))
    shown = text(signed_in(joseph).get(page_of(item)))
    assert "Review and decide" in shown
    assert "Propose to assign it" not in shown
    assert signed_in(joseph).post(url(proposal, "approve")).status_code == 303
    assert balance(alice) == 1_300_00
    posted = Correction.objects.get().posted
    assert f"Resolved by {posted.reference}" in text(client.get(page_of(item)))
    page = text(client.get(page_of(posted)))
    assert f"This resolves the item {item.reference}" in page
    assert "Approved by Joseph Kiprono" in page
    assert "Correction posted" in page


@pytest.mark.parametrize("headers", [None, htmx("suspense")])
def test_a_wrong_entry_keeps_what_was_typed(item, wambui, headers):
    sent = prefixed("assign", member="no-one@example.com", reason="Hm")
    answer = signed_in(wambui).post(page_of(item, "assign"), sent, headers=headers)
    assert answer.status_code == 422
    assert is_part(answer, "suspense") if headers else is_whole_page(answer)
    assert len(problems(answer)) == 2
    assert "no-one@example.com" in answer.content.decode()
    assert EVIDENCE in answer.content.decode()
    assert not Correction.objects.exists()


def test_guesses_of_members_are_counted(item, wambui, settings):
    settings.CONTACT_LOOKUPS_PER_HOUR = 1
    client, statuses = signed_in(wambui), []
    for number in range(2):
        sent = prefixed("assign", member=f"no-one{number}@example.com")
        statuses.append(client.post(page_of(item, "assign"), sent).status_code)
    sent = WHY | {"from": "wallet", "from_member": "other@example.com", "amount": "5"}
    answer = client.post(FORM, sent)
    assert [*statuses, answer.status_code] == [422, 429, 429]
    assert "other@example.com" in answer.content.decode()


def test_a_return_asks_for_the_phone_that_no_one_knows(item, wambui, joseph):
    client = signed_in(wambui)
    assert "Enter your phone number" not in text(client.get(page_of(item)))
    assert client.post(page_of(item, "return"), prefixed("return")).status_code == 422
    sent = prefixed("return", phone="0712 000 099")
    assert client.post(page_of(item, "return"), sent).status_code == 303
    proposal = Correction.objects.get()
    assert proposal.phone == PHONE
    # The approver compares it with the evidence.
    assert "0712 000 099" in text(signed_in(joseph).get(url(proposal)))


def test_what_suspense_lacks_is_settled_by_an_adjustment(wambui, alice):
    item = stray(alice, 40_00, "simulated", STRAY_OUT)
    client = signed_in(wambui)
    assert "Suspense lacks KES 40.00" in text(client.get(page_of(item)))
    page = client.get(f"{FORM}?item={item.reference}")
    assert f"This settles KES 40.00 of the item {item.reference}" in text(page)
    sent = WHY | {"item": item.reference, "from": "wallet", "from_member": alice.phone}
    answer = client.post(FORM, sent | {"to": str(house.SUSPENSE.id)})
    proposal = Correction.objects.get()
    assert answer.headers["Location"] == url(proposal)
    assert (proposal.item, proposal.amount_cents) == (item, 40_00)


@pytest.mark.parametrize("headers", [None, htmx("adjusting")])
def test_an_adjustment_that_is_wrong_keeps_what_was_typed(wambui, alice, headers):
    client = signed_in(wambui)
    wrong = [
        ({}, 3),
        ({"from": "wallet", "to": "-4", "amount": "5"}, 1),
        ({"from": "-2", "to": "-4", "amount": "5"}, 1),
        ({"from": "-4", "to": "-4", "amount": "5"}, 1),
        ({"from": "-1", "from_member": alice.email, "to": "-4", "amount": "x"}, 2),
    ]
    for entered, count in wrong:
        answer = client.post(FORM, WHY | entered, headers=headers)
        assert answer.status_code == 422
        assert len(problems(answer)) == count, entered
        assert EVIDENCE in answer.content.decode()
        assert is_part(answer, "adjusting") if headers else is_whole_page(answer)
    assert not Correction.objects.exists()


@pytest.mark.parametrize("headers", [None, htmx("decision")])
def test_a_colleague_decides_and_the_member_reads_it(wambui, joseph, alice, headers):
    client, proposal = signed_in(joseph), propose_adjustment(wambui, alice)
    assert "From Alice Wanjiku to Adjustments" in text(client.get(QUEUE))
    assert "Withdraw the proposal" in text(signed_in(wambui).get(url(proposal)))
    refused = client.post(url(proposal, "deny"), {"reason": ""}, headers=headers)
    assert refused.status_code == 422
    assert is_part(refused, "decision") if headers else is_whole_page(refused)
    for _click in range(2):
        answer = client.post(url(proposal, "approve"), headers=headers)
        assert answer.headers["HX-Redirect" if headers else "Location"] == url(proposal)
    assert "Approved and posted." in text(client.get(url(proposal)))
    assert "Alice Wanjiku to Adjustments" in text(client.get(f"{QUEUE}?tab=decided"))
    assert balance(alice) == 980_00
    record = Correction.objects.get().posted
    assert "Correction posted" in text(client.get("/panel/audit/"))
    own = signed_in(alice)
    assert "Correction by Nissmart" in text(own.get("/activity/"))
    receipt = text(own.get(f"/activity/{record.reference}/"))
    assert "Taken from your wallet by Nissmart" in receipt
    assert "Nissmart corrected a mistake." in receipt
    for secret in (WHY["reason"], EVIDENCE, "Adjustments"):
        assert secret not in receipt
    assert signed_in(staff("finance")).get(f"/activity/{record.reference}/").status_code == 404


def test_the_export_names_the_accounts_and_the_people(wambui, joseph, alice):
    proposal = propose_adjustment(wambui, alice)
    signed_in(joseph).post(url(proposal, "approve"))
    answer = signed_in(joseph).get("/panel/ledger/?type=ADJUSTMENT&format=csv")
    (row,) = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")))
    assert (row["from_name"], row["to_name"], row["rail"]) == ("Alice Wanjiku", "Adjustments", "")
    assert (row["proposed_by"], row["approved_by"]) == ("Wambui Kariuki", "Joseph Kiprono")


def test_too_little_money_and_too_late_a_decision_say_why(wambui, joseph, alice):
    client = signed_in(joseph)
    proposal = propose_adjustment(wambui, alice, 1_000_01)
    assert "Not enough for it" in text(client.get(url(proposal)))
    with nothing_moves():
        assert client.post(url(proposal, "approve")).status_code == 422
    signed_in(wambui).post(url(proposal, "withdraw"))
    late = client.post(url(proposal, "approve"))
    assert late.status_code == 409
    assert "already withdrew this" in text(late)
    assert acts(proposal) == ["propose_correction", "withdraw_correction"]


def test_an_auditor_reads_and_cannot_act(item, wambui, alice):
    auditor = signed_in(staff("auditor"))
    proposal = propose_assignment(wambui, item, alice)
    assert "Only a finance approver can decide this." in text(auditor.get(url(proposal)))
    assert "Propose an adjustment" not in text(auditor.get(QUEUE))
    other = stray(alice, 5_00, "simulated")
    assert "It takes two people in finance" in text(auditor.get(page_of(other)))
    propose_return(wambui, other, PHONE)
    for address in (url(proposal, "approve"), FORM, page_of(other, "assign")):
        assert auditor.post(address).status_code == 403


def test_a_page_without_suspense_says_nothing_of_it(wambui, bob):
    assert (
        "suspense-title" not in signed_in(wambui).get(page_of(deposit(bob, 1_00))).content.decode()
    )


def test_a_members_page_leads_to_the_form_for_their_wallet(wambui, auditor, alice):
    client, page = signed_in(wambui), f"/panel/members/{alice.pk}/"
    link = f"{FORM}?member=member%20{alice.pk}"
    assert f'href="{link}"' in client.get(page).text
    form = client.get(link)
    assert f'value="member {alice.pk}"' in form.text
    given = {"key": fields(form)["key"], "to": "wallet", "to_member": f"member {alice.pk}"}
    sent = given | WHY | {"amount": "12.50", "from": str(house.ADJUSTMENTS.id)}
    assert client.post(FORM, sent).status_code == 303
    assert Correction.objects.get().target_id == account_id(alice)
    assert FORM not in signed_in(auditor).get(page).text
