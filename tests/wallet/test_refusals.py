"""Every refusal is one kind of exception: a code, a sentence, and a status on each side."""

from __future__ import annotations

import pytest

from wallet.errors import Busy, NotAllowed, OutcomeUnknown, Refusal, Taken, TooLate
from wallet.web.refusals import api_status, page_status


def test_facts_fill_the_blanks_of_its_sentence():
    refusal = TooLate("Already denied by {name}.", name="Joseph {Kiprono}")
    assert str(refusal) == "Already denied by Joseph {Kiprono}."
    assert refusal.facts == {"name": "Joseph {Kiprono}"}


def test_a_sentence_without_facts_is_taken_as_it_is():
    assert str(Refusal("{name} is no blank here")) == "{name} is no blank here"


def test_each_says_something_of_its_own():
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
    ],
)
def test_one_table_has_its_statuses(refusal, on_a_page, in_the_api):
    assert (page_status(refusal), api_status(refusal)) == (on_a_page, in_the_api)


def test_an_unknown_outcome_is_no_refusal():
    """Code that catches refusals says that nothing has moved."""
    assert not issubclass(OutcomeUnknown, Refusal)
