"""Looking people up without paying them has an end; paying them has none."""

import pytest
from django.test import Client

from tests.conftest import signed_in
from tests.factories import UserFactory, balance, send
from tests.ledger.support.typed import confirm, order, press
from tests.pages import elements, fields, htmx, is_part, is_whole_page, text, words
from wallet.models import User

pytestmark = pytest.mark.django_db

SENTENCE = (
    "You've looked up too many people without sending them money. Wait an hour, then try again. "
    "Nothing has moved."
)
NOBODY = "0722 999 888"


@pytest.fixture(autouse=True)
def three_an_hour(settings, time_machine):
    settings.PAYEE_LOOKUPS_PER_HOUR = 3
    time_machine.move_to("2026-11-20T09:10:00Z", tick=False)


@pytest.fixture
def people(db) -> list[User]:
    return [UserFactory(name=f"Person {letter}") for letter in "ABCDEF"]


def look_up(client: Client, login: str | None, headers=None):
    return press(client, "transfer", order("transfer", recipient=login or ""), headers)


def statuses(client: Client, people: list[User]) -> list[int]:
    return [look_up(client, person.phone).status_code for person in people]


def test_by_default_thirty_an_hour():
    from nissmart import settings

    assert settings.PAYEE_LOOKUPS_PER_HOUR == 30


def test_the_fourth_person_in_an_hour_is_not_shown(as_alice, people):
    assert statuses(as_alice, people) == [200, 200, 200, 429, 429, 429]
    answer = look_up(as_alice, people[5].phone)
    assert is_whole_page(answer)
    assert SENTENCE in text(answer)
    assert "Person" not in text(answer)
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert fields(answer)["recipient"] == people[5].phone
    assert fields(answer)["amount"] == "250"


def test_htmx_gets_the_part(as_alice, people):
    statuses(as_alice, people[:3])
    answer = look_up(as_alice, people[3].phone, htmx("move"))
    assert answer.status_code == 429
    assert is_part(answer, "move")
    assert SENTENCE in text(answer)
    (config,) = elements(as_alice.get("/transfer/"), "meta", name="htmx-config")
    assert '{"code":"429","swap":true}' in dict(config.attributes)["content"]


def test_members_and_strangers_are_answered_the_same(as_alice, people):
    statuses(as_alice, people[:3])
    answers = [look_up(as_alice, login) for login in (people[3].phone, NOBODY, "x@example.com")]
    said = {text(answer) for answer in answers}
    assert {answer.status_code for answer in answers} == {429}
    assert len(said) == 1


def test_numbers_of_nobody_count_too(as_alice):
    tried = [look_up(as_alice, f"0722 999 88{digit}").status_code for digit in range(5)]
    assert tried == [422, 422, 422, 429, 429]


def test_a_confirmation_is_no_way_around(as_alice, people):
    statuses(as_alice, people[:3])
    answer = confirm(as_alice, "transfer", order("transfer", people[3], amount="9999"))
    assert answer.status_code == 429
    assert balance(people[3]) == 0


def test_the_same_person_again_costs_nothing(as_alice, people):
    for amount in range(1, 12):
        filled = order("transfer", people[0], amount=str(amount))
        assert press(as_alice, "transfer", filled).status_code == 200
    assert statuses(as_alice, people[1:]) == [200, 200, 429, 429, 429]


def test_a_reviewed_payment_goes_through_at_the_limit(as_alice, people):
    review = look_up(as_alice, people[0].phone)
    assert statuses(as_alice, people[1:4]) == [200, 200, 429]
    assert confirm(as_alice, "transfer", fields(review)).status_code == 303
    assert balance(people[0]) == 250_00


def test_so_does_one_reviewed_before_the_hour_turned(as_alice, people, time_machine):
    review = look_up(as_alice, people[0].phone)
    time_machine.move_to("2026-11-20T10:01:00Z", tick=False)
    assert statuses(as_alice, people[1:5]) == [200, 200, 200, 429]
    assert confirm(as_alice, "transfer", fields(review)).status_code == 303


def test_whoever_is_paid_is_not_counted(as_alice, people):
    for person in people:
        filled = order("transfer", person, amount="1")
        assert press(as_alice, "transfer", filled).status_code == 200
        assert confirm(as_alice, "transfer", filled).status_code == 303
    assert statuses(as_alice, [UserFactory() for _ in range(4)]) == [200, 200, 200, 429]


def test_a_receipt_asked_for_again_gives_nothing_back(as_alice, people):
    paid = order("transfer", people[0], amount="1")
    press(as_alice, "transfer", paid)
    for _ in range(4):
        confirm(as_alice, "transfer", paid)
    assert statuses(as_alice, people[1:]) == [200, 200, 429, 429, 429]


def test_paying_the_same_person_over_and_over_gives_one_back_each(as_alice, people):
    """Otherwise a cent to a friend would buy a look at a stranger."""
    for _ in range(5):
        confirm(as_alice, "transfer", order("transfer", people[0], amount="0.01"))
    assert statuses(as_alice, people[1:]) == [200, 200, 200, 429, 429]


def test_whom_one_has_sent_to_is_no_look_up(as_alice, alice, bob, people):
    record = send(alice, bob, 1_00)
    statuses(as_alice, people[:3])
    review = press(as_alice, "transfer", order("transfer", again=record.reference))
    assert "Bob O." in text(review)


def test_the_next_hour_is_a_new_one(as_alice, people, time_machine):
    assert statuses(as_alice, people[:4]) == [200, 200, 200, 429]
    time_machine.move_to("2026-11-20T10:00:00Z", tick=False)
    assert statuses(as_alice, people[3:]) == [200, 200, 200]


def test_each_member_is_counted_by_themself(as_alice, bob, people):
    statuses(as_alice, people[:3])
    assert statuses(signed_in(bob), people[:3]) == [200 if balance(bob) else 422] * 3


def test_other_moves_are_not_counted(as_alice, people):
    statuses(as_alice, people[:3])
    for move in ("deposit", "withdraw"):
        assert press(as_alice, move, order(move)).status_code == 200


def test_zero_is_no_limit(as_alice, people, settings):
    settings.PAYEE_LOOKUPS_PER_HOUR = 0
    assert statuses(as_alice, people) == [200] * 6


def test_the_sentence_stands_where_reading_begins(as_alice, people):
    statuses(as_alice, people[:3])
    (summary,) = elements(look_up(as_alice, NOBODY), "div", class_="error-summary")
    assert SENTENCE in words(summary)
    assert dict(summary.attributes)["role"] == "alert"
