"""The workspace: the equation, the places, its pages, and the next step for an exception."""

from __future__ import annotations

import os
import random
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as bounds
from hypothesis import strategies as st

from adminpanel.models import Match, Movement
from adminpanel.models.matches import Place
from adminpanel.reconciliation import badges, standing
from ledger.models import Transaction
from tests.adminpanel.support.matching import (
    Sheet,
    assert_adds_up,
    came_in,
    new_receipt,
    of_place,
    one_of_each,
    places,
    went_out,
)
from tests.conftest import signed_in
from tests.pages import elements

NIGHTLY = bool(os.environ.get("NIGHTLY"))
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def on_mpesa(settings):
    settings.RAIL = "mpesa"


@pytest.fixture
def sheet(alice):
    return one_of_each(alice)


def page_of(statement, tab=""):
    return reverse("adminpanel:workspace", args=[statement.pk]) + (f"?tab={tab}" if tab else "")


def test_the_difference_is_in_the_lines(sheet, alice):
    statement = sheet.imported()
    found = assert_adds_up(statement)
    assert found.difference_cents == 5_000_00
    assert {str(term.label): term.cents for term in found.terms} == {
        "Before the first statement": 5_000_00,
        "Ours only": -250_00,
        "Theirs only": 250_00,
    }
    # A movement that is nowhere is noticed.
    came_in(alice, 1_00)
    statement.cutoff.at = Movement.objects.latest("at").at.replace(year=2100)
    assert standing.equation(statement.cutoff).unexplained_cents == -1_00


def test_an_entry_whose_line_comes_in_the_next_statement_is_part_of_the_first_difference(alice):
    late, _record = came_in(alice, 70_00)
    first = Sheet().imported()
    second = Sheet()
    second.say(late, 70_00)
    last = second.imported()
    terms = [(str(term.label), term.cents) for term in assert_adds_up(first).terms]
    assert terms == [("Matched across this moment", -70_00)]
    assert assert_adds_up(last).difference_cents == 0


@pytest.mark.any_engine
def test_the_page_matches_and_undoes_without_javascript(sheet, wambui, auditor, alice):
    statement = sheet.imported()
    client = signed_in(wambui)
    page = client.get(page_of(statement)).text
    [line], [entry] = of_place(Place.THEIRS), of_place(Place.OURS)
    assert "add up to the difference, to the cent" in page
    assert f'value="{line.pk}"' in page
    assert f'value="{entry.pk}"' in page
    match_url = reverse("adminpanel:match_movements", args=[statement.pk])
    refused = client.post(match_url, {"movement": [line.pk]})
    assert refused.status_code == 422
    assert "at least two lines" in refused.text
    ticked = [dict(box.attributes) for box in elements(refused, "input", name="movement")]
    assert [box["value"] for box in ticked if "checked" in box] == [str(line.pk)]
    done = client.post(match_url, {"movement": [line.pk, entry.pk]}, follow=True)
    assert "Matched." in done.text
    assert "Nothing here." in done.text
    shown = client.get(reverse("adminpanel:movement", args=[line.pk])).text
    assert wambui.name in shown
    line.refresh_from_db()
    undo_url = reverse("adminpanel:undo_match", args=[line.pk])
    empty = client.post(undo_url, {"match": line.match_id})
    assert (empty.status_code, "Enter a reason." in empty.text) == (422, True)
    client.post(undo_url, {"match": line.match_id, "undo-reason": "Wrong one"})
    line.refresh_from_db()
    assert (line.place, line.by_hand_only) == ("theirs", True)
    assert 'name="movement"' not in signed_in(auditor).get(page_of(statement)).text
    for person in (auditor, alice):
        answer = signed_in(person).post(match_url, {"movement": [line.pk, entry.pk]})
        assert answer.status_code == 403
    assert signed_in(alice).get(page_of(statement)).status_code == 403


@pytest.mark.any_engine
def test_an_exception_has_an_owner_notes_and_a_form_that_is_filled_in(alice, wambui):
    came_in(alice, 900_00)
    sheet = Sheet()
    receipt, _record = went_out(alice, 300_00)
    sheet.say(receipt, -300_00, "Business Payment")
    sheet.say(receipt, -5_00, "Business Payment Charge")
    sheet.imported()
    [charge] = of_place(Place.CHARGE)
    client = signed_in(wambui)
    url = reverse("adminpanel:movement", args=[charge.pk])
    page = client.get(url)
    [step] = page.context["steps"]
    form = client.get(step.url).text
    assert f"Receipt {receipt}" in form
    assert 'value="5.00"' in form
    client.post(
        reverse("adminpanel:own_movement", args=[charge.pk]), {"own-owner": wambui.pk}, follow=True
    )
    client.post(reverse("adminpanel:note_movement", args=[charge.pk]), {"note-text": "Asked them"})
    page = client.get(url).text
    assert "Asked them" in page
    charge.refresh_from_db()
    assert charge.owner == wambui


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["both", "theirs", "ours", "differs", "twice", "charge", "reversed", "split"]
        ),
        st.integers(1, 900),
    ),
    max_size=8,
)


@bounds(
    max_examples=60 if NIGHTLY else 8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(events=st.tuples(EVENTS, EVENTS), gap=st.integers(-5, 5))
def test_whatever_happens_every_movement_has_one_place_and_the_sums_agree(alice, events, gap):
    """Two statements, one after the other; the second may lack something by itself."""
    start = Movement.objects.count()
    balance = Sheet().opening_cents
    known = standing.Cutoff.objects.order_by("-at").first()
    balance = known.closing_cents if known else balance
    for some, missing in zip(events, (0, gap), strict=True):
        sheet = Sheet(opening_cents=balance)
        for kind, shillings in some:
            happen(alice, sheet, kind, shillings * 100)
        total = sum(line["amount_cents"] for line in sheet.lines)
        balance += total + missing * 100
        statement = sheet.imported(balance)
        found = assert_adds_up(statement)
        assert found.statement_cents == balance
        in_places = sum(count for _place, count in standing.places(statement, statement.cutoff))
        assert in_places == standing.in_period(statement, statement.cutoff).count()
    assert Movement.objects.count() >= start
    for match in Match.objects.filter(undone_by=None, undoes=None):
        held = set(match.held.values_list("pk", flat=True))
        assert held == set(match.parts.values_list("movement", flat=True))


def happen(alice, sheet, kind, cents):
    receipt = new_receipt()
    if kind != "theirs":
        came_in(alice, cents, receipt)
    said = {
        "both": [cents],
        "theirs": [cents],
        "ours": [],
        "differs": [cents + 100],
        "twice": [cents, cents],
        "charge": [cents],
        "reversed": [cents],
        "split": [cents - 50, 50],
    }[kind]
    for each in said:
        sheet.say(receipt, each)
    if kind == "charge":
        sheet.say(receipt, -500, "Pay Bill Charge")
    if kind == "reversed":
        sheet.say(new_receipt(), -cents, "Transaction Reversal", linked_receipt=receipt)


@pytest.mark.slow
def test_finds_all_planted_faults_and_invents_none(alice):
    """Of hundreds of payments, only those with a fault are open, each as what it is."""
    dice = random.Random(13)
    sheet, planted = Sheet(), []
    for _number in range(600 if NIGHTLY else 40):
        kind = dice.choice(
            ["both"] * 3 + ["theirs", "ours", "differs", "twice", "charge", "reversed"]
        )
        happen(alice, sheet, kind, dice.randint(1, 90) * 100)
        planted.append(kind)
    statement = sheet.imported()
    expected = {
        "theirs": planted.count("theirs") + planted.count("reversed"),
        "ours": planted.count("ours"),
        "differs": 2 * planted.count("differs"),
        "duplicate": planted.count("twice"),
        "charge": planted.count("charge"),
    }
    found = {place: len(receipts) for place, receipts in places().items() if place != "matched"}
    assert found == {place: count for place, count in expected.items() if count}
    assert_adds_up(statement)


def test_transactions_show_whether_they_are_reconciled(sheet, alice, time_machine):
    sheet.imported()
    matched, fresh = list(Transaction.objects.filter(rail="mpesa").order_by("pk"))[-2:]
    names = {name: badges.BADGES[name] for name in ("matched", "unreconciled", "exception")}
    assert badges.of(matched).badge == names["matched"]
    assert badges.of(fresh).badge == names["unreconciled"]

    def found(name):
        return list(badges.narrow(Transaction.objects.all(), name))

    assert [found(name) for name in names] == [[matched], [fresh], []]
    # What the rail hasn't shown for a day is an exception by itself.
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    assert badges.of(fresh).badge == names["exception"]
    assert [found(name) for name in names] == [[matched], [], [fresh]]
