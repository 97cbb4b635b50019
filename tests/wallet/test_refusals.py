"""Every refusal is an exception with a code, a sentence, and a status for pages and the API."""

from __future__ import annotations

import pytest

from wallet.errors import Busy, NotAllowed, OutcomeUnknown, Refusal, Taken, TooLate
from wallet.web.rates import TooManyRequests
from wallet.web.refusals import api_status, page_status


def test_facts_fill_the_placeholders_of_the_sentence():
    refusal = TooLate("Already denied by {name}.", name="Joseph {Kiprono}")
    assert str(refusal) == "Already denied by Joseph {Kiprono}."
    assert refusal.facts == {"name": "Joseph {Kiprono}"}


def test_a_sentence_without_facts_is_used_unchanged():
    assert str(Refusal("{name} isn't filled in")) == "{name} isn't filled in"


def test_each_refusal_has_its_own_sentence():
    assert str(Taken("phone")) == "This phone number already has an account."
    assert str(Taken("email")) == "This email already has an account."
    assert Taken("email").field == "email"
    assert str(Busy()).startswith("Nissmart is busy")


@pytest.mark.parametrize(
    ("refusal", "on_a_page", "in_the_api"),
    [
        (Refusal("No."), 422, 400),
        (Taken("phone"), 422, 400),
        (NotAllowed("No."), 403, 403),
        (TooLate("No."), 409, 409),
        (Busy(), 503, 503),
        (TooManyRequests(40), 429, 429),
    ],
)
def test_each_refusal_has_a_status_on_pages_and_in_the_api(refusal, on_a_page, in_the_api):
    assert (page_status(refusal), api_status(refusal)) == (on_a_page, in_the_api)


@pytest.mark.parametrize(
    ("wait_s", "words"),
    [
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (3600, "60 minutes"),
    ],
)
def test_too_many_requests_say_how_long_to_wait(wait_s, words):
    assert str(TooManyRequests(wait_s)) == f"Too many requests. Wait {words}, then try again."


def test_an_unknown_outcome_is_not_a_refusal():
    """Code that catches refusals says that nothing has moved, which may be wrong here."""
    assert not issubclass(OutcomeUnknown, Refusal)
