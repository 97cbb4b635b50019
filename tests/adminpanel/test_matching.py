"""Statement lines and ledger movements find each other, and each ends in exactly one place."""

from __future__ import annotations

import pytest

from adminpanel.models import Match, Movement
from adminpanel.models.matches import Place
from adminpanel.reconciliation import matching, standing, taking_in
from tests.adminpanel.support.claims import approved
from tests.adminpanel.support.matching import Sheet, came_in, new_receipt, places, went_out
from tests.factories import balance

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def on_mpesa(settings):
    settings.RAIL = "mpesa"


def test_finds_every_kind_of_fault_and_no_other(alice, bob):
    sheet = Sheet()
    deposit, _record = came_in(alice, 900_00)
    sheet.say(deposit, 900_00)
    payout, _record = went_out(alice, 500_00, 9_00)
    sheet.say(payout, -500_00, "Business Payment to Customer via API")
    sheet.say(payout, -9_00, "Business Payment Charge")
    lacking, _record = came_in(alice, 11_00)
    extra = new_receipt()
    sheet.say(extra, 250_00)
    differs, _record = came_in(alice, 200_00)
    sheet.say(differs, 2_000_00)
    uncharged, _record = went_out(alice, 300_00)
    sheet.say(uncharged, -300_00, "Business Payment to Customer via API")
    sheet.say(uncharged, -5_00, "Business Payment Charge")
    twice, _record = came_in(bob, 70_00)
    sheet.say(twice, 70_00)
    sheet.say(twice, 70_00, details="the same once more")
    back = new_receipt()
    sheet.say(back, -70_00, "Transaction Reversal", linked_receipt=twice)
    split, _record = came_in(bob, 100_00)
    sheet.say(split, 60_00)
    sheet.say(split, 40_00, details="the rest")
    lump, _record = went_out(alice, 100_00, 5_00)
    sheet.say(lump, -105_00, "Business Payment to Customer via API")
    sheet.say(new_receipt(), 1_00, counts=False, status="Failed")
    sheet.imported()
    assert places() == {
        "matched": sorted(
            [
                *(deposit, f"{deposit}!", payout, payout, f"{payout}!", f"{payout}!"),
                *(twice, f"{twice}!", split, split, f"{split}!"),
                *(lump, f"{lump}!", f"{lump}!", uncharged, f"{uncharged}!"),
            ]
        ),
        "ours": [f"{lacking}!"],
        "theirs": sorted([extra, back]),
        "differs": sorted([differs, f"{differs}!"]),
        "duplicate": [twice],
        "charge": [uncharged],
    }
    # Again changes nothing, and each match knows what made it.
    before = list(Match.objects.values())
    assert taking_in.take_in_due() == 0
    assert list(Match.objects.values()) == before
    assert {match["rule"] for match in before} == {"receipt"}


def test_a_partly_reversed_deposit_stays_matched(alice, bob, wambui, joseph):
    """The part went into suspense, and no float moved. So no statement says anything of it."""
    sheet = Sheet()
    receipt, record = came_in(bob, 300_00)
    sheet.say(receipt, 300_00)
    sheet.imported()
    for cents in (120_00, 80_00):
        assert approved(record, wambui, joseph, cents=cents).state == "POSTED"
    another, _record = came_in(alice, 50_00)
    second = Sheet(opening_cents=300_00)
    second.say(another, 50_00)
    statement = second.imported()
    assert balance(bob) == 100_00
    assert places() == {"matched": sorted([receipt, f"{receipt}!", another, f"{another}!"])}
    assert not Match.objects.filter(rule="undo").exists()
    found = standing.equation(statement.cutoff)
    assert (found.difference_cents, found.unexplained_cents) == (0, 0)


def test_a_late_line_and_a_late_entry_are_matched_when_they_come(alice):
    first = Sheet()
    late_line, _record = came_in(alice, 100_00)
    late_entry = new_receipt()
    first.say(late_entry, 40_00)
    first.imported()
    assert places() == {"ours": [f"{late_line}!"], "theirs": [late_entry]}
    came_in(alice, 40_00, late_entry)
    second = Sheet(opening_cents=40_00)
    second.say(late_line, 100_00)
    second.imported()
    assert set(places()) == {"matched"}


def test_a_statement_that_waited_while_the_worker_died_is_taken_in_later():
    first, second = Sheet(), Sheet()
    first.say(new_receipt(), 40_00)
    second.say(new_receipt(), 60_00)
    both = [sheet.imported(take_in=False) for sheet in (first, second)]
    for statement in both:
        taking_in.begin(statement)
    taking_in.take_lines(both[0])
    taking_in.write_cutoffs(both[0])
    assert taking_in.take_in_due() == 1
    assert Movement.objects.count() == 2


def test_a_payout_that_differs_is_no_charge_and_its_charge_stays_apart(alice):
    """The member's note says "fees", and the charge isn't booked."""
    came_in(alice, 900_00)
    payout, _record = went_out(alice, 300_00)
    sheet = Sheet()
    kind = "Business Payment to Customer via API"
    sheet.say(payout, -310_00, kind, details="Payout to Jane, school fees")
    sheet.say(payout, -9_00, "Business Payment Charge")
    sheet.imported()
    assert places()["differs"] == sorted([payout, f"{payout}!"])
    assert places()["charge"] == [payout]


def test_our_reference_in_the_words_of_a_line_matches(alice):
    came_in(alice, 900_00)
    record = went_out(alice, 120_00)[1]
    sheet = Sheet()
    sheet.say(new_receipt(), -120_00, details=f"Payout {record.attempt.reference}, as ordered")
    sheet.say(new_receipt(), -120_00, details=f"Payout {record.attempt.reference}, once more")
    sheet.imported()
    assert Movement.objects.filter(place=Place.MATCHED).count() == 2
    assert Movement.objects.get(place=Place.DUPLICATE).amount_cents == -120_00
    match = Match.objects.get()
    assert (match.rule, match.why) == ("reference", record.attempt.reference)


def test_amount_phone_and_time_only_suggest(alice):
    came_in(alice, 900_00)
    _receipt, record = went_out(alice, 130_00)
    sheet = Sheet()

    sheet.say(new_receipt(), -130_00, party=f"{alice.phone[1:5]}****{alice.phone[-4:]} - A")
    sheet.say(new_receipt(), -130_00, party="2547****0000 - B")
    sheet.imported()
    assert not Match.objects.exists()
    suggested = Movement.objects.get(suggests__isnull=False)
    assert suggested.suggests.transaction == record
    assert "phone" in suggested.suggestion


def test_what_many_lines_share_is_no_name(alice, monkeypatch):
    monkeypatch.setattr(matching, "NAMESAKES_AT_MOST", 3)
    receipt, _record = came_in(alice, 900_00)
    sheet = Sheet()
    for number in range(4):
        sheet.say(receipt, 900_00, kind=f"Reason {number}")
    sheet.imported()
    assert not Match.objects.exists()
    assert Movement.objects.lines().count() == 4
