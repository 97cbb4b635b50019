"""One member's page. Revealing contacts or freezing the wallet needs a reason."""

from __future__ import annotations

import pytest

from adminpanel.models import Incident, ReversalProposal
from tests.adminpanel.support.members import REASON, URL, page_of
from tests.conftest import signed_in
from tests.factories import account_id, deposit, send, withdraw
from tests.pages import elements, htmx, is_part, is_whole_page, problems, text, title, words
from tests.unsettled import with_status
from wallet.models import Account, AuditEvent, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def assert_masked(response, user: User) -> None:
    said = response.text.replace("\u00a0", " ")
    digits = user.phone.removeprefix("+254")
    for spelling in (user.phone, digits, f"0{digits}", f"0{digits[:3]} {digits[3:6]} {digits[6:]}"):
        assert spelling not in said
    assert user.email not in said


def test_phone_numbers_and_emails_are_masked_on_every_page(
    as_finance, amina, brian, carol, auditor
):
    deposit(amina, 100_00)
    record = send(amina, brian, 10_00, description="Lunch")
    pages = [
        URL,
        f"{URL}?q=amina",
        page_of(amina),
        f"/panel/accounts/{account_id(amina)}/",
        f"/panel/transactions/{record.reference}/",
        "/panel/ledger/",
        f"/panel/ledger/?member=%23{amina.pk}",
        "/panel/search/?q=wanjiku",
        "/panel/search/?q=lunch",
    ]
    for reader in (as_finance, signed_in(auditor)):
        for page in pages:
            assert_masked(reader.get(page), amina)
    assert "0712 *** 001" in text(as_finance.get(page_of(amina)))
    assert "a***@example.com" in text(as_finance.get(page_of(amina)))


def test_the_page_shows_what_is_used_of_todays_limits(
    as_finance, amina, brian, time_machine, settings
):
    settings.LIMIT_CENTS_OUT_PER_DAY, settings.LIMIT_CENTS_BALANCE = 500_00, 1_000_00
    time_machine.move_to("2026-11-20T20:59:59Z", tick=False)
    deposit(amina, 900_00)
    send(amina, brian, 300_00)
    time_machine.move_to("2026-11-20T21:00:00Z", tick=False)
    send(amina, brian, 120_00)
    withdraw(amina, 30_00)
    with_status(withdraw(amina, 5_00), "FAILED")
    said = text(as_finance.get(page_of(amina)))
    assert "Balance KES 445.00" in said
    assert "Sent and withdrawn today KES 150.00 KES 350.00 left of KES 500.00 per day" in said
    assert "Room in the wallet KES 555.00" in said


def test_the_latest_transactions_link_to_this_members_ledger(as_finance, amina, brian, carol):
    deposit(amina, 100_00)
    mine = send(amina, brian, 10_00)
    other = deposit(carol, 10_00)
    response = as_finance.get(page_of(amina))
    assert mine.reference in response.text
    assert other.reference not in response.text
    (link,) = [link for link in elements(response, "a") if "in the ledger" in words(link)]
    theirs = as_finance.get(dict(link.attributes)["href"])
    references = [words(each) for each in elements(theirs, "a", class_="reference")]
    assert references[0] == mine.reference
    assert len(references) == 2


def test_an_unknown_member_number_finds_nothing_in_the_ledger(as_finance, alice, subtests):
    for member in ("#", "#x", "#999999", "#" + "9" * 30, "##1"):
        with subtests.test(member):
            response = as_finance.get("/panel/ledger/", {"member": member}, headers=htmx("ledger"))
            assert response.status_code == 200
            assert "No transactions match" in text(response)


def test_open_incidents_and_proposals_of_the_member_are_shown(
    as_finance, amina, brian, carol, finance
):
    deposit(amina, 100_00)
    record = send(amina, brian, 10_00)
    elsewhere = deposit(carol, 10_00)
    for at, name in ((record, "Wrong Brian"), (elsewhere, "Of Carol")):
        Incident.objects.create(title=name, opened_by=finance).transactions.add(at.pk)
        ReversalProposal.objects.create(
            amount_cents=1_00, transaction_id=at.pk, reason=f"Why: {name}", proposed_by=finance
        )
    for user in (amina, brian):
        said = text(as_finance.get(page_of(user)))
        assert "Wrong Brian" in said
        assert f"Reversal of {record.reference}" in said
        assert "Of Carol" not in said
    assert "No open incidents or proposed reversals." in text(as_finance.get(page_of(finance)))


def test_a_closed_member_is_marked_closed(as_finance, amina):
    amina.is_active = False
    amina.save()
    for url in (URL, page_of(amina)):
        assert "Closed" in text(as_finance.get(url))


def test_a_reveal_shows_the_number_once_and_is_audited(as_finance, amina, finance):
    response = as_finance.post(page_of(amina, "reveal"), {"reason": REASON})
    assert response.status_code == 200
    assert is_whole_page(response)
    assert "0712 000 001" in text(response)
    assert "amina@example.com" in text(response)
    assert "no-store" in response.headers["Cache-Control"]
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject) == ("reveal", f"member {amina.pk}")
    assert (event.actor, event.reason, event.ip_address) == (finance, REASON, "127.0.0.1")
    assert "712000001" not in str(event.facts)
    after = as_finance.get(page_of(amina))
    assert_masked(after, amina)
    assert REASON in text(after)
    assert "Phone revealed by Finance Person" in text(after)


def test_a_reveal_works_for_htmx(as_finance, amina):
    response = as_finance.post(
        page_of(amina, "reveal"), {"reason": REASON}, headers=htmx("contact")
    )
    assert is_part(response, "contact")
    assert "0712 000 001" in text(response)
    (card,) = elements(response, "section", id="acts", **{"hx-swap-oob": "true"})
    assert "Phone revealed by Finance Person" in words(card)
    again = as_finance.post(page_of(amina, "reveal"), {"reason": ""}, headers=htmx("contact"))
    assert not elements(again, "section", id="acts")
    whole = as_finance.post(page_of(amina, "reveal"), {"reason": REASON})
    assert len(elements(whole, "section", id="acts")) == 1


@pytest.mark.parametrize("act", ["reveal", "freeze", "unfreeze"])
def test_without_a_valid_reason_nothing_happens_and_the_text_stays(as_finance, amina, act):
    part = "contact" if act == "reveal" else "freezing"
    reasons = [None, "", "    ", "abcd", "a" * 501, "a\0bcdef", "line\nbreak"]
    for number, reason in enumerate(reasons):
        # A whole page for two of them, the part that htmx gets for all.
        for headers in (None, htmx(part)) if number < 2 else (htmx(part),):
            given = {} if reason is None else {"reason": reason}
            response = as_finance.post(page_of(amina, act), given, headers=headers)
            assert response.status_code == 422, reason
            assert problems(response), reason
            assert_masked(response, amina)
            assert is_part(response, part) == bool(headers)
    assert not AuditEvent.objects.acts().exists()
    assert not Account.objects.get(user=amina).is_frozen
    typed = as_finance.post(page_of(amina, act), {"reason": "abc"})
    assert 'value="abc"' in typed.text
    assert title(typed).startswith("Error: ")


def test_auditors_can_only_read(amina, auditor):
    client = signed_in(auditor)
    response = client.get(page_of(amina))
    assert response.status_code == 200
    assert not [form for form in elements(response, "form") if "/reveal/" in str(form.attributes)]
    assert not [form for form in elements(response, "form") if "freeze/" in str(form.attributes)]
    for act in ("reveal", "freeze", "unfreeze", "keep-frozen"):
        answer = client.post(page_of(amina, act), {"reason": REASON})
        assert answer.status_code == 403
        assert_masked(answer, amina)
    assert not AuditEvent.objects.acts().exists()
    assert not Account.objects.get(user=amina).is_frozen


def test_strangers_are_kept_out(amina, brian, operator, as_finance):
    for other in (amina, brian, operator):
        client = signed_in(other)
        for headers in (None, htmx("contact"), htmx("found")):
            assert client.get(URL, headers=headers).status_code == 403
            assert client.get(page_of(amina), headers=headers).status_code == 403
        for act in ("reveal", "freeze", "unfreeze", "keep-frozen"):
            answer = client.post(page_of(amina, act), {"reason": REASON})
            assert answer.status_code == 403
    as_finance.logout()
    for url in (URL, page_of(amina)):
        assert as_finance.get(url).headers["Location"].startswith("/accounts/login/")
    for act in ("reveal", "freeze", "unfreeze", "keep-frozen"):
        # The page keeps what was typed.
        answer = as_finance.post(page_of(amina, act), {"reason": REASON})
        assert (answer.status_code, REASON in answer.text) == (403, True)
        assert "/accounts/login/" in answer.text
        assert as_finance.get(page_of(amina, act)).status_code == 405
    assert not AuditEvent.objects.acts().exists()


def test_an_unknown_member_is_not_found(as_finance):
    for id in ("0", "999999999", "9" * 18, "9" * 19, "-1", "x"):
        assert as_finance.get(f"{URL}{id}/").status_code == 404, id
        for act in ("reveal", "freeze", "unfreeze", "keep-frozen"):
            answer = as_finance.post(f"{URL}{id}/{act}/", {"reason": REASON})
            assert answer.status_code == 404, (id, act)
