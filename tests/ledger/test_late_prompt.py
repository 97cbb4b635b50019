"""A deposit whose prompt didn't come says what to do, and a failed one keeps its amount."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse

from ledger.models import Attempt
from ledger.payouts import worker
from tests.factories import deposit, withdraw
from tests.ledger.support.payouts import now_is, say, script
from tests.pages import elements, fields, htmx, is_part, text, words
from wallet.models import User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

LATE = "I didn't get the prompt"


def sent(user: User, move=deposit, **more: str) -> Attempt:
    attempt = Attempt.objects.get(transaction=move(user, 1_250_00, **more))
    worker.do_due()
    attempt.refresh_from_db()
    return attempt


def url(attempt: Attempt) -> str:
    return f"/activity/{attempt.transaction.reference}/"


def link(response: HttpResponse, start: str) -> str:
    (found,) = [each for each in elements(response, "a") if words(each).startswith(start)]
    return dict(found.attributes)["href"]


def asked_by(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query)


def test_help_comes_after_a_minute(as_alice, alice, rail):
    attempt = sent(alice, description="For rent")
    now_is(attempt, seconds=55)
    page = as_alice.get(url(attempt))
    assert LATE not in text(page)
    now_is(attempt, seconds=10)
    (root,) = elements(page, id="receipt")
    page = as_alice.get(dict(root.attributes)["hx-get"], headers=htmx("receipt"))
    assert is_part(page, "receipt")
    said = text(page)
    assert LATE in said
    assert "Check your Paya messages." in said
    assert alice.phone not in page.text
    again = link(page, "Ask again for KES 1,250.00")
    assert asked_by(again) == {"amount": ["1,250.00"], "description": ["For rent"]}
    form = fields(as_alice.get(again))
    assert (form["amount"], form["description"]) == ("1,250.00", "For rent")


def test_no_help_once_it_has_ended_or_is_unknown(as_alice, alice, rail):
    attempt = sent(alice)
    now_is(attempt, minutes=5)
    assert LATE in text(as_alice.get(url(attempt)))
    say(rail, attempt)
    assert LATE not in text(as_alice.get(url(attempt)))
    script(rail, "lost")
    unknown = sent(alice)
    now_is(unknown, minutes=5)
    page = as_alice.get(url(unknown))
    assert LATE not in text(page)
    assert "/deposit/" not in page.text.partition("bottom-bar")[0].partition("<main")[2]


def test_a_withdrawal_has_no_prompt(as_alice, alice, rail):
    attempt = Attempt.objects.get(transaction=withdraw(alice, 1_00))
    worker.do_due()
    now_is(attempt, minutes=5)
    assert LATE not in text(as_alice.get(url(attempt)))


@pytest.mark.parametrize(("move", "again"), [(deposit, "Deposit"), (withdraw, "Withdraw")])
def test_a_failed_payment_keeps_the_amount(as_alice, alice, rail, move, again, settings):
    settings.RAIL = "simulated"
    deposit(alice, 1_000_00)
    settings.RAIL = rail.code
    rail.fails = lambda reference: True
    attempt = sent(alice, move, description="Rent & food")
    assert f"{again} again" not in text(as_alice.get(url(attempt)))
    say(rail, attempt)
    address = link(as_alice.get(url(attempt)), f"{again} again")
    assert asked_by(address) == {"amount": ["1,250.00"], "description": ["Rent & food"]}
    form = fields(as_alice.get(address))
    assert (form["amount"], form["description"]) == ("1,250.00", "Rent & food")


def test_a_paid_one_starts_with_an_empty_form(as_alice, alice, rail):
    attempt = sent(alice)
    say(rail, attempt)
    assert link(as_alice.get(url(attempt)), "Deposit again") == "/deposit/"
