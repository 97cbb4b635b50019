"""The receipt of a payment polls until it has ended, and only its member sees it."""

from __future__ import annotations

import pytest
from django.test import override_settings

from ledger.models import Attempt
from ledger.payouts import worker
from tests.conftest import signed_in
from tests.factories import deposit, funded, withdraw
from tests.ledger.support.payouts import now_is, say, sent
from tests.ledger.support.receipts import ask_again, look, ordered, polls, url
from tests.pages import elements, htmx, is_part, is_whole_page, text, words

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


@pytest.mark.parametrize("move", [withdraw, deposit])
def test_a_poll_gets_an_empty_answer_until_something_changes(as_alice, alice, rail, move):
    attempt = ordered(alice, move)
    page = as_alice.get(url(attempt))
    again = ask_again(as_alice, page)
    assert (again.status_code, again.content) == (204, b"")
    worker.do_due()
    page = ask_again(as_alice, page)
    assert is_part(page, "receipt")
    assert ask_again(as_alice, page).status_code == 204
    say(rail, attempt)
    page = ask_again(as_alice, page)
    (root,) = elements(page, id="receipt")
    assert not {"hx-get", "hx-trigger", "data-poll"} & dict(root.attributes).keys()


def test_a_poll_announces_the_step(as_alice, alice, rail):
    attempt = sent(alice)
    (root,) = elements(as_alice.get(url(attempt)), id="receipt")
    assert dict(root.attributes)["data-say"] == "Processing. Paya is paying it out."


def test_only_htmx_gets_an_empty_answer(as_alice, alice, rail):
    attempt = ordered(alice)
    (root,) = elements(as_alice.get(url(attempt)), id="receipt")
    assert is_whole_page(as_alice.get(dict(root.attributes)["hx-get"]))


def test_polls_less_often_after_a_while(as_alice, alice, rail):
    attempt = sent(alice)
    page = as_alice.get(url(attempt))
    now_is(attempt, minutes=4)
    page = ask_again(as_alice, page)
    assert polls(page) == "every 15s"


def test_there_is_a_link_without_javascript(as_alice, alice, rail):
    attempt = sent(alice)
    page = as_alice.get(url(attempt))
    assert [words(link) for link in elements(page, "a", href=url(attempt))] == ["Refresh"]
    say(rail, attempt)
    assert not elements(as_alice.get(url(attempt)), "a", href=url(attempt))


def test_strangers_see_no_steps(rail, alice, bob, wambui):
    attempt = sent(alice)
    for stranger in (bob, wambui):
        for headers in (None, htmx("receipt")):
            assert signed_in(stranger).get(url(attempt), headers=headers).status_code == 404


def test_a_poll_after_signing_out_leads_to_sign_in(client, rail, alice):
    attempt = sent(alice)
    answer = client.get(url(attempt), headers=htmx("receipt"))
    assert answer.headers["HX-Redirect"].startswith("/accounts/login/")


# --- The simulated rail


@pytest.mark.parametrize("move", [withdraw, deposit])
@pytest.mark.parametrize("cents", [4_001_00, 4_002_00, 4_003_00])
def test_no_page_says_rail(alice, as_alice, move, cents):
    with override_settings(RAIL="simulated"):
        attempt = Attempt.objects.get(transaction=move(funded(alice, 9_000_00), cents))
        for _turn in range(2):
            said = text(look(as_alice, attempt)).lower()
            assert " rail" not in said
            assert "test mode" in said
            assert "left nissmart" not in said
            worker.do_due()
