"""Home lists what is on its way, in and out, and follows it until it has ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.utils import timezone

from ledger.payouts import operations, worker
from ledger.views.home import LATEST, ON_ITS_WAY
from tests.conftest import signed_in
from tests.factories import deposit, send
from tests.ledger.support.payouts import decide, go_on, ordered, say, script
from tests.ledger.test_home_page import announcement, ask_again
from tests.pages import elements, find, htmx, text, words
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def groups(response: HttpResponse) -> dict[str, list[str]]:
    """The rows of the activity card, by the heading above them."""
    return {
        words(next(find(group, "h3"))): [words(row) for row in find(group, "a", class_="row")]
        for group in elements(response, "section", class_="day-group")
    }


def test_what_is_on_its_way_comes_first_and_once(as_alice, alice, rail):
    out, into = ordered(alice), ordered(alice, 20_00, deposit)
    worker.do_due()
    for page in (as_alice.get("/"), as_alice.get("/", headers=htmx("balance"))):
        listed = groups(page)
        assert list(listed) == ["On its way", "Today"]
        first, second = listed["On its way"]
        assert "Deposit Money in +KES 20.00 Check your phone" in first
        assert "Withdrawal Money out −KES 300.00 Processing" in second
        assert len(listed["Today"]) == 1
        links = [dict(row.attributes)["href"] for row in elements(page, "a", class_="row")]
        assert links[:2] == [f"/activity/{each.transaction.reference}/" for each in (into, out)]
        said = text(page)
        assert "On its way out KES 300.00" in said
        assert "KES 700.00" in said
        assert "Complete" not in said.partition("Money in: ")[0]


def test_it_moves_to_the_days_once_it_has_ended(as_alice, alice, rail):
    attempt = ordered(alice)
    page = as_alice.get("/")
    go_on(attempt)
    fresh = ask_again(as_alice, page)
    assert list(groups(fresh)) == ["Today"]
    assert len(groups(fresh)["Today"]) == 2
    assert announcement(fresh) == "Money out: Withdrawal, KES 300.00, Complete."
    assert ask_again(as_alice, fresh).status_code == 204


def test_each_stage_is_announced(as_alice, alice, rail, settings, wambui):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    page = as_alice.get("/")
    attempt = ordered(alice)
    page = ask_again(as_alice, page)
    assert announcement(page) == "Money out: Withdrawal, KES 300.00, Being checked."
    assert ask_again(as_alice, page).status_code == 204
    decide(operations.approve, wambui, attempt)
    page = ask_again(as_alice, page)
    assert announcement(page) == "Money out: Withdrawal, KES 300.00, Processing."
    script(rail, "done_but_lost")
    worker.do_due()
    page = ask_again(as_alice, page)
    assert announcement(page) == "Money out: Withdrawal, KES 300.00, Confirming."
    say(rail, attempt)
    assert announcement(ask_again(as_alice, page)).endswith("KES 300.00, Complete.")


def test_an_old_payment_is_still_listed(as_alice, alice, bob, rail):
    attempt = ordered(alice)
    for _each in range(LATEST + 2):
        send(alice, bob, 1_00)
    listed = groups(as_alice.get("/"))
    assert len(listed["On its way"]) == 1
    assert len(listed["Today"]) == LATEST
    assert attempt.state == "READY"


def test_many_are_cut_and_lead_to_the_rest(as_alice, alice, rail):
    for _each in range(ON_ITS_WAY + 2):
        ordered(alice, 1_00)
    page = as_alice.get("/")
    listed = groups(page)
    assert len(listed["On its way"]) == ON_ITS_WAY
    (more,) = elements(page, "a", href="/activity/?status=PENDING")
    assert words(more) == "See all on its way"
    assert "On its way out KES 7.00" in text(page)
    assert len(elements(as_alice.get("/activity/?status=PENDING"), "a", class_="row")) == 7
    assert ask_again(as_alice, page).status_code == 204


def test_a_first_deposit_takes_the_place_of_the_invitation(bob, rail):
    ordered(bob, move=deposit)
    said = text(signed_in(bob).get("/"))
    assert "Your wallet is ready" not in said
    assert "On its way" in said
    assert "KES 0.00" in said


def test_others_see_nothing_of_it(alice, carol, rail):
    ordered(alice)
    assert "On its way" not in text(signed_in(carol).get("/"))


def test_a_row_from_another_day_shows_the_day(as_alice, alice, rail):
    ordered(alice)
    with time_machine.travel(timezone.now() + timedelta(days=2)):
        ((row,), *_days) = groups(as_alice.get("/")).values()
    assert row.endswith(timezone.localtime().strftime("%-d %b"))


def test_lists_say_what_became_of_it(as_alice, alice, rail, settings, wambui):
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    cancelled, refused, held = ordered(alice, 1_00), ordered(alice, 2_00), ordered(alice, 3_00)
    operations.cancel(Context(alice.pk), transaction_id=cancelled.transaction_id)
    decide(operations.refuse, wambui, refused)
    for address in ("/", "/activity/"):
        rows = [words(row) for row in elements(as_alice.get(address), "a", class_="row")]
        for row, amount, word in zip(
            rows,
            ("3.00", "2.00", "1.00"),
            ("Being checked", "Not approved", "Cancelled"),
            strict=False,
        ):
            assert amount in row
            assert word in row
    assert held.state == "HELD"
