"""A transaction's page: its steps, its reversal, related transactions and staff notes."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from adminpanel.models import Note
from adminpanel.reversals import operations as reversals
from adminpanel.transactions import notes
from ledger import operations
from ledger.models import Transaction
from tests.adminpanel.support.proposals import propose
from tests.books import nothing_moves
from tests.conftest import signed_in, staff
from tests.factories import deposit, send, withdraw
from tests.pages import elements, htmx, is_part, is_whole_page, problems, text, words
from tests.unsettled import with_status
from wallet.context import Context
from wallet.models import AuditEvent
from wallet.operations import freeze

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def url(record, act: str = "") -> str:
    return f"/panel/transactions/{record.reference}/{act and f'{act}/'}"


def section(response, name: str) -> str:
    """The words of the section under this heading."""
    for part in elements(response, "section"):
        if dict(part.attributes).get("aria-labelledby") == f"{name}-title":
            return words(part)
    raise AssertionError(f"no section {name}")


def test_each_step_shows_who_and_when(record, as_wambui, wambui, joseph):
    reversals.approve(Context(joseph.pk), proposal_id=propose(record, wambui).pk)
    (track,) = elements(as_wambui.get(url(record)), "ol", class_="track")
    steps = [words(step) for step in track.children if not isinstance(step, str)]
    reversal = Transaction.objects.get(reverses=record)
    for step, (what, who) in zip(
        steps,
        [
            ("Created", "by Alice Wanjiku"),
            ("Complete", "by Nissmart"),
            ("Reversal proposed", "by Wambui Kariuki Sent twice."),
            ("Reversal approved", "by Joseph Kiprono"),
            ("Reversal posted", f"by Joseph Kiprono {reversal.reference}"),
        ],
        strict=True,
    ):
        assert step.startswith(f"{what} {who}"), step
        assert step[-3] == ":", step


def test_denials_and_withdrawals_are_steps_too(record, as_wambui, wambui, joseph):
    reversals.deny(Context(joseph.pk, reason="Why?"), proposal_id=propose(record, wambui).pk)
    reversals.withdraw(Context(wambui.pk), proposal_id=propose(record, wambui).pk)
    page = section(as_wambui.get(url(record)), "timeline")
    assert "Reversal denied by Joseph Kiprono Why?" in page
    assert "Proposal withdrawn by Wambui Kariuki" in page


def test_a_pending_step_says_not_yet(as_wambui, alice):
    pending = with_status(withdraw(alice, 5_00), "PENDING")
    assert "Processing (not yet)" in section(as_wambui.get(url(pending)), "timeline")


def test_a_reversal_and_its_original_show_each_other(record, as_wambui, wambui, joseph):
    reversals.approve(Context(joseph.pk), proposal_id=propose(record, wambui).pk)
    reversal = Transaction.objects.get(reverses=record)
    assert f"Reversed by {reversal.reference}" in section(as_wambui.get(url(record)), "reversal")
    assert f"This reverses {record.reference}" in section(as_wambui.get(url(reversal)), "reversal")
    assert "Complete Reversed" in text(as_wambui.get(url(record)))


def test_a_reversal_says_who_proposed_and_approved_it(
    record, as_wambui, wambui, joseph, alice, bob
):
    deposit(bob, 1_00)
    reversals.deny(Context(joseph.pk, reason="Not yet."), proposal_id=propose(record, wambui).pk)
    proposal = propose(record, wambui)
    reversals.approve(Context(joseph.pk), proposal_id=proposal.pk)
    page = as_wambui.get(url(Transaction.objects.get(reverses=record)))
    card = section(page, "reversal")
    assert "Sent twice. Proposed by Wambui Kariuki," in card
    assert "Approved by Joseph Kiprono," in card
    links = [dict(link.attributes)["href"] for link in elements(page, "a")]
    assert f"/panel/reversals/{proposal.pk}/" in links
    acts = section(page, "audit")
    assert [acts.count(f"Reversal {act}") for act in ("proposed", "approved", "posted")] == [1] * 3
    assert "denied" not in acts
    (track,) = elements(page, "ol", class_="track")
    steps = [words(step) for step in track.children if not isinstance(step, str)]
    assert [step.partition(" by ")[0] for step in steps] == [
        "Reversal proposed",
        "Reversal approved",
        "Reversal posted",
    ]
    references = section(page, "references")
    people = [
        "Proposed by Wambui Kariuki",
        "Approved by Joseph Kiprono",
        "Posted by Joseph Kiprono",
    ]
    assert " ".join(people) in references
    assert "Created by" not in text(page)


def test_a_reversal_without_a_proposal_has_only_a_poster(record, as_wambui, alice):
    reversal = operations.reverse(Context(alice.pk), transaction_id=record.pk)
    page = as_wambui.get(url(reversal))
    assert section(page, "timeline").startswith("Timeline Reversal posted by Alice Wanjiku")
    assert "Posted by Alice Wanjiku" in section(page, "references")
    assert "Created by" not in text(page)


def test_a_reversal_is_not_a_related_transaction(record, as_wambui, wambui, joseph, alice, bob):
    other = send(bob, alice, 1_00)
    deposit(bob, 1_00)
    reversals.approve(Context(joseph.pk), proposal_id=propose(record, wambui).pk)
    for one in (record, Transaction.objects.get(reverses=record)):
        related = section(as_wambui.get(url(one)), "related")
        assert related.count("NS-") == 1
        assert other.reference in related


def test_a_frozen_party_is_marked_frozen(record, as_wambui, bob, wambui):
    assert "Frozen" not in section(as_wambui.get(url(record)), "parties")
    freeze(Context(wambui.pk, reason="Lost phone"), bob.primary_account().pk)
    assert "Bob Otieno Frozen" in section(as_wambui.get(url(record)), "parties")


def test_an_earlier_proposal_is_listed(record, as_wambui, wambui, joseph):
    reversals.deny(Context(joseph.pk, reason="Why?"), proposal_id=propose(record, wambui).pk)
    assert "Proposed by Wambui Kariuki, " in section(as_wambui.get(url(record)), "reversal")


def test_the_page_shows_the_rail(record, as_finance, alice):
    paid_out = as_finance.get(url(withdraw(alice, 5_00)))
    assert "Rail Simulated rail" in section(paid_out, "references")
    assert "Rail" not in section(as_finance.get(url(record)), "references")


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("PENDING", "This withdrawal isn't complete yet."),
        ("FAILED", "the money is back in the wallet"),
        ("SUCCESS", "This money has left Nissmart"),
    ],
)
def test_the_page_says_why_a_withdrawal_cannot_be_reversed(as_wambui, alice, status, sentence):
    page = as_wambui.get(url(with_status(withdraw(alice, 5_00), status)))
    assert sentence in section(page, "reversal")
    assert "Propose a reversal" not in text(page)


def test_the_latest_five_transactions_between_both_members_are_related(
    record, as_wambui, alice, bob, carol
):
    deposit(bob, 50_00)
    expected = [send(bob, alice, 1_00), send(alice, bob, 2_00)]
    expected += [send(alice, bob, 3_00) for _ in range(4)]
    elsewhere = [send(alice, carol, 1_00), deposit(alice, 1_00), withdraw(alice, 1_00)]
    page = section(as_wambui.get(url(record)), "related")
    shown = [one.reference for one in [*expected, record, *elsewhere] if one.reference in page]
    assert shown == [one.reference for one in expected[1:]]


def test_much_older_transactions_are_not_related(as_wambui, alice, bob, time_machine):
    time_machine.move_to("2030-01-01T09:00:00+00:00")
    old = send(alice, bob, 1_00)
    time_machine.move_to("2030-03-01T09:00:00+00:00")
    fresh = send(alice, bob, 1_00)
    reader = signed_in(staff("finance", "Zuri Third"))
    assert old.reference not in section(reader.get(url(fresh)), "related")
    assert fresh.reference in section(reader.get(url(old)), "related")


def test_phone_numbers_are_masked(record, as_wambui, alice, bob):
    page = as_wambui.get(url(record)).text
    for member in (alice, bob):
        assert member.phone not in page
        assert member.phone[-9:] not in page.replace(" ", "")
        assert f"*** {member.phone[-3:]}" in page


def test_finance_writes_a_note(record, as_wambui, wambui):
    with nothing_moves():
        response = as_wambui.post(url(record, "notes"), {"note-text": "Called.\r\nNo answer."})
    assert (response.status_code, response.headers["Location"]) == (303, url(record))
    note = Note.objects.get()
    assert (note.text, note.author, note.transaction) == ("Called.\nNo answer.", wambui, record)
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject) == ("note", f"transaction {record.reference}")
    assert (event.actor, event.ip_address) == (wambui, "127.0.0.1")
    page = as_wambui.get(url(record))
    assert "Wambui Kariuki" in section(page, "notes")
    assert "Called." in section(page, "notes")
    assert "Note 127.0.0.1" in section(page, "audit")


def test_a_note_is_escaped(record, as_wambui):
    as_wambui.post(url(record, "notes"), {"note-text": "<script>alert(1)</script> & <b>"})
    page = as_wambui.get(url(record)).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in page


@pytest.mark.parametrize(
    "typed", ["", " \r\n ", "x" * 1001, "a\x07b", "a\0b", "\u202e", "y" * 5000]
)
@pytest.mark.parametrize("headers", [None, htmx("notes")])
def test_an_invalid_note_gets_one_sentence_and_stays(record, as_wambui, typed, headers):
    response = as_wambui.post(url(record, "notes"), {"note-text": typed}, headers=headers)
    assert response.status_code == 422
    assert len(problems(response)) == 1
    assert is_part(response, "notes") if headers else is_whole_page(response)
    if typed.isalpha():
        (box,) = elements(response, "textarea", name="note-text")
        assert words(box) == typed
    assert not Note.objects.exists()


def test_a_thousand_characters_with_line_breaks_fit(record, as_wambui):
    typed = "\r\n".join(["x"] * 500) + "y"
    assert as_wambui.post(url(record, "notes"), {"note-text": typed}).status_code == 303
    assert len(Note.objects.get().text) == 1000


def test_a_note_cannot_be_changed_or_deleted(record, wambui):
    note = notes.write(Context(wambui.pk), transaction_id=record.pk, text="Called.")
    for sql in (
        "UPDATE adminpanel_note SET text = 'x' WHERE id = %s",
        "DELETE FROM adminpanel_note WHERE id = %s",
    ):
        with (
            pytest.raises(DatabaseError, match="notes are never"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql, [note.pk])


def test_auditors_read_notes_and_only_finance_writes_them(record, wambui, auditor, alice, operator):
    notes.write(Context(wambui.pk), transaction_id=record.pk, text="Called.")
    page = signed_in(auditor).get(url(record))
    assert "Called." in section(page, "notes")
    assert "Add note" not in text(page)
    for person in (auditor, alice, operator):
        answer = signed_in(person).post(url(record, "notes"), {"note-text": "Mine."})
        assert answer.status_code == 403
    visitor = Client().post(url(record, "notes"), {"note-text": "Mine."})
    assert visitor.headers["Location"].startswith("/accounts/login/")
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(wambui)
    assert forged.post(url(record, "notes"), {"note-text": "Mine."}).status_code == 403
    assert Note.objects.count() == 1
    assert client_post(wambui, "/panel/transactions/NS-00000000/notes/") == 404


def client_post(user, path: str) -> int:
    return signed_in(user).post(path, {"note-text": "x"}).status_code


def test_the_number_of_queries_does_not_grow(
    record, as_wambui, alice, bob, wambui, joseph, django_assert_num_queries
):
    as_wambui.get(url(record))
    with django_assert_num_queries(19):
        as_wambui.get(url(record))
    for number in range(12):
        notes.write(Context(wambui.pk), transaction_id=record.pk, text=f"Number {number}")
        send(alice, bob, 1_00)
        reversals.deny(Context(joseph.pk, reason="No."), proposal_id=propose(record, wambui).pk)
    with django_assert_num_queries(19):
        as_wambui.get(url(record))
    propose(record, wambui)
    with django_assert_num_queries(17):
        as_wambui.get(url(record))
