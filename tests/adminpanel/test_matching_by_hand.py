"""Matching by hand and undoing it, and the next steps that end an exception."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.urls import reverse

from adminpanel.corrections import operations as corrections
from adminpanel.models import Correction, Match
from adminpanel.models.matches import Place
from adminpanel.reconciliation import by_hand, taking_in
from ledger.models import Arrival
from ledger.payouts import callbacks
from tests.adminpanel.support.matching import (
    Sheet,
    assert_adds_up,
    came_in,
    equation_of,
    new_receipt,
    of_place,
    one_of_each,
    places,
    went_out,
)
from tests.conftest import signed_in
from tests.ledger.support.arrivals import confirm
from tests.ledger.support.payouts import age, assert_right, suspense_cents
from wallet.context import Context
from wallet.errors import NotAllowed, Refusal, TooLate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def on_mpesa(settings):
    settings.RAIL = "mpesa"


@pytest.fixture
def sheet(alice):
    return one_of_each(alice)


def test_matching_by_hand_undoing_and_matching_again(sheet, wambui, joseph):
    statement = sheet.imported()
    [line], [entry] = of_place(Place.THEIRS), of_place(Place.OURS)
    made = by_hand.match(Context(wambui.pk), movement_ids=[line.pk, entry.pk])
    # The form sent twice is one match; a colleague who is late hears who was first.
    assert by_hand.match(Context(wambui.pk), movement_ids=[line.pk, entry.pk]) == made
    with pytest.raises(TooLate, match=wambui.name):
        by_hand.match(Context(joseph.pk), movement_ids=[line.pk, entry.pk])
    assert set(places()) == {"matched"}
    assert equation_of(statement).difference_cents == 5_000_00
    with pytest.raises(Refusal):
        by_hand.undo(Context(joseph.pk), match_id=made.pk)
    by_hand.undo(Context(joseph.pk, reason="Another customer"), match_id=made.pk)
    with pytest.raises(TooLate, match=joseph.name):
        by_hand.undo(Context(wambui.pk, reason="Too"), match_id=made.pk)
    assert [str(match.rule) for match in Match.objects.order_by("pk")] == [
        "receipt",
        "suggested",
        "undo",
    ]
    assert_adds_up(statement)
    # The worker leaves them to people now, also when a line comes with the receipt of one.
    late = Sheet(opening_cents=statement.closing_cents)
    late.say(entry.receipt, 250_00)
    late.imported()
    assert of_place(Place.OURS) == [entry]
    assert of_place(Place.THEIRS)[0] == line


def test_only_finance_matches_and_only_what_belongs_together(sheet, bob, wambui):
    sheet.imported()
    [line], [entry] = of_place(Place.THEIRS), of_place(Place.OURS)
    with pytest.raises(NotAllowed):
        by_hand.match(Context(bob.pk), movement_ids=[line.pk, entry.pk])
    with pytest.raises(Refusal, match="at least two"):
        by_hand.match(Context(wambui.pk), movement_ids=[line.pk])
    matched = of_place(Place.MATCHED)[0]
    with pytest.raises(TooLate):
        by_hand.match(Context(wambui.pk), movement_ids=[matched.pk, entry.pk])


def test_the_rail_is_asked_and_the_money_rests_in_suspense_matched(rail, alice, wambui):
    """The file names Alice's account number, and isn't believed."""
    sheet = Sheet(rail=rail.code)
    receipt = new_receipt()
    sheet.say(receipt, 300_00, account_number=alice.primary_account().number)
    statement = sheet.imported()
    [line] = of_place(Place.THEIRS)
    by_hand.ask_receipt(Context(wambui.pk), movement_id=line.pk)
    with pytest.raises(Refusal, match="can't be asked"):
        by_hand.ask_receipt(Context(wambui.pk), movement_id=line.pk)
    assert suspense_cents() == 0
    # An answer without our reference waits a while: it may be about a deposit of ours.
    assert confirm(rail, paybill=rail.paybill) is None
    age(days=1)
    assert callbacks.apply_waiting() == 1
    assert suspense_cents() == 300_00
    taking_in.take_in_due()
    assert places() == {"matched": [receipt, f"{receipt}!"]}
    assert Arrival.objects.get(receipt=receipt).transaction.type == "STRAY_IN"
    assert_adds_up(statement)
    assert_right()


def test_an_adjustment_finds_its_line_by_the_receipt_in_its_evidence(alice, wambui, joseph):
    came_in(alice, 900_00)
    payout, _record = went_out(alice, 300_00)
    sheet = Sheet()
    sheet.say(payout, -300_00, "Business Payment to Customer via API")
    sheet.say(payout, -5_00, "Business Payment Charge")
    differs, _record = came_in(alice, 200_00)
    sheet.say(differs, 220_00)
    statement = sheet.imported()
    [charge] = of_place(Place.CHARGE)
    [over] = [one for one in of_place(Place.DIFFERS) if one.is_line]
    client = signed_in(wambui)
    for movement in (charge, over):
        page = client.get(reverse("adminpanel:movement", args=[movement.pk]))
        form = client.get(page.context["steps"][-1].url).context["form"]
        entered = {name: form[name].value() or "" for name in form.fields} | {"reason": "Checked"}
        if movement == over:
            entered |= {"to": "wallet", "to_member": alice.email}
        answer = client.post(reverse("adminpanel:propose_adjustment"), entered)
        assert answer.status_code == 303
        corrections.approve(Context(joseph.pk), proposal_id=Correction.objects.latest("pk").pk)
    taking_in.take_in_due()
    assert set(places()) == {"matched", "ours"}
    assert equation_of(statement).unexplained_cents == 0
    assert {one.rule for one in Match.objects.filter(undone_by=None)} == {"receipt", "undo"}


@pytest.mark.django_db(transaction=True)
def test_of_two_people_at_the_same_moment_one_wins(sheet, wambui, joseph):
    sheet.imported()
    [line], [entry] = of_place(Place.THEIRS), of_place(Place.OURS)
    outcomes = []
    gate = threading.Barrier(2)

    def press(person):
        gate.wait()
        try:
            outcomes.append(by_hand.match(Context(person), movement_ids=[entry.pk, line.pk]))
        except TooLate as refused:
            outcomes.append(refused)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[one.pk]) for one in (wambui, joseph)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [late] = [one for one in outcomes if isinstance(one, TooLate)]
    [made] = [one for one in outcomes if isinstance(one, Match)]
    assert made.made_by_name in str(late)
    assert Match.objects.exclude(rule="receipt").count() == 1
