"""A member may look up only so many new people an hour and a day, paid or not."""

from hashlib import sha256

import pytest
from django.test import Client

from tests.conftest import signed_in
from tests.factories import UserFactory, balance, send
from tests.ledger.support.typed import confirm, order, press
from tests.pages import elements, fields, htmx, is_part, is_whole_page, text, words
from wallet.models import RateWindow, User

pytestmark = pytest.mark.django_db

SENTENCE = (
    "You've looked up too many new people. Nothing has moved. Wait 50 minutes, then try again."
)
UNKNOWN = "0722 999 888"


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


def test_the_default_limits_are_thirty_an_hour_and_sixty_a_day():
    from nissmart import settings

    assert (settings.PAYEE_LOOKUPS_PER_HOUR, settings.PAYEE_LOOKUPS_PER_DAY) == (30, 60)


def test_the_fourth_look_up_in_an_hour_shows_no_name(as_alice, people):
    assert statuses(as_alice, people) == [200, 200, 200, 429, 429, 429]
    answer = look_up(as_alice, people[5].phone)
    assert is_whole_page(answer)
    assert SENTENCE in text(answer)
    assert "Person" not in text(answer)
    assert answer.headers["Retry-After"] == "3000"
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


def test_at_the_limit_members_and_unknown_people_get_the_same_answer(as_alice, people):
    statuses(as_alice, people[:3])
    answers = [look_up(as_alice, login) for login in (people[3].phone, UNKNOWN, "x@example.com")]
    said = {text(answer) for answer in answers}
    assert {answer.status_code for answer in answers} == {429}
    assert len(said) == 1


def test_unknown_phone_numbers_count_too(as_alice):
    found = [look_up(as_alice, f"0722 999 88{digit}").status_code for digit in range(5)]
    assert found == [422, 422, 422, 429, 429]


def test_a_confirmation_does_not_get_around_the_limit(as_alice, people):
    statuses(as_alice, people[:3])
    answer = confirm(as_alice, "transfer", order("transfer", people[3], amount="9999"))
    assert answer.status_code == 429
    assert balance(people[3]) == 0


def test_looking_up_the_same_person_again_does_not_count(as_alice, people):
    for amount in range(1, 12):
        filled = order("transfer", people[0], amount=str(amount))
        assert press(as_alice, "transfer", filled).status_code == 200
    assert statuses(as_alice, people[1:]) == [200, 200, 429, 429, 429]


def test_every_spelling_of_a_login_is_the_same_person(as_alice, people):
    phone, email = people[0].phone, people[0].email
    spellings = [phone, "0" + phone[4:], f"0{phone[4:7]} {phone[7:]}", f"Tel: {phone}"]
    assert {look_up(as_alice, login).status_code for login in spellings} == {200}
    assert {look_up(as_alice, login).status_code for login in (email, email.upper())} == {200}
    assert statuses(as_alice, people[1:3]) == [200, 429]


def test_the_stored_key_is_no_plain_hash_of_the_phone_number(as_alice, people):
    look_up(as_alice, people[0].phone)
    hashed = sha256(people[0].phone.encode()).hexdigest()[:32]
    assert not RateWindow.objects.filter(key__contains=hashed).exists()


def test_a_reviewed_payment_goes_through_at_the_limit(as_alice, people):
    review = look_up(as_alice, people[0].phone)
    assert statuses(as_alice, people[1:4]) == [200, 200, 429]
    assert confirm(as_alice, "transfer", fields(review)).status_code == 303
    assert balance(people[0]) == 250_00


def test_a_payment_reviewed_in_the_hour_before_goes_through_at_the_limit(
    as_alice, people, time_machine
):
    review = look_up(as_alice, people[0].phone)
    time_machine.move_to("2026-11-20T10:01:00Z", tick=False)
    assert statuses(as_alice, people[1:5]) == [200, 200, 200, 429]
    assert confirm(as_alice, "transfer", fields(review)).status_code == 303


def test_a_new_person_who_is_paid_counts_too(as_alice, people):
    """Otherwise each name would cost a payment, and nothing else."""
    for person in people[:3]:
        filled = order("transfer", person, amount="1")
        assert press(as_alice, "transfer", filled).status_code == 200
        assert confirm(as_alice, "transfer", filled).status_code == 303
    assert statuses(as_alice, people[3:]) == [429] * 3


def test_a_person_paid_before_does_not_count(as_alice, alice, people):
    for person in people[:4]:
        send(alice, person, 1_00)
    assert statuses(as_alice, [*people[:4], *people[:4]]) == [200] * 8
    assert statuses(as_alice, [people[4], people[5], UserFactory(), UserFactory()]) == [
        *[200] * 3,
        429,
    ]


def test_a_day_has_its_own_limit(as_alice, people, settings, time_machine):
    settings.PAYEE_LOOKUPS_PER_DAY = 4
    assert statuses(as_alice, people[:4]) == [200, 200, 200, 429]
    time_machine.move_to("2026-11-20T12:00:00Z", tick=False)
    assert statuses(as_alice, people[3:]) == [200, 429, 429]
    assert "Wait 12 hours, then try again." in text(look_up(as_alice, people[5].phone))
    time_machine.move_to("2026-11-21T00:00:00Z", tick=False)
    assert statuses(as_alice, people[4:]) == [200, 200]


def test_sending_again_to_an_earlier_payee_is_no_look_up(as_alice, alice, bob, people):
    record = send(alice, bob, 1_00)
    statuses(as_alice, people[:3])
    review = press(as_alice, "transfer", order("transfer", again=record.reference))
    assert "Bob O." in text(review)


def test_the_count_starts_again_each_hour(as_alice, people, time_machine):
    assert statuses(as_alice, people[:4]) == [200, 200, 200, 429]
    time_machine.move_to("2026-11-20T10:00:00Z", tick=False)
    assert statuses(as_alice, people[3:]) == [200, 200, 200]


def test_each_member_has_their_own_count(as_alice, bob, people):
    statuses(as_alice, people[:3])
    assert statuses(signed_in(bob), people[:3]) == [200 if balance(bob) else 422] * 3


def test_deposits_and_withdrawals_are_not_limited(as_alice, people):
    statuses(as_alice, people[:3])
    for move in ("deposit", "withdraw"):
        assert press(as_alice, move, order(move)).status_code == 200


def test_a_limit_of_zero_means_no_limit(as_alice, people, settings):
    settings.PAYEE_LOOKUPS_PER_HOUR = settings.PAYEE_LOOKUPS_PER_DAY = 0
    assert statuses(as_alice, people) == [200] * 6


def test_the_sentence_is_in_the_error_summary(as_alice, people):
    statuses(as_alice, people[:3])
    (summary,) = elements(look_up(as_alice, UNKNOWN), "div", class_="error-summary")
    assert SENTENCE in words(summary)
    assert dict(summary.attributes)["role"] == "alert"
