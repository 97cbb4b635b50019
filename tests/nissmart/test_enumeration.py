"""No one finds out who is a member by asking the Send page or the API, fast or slowly."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from statistics import median

import pytest
from django.http import HttpResponse

from tests.api.support.calls import by_token
from tests.conftest import signed_in
from tests.factories import UserFactory
from tests.ledger.support.typed import order, press
from wallet.models import User

# The clock of this thread sees SQLite's work, and no one else's.
pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

PAIRS = 100
# Enough for most runs. Only all of them tell noise from a difference.
FIRST_PAIRS = 30
KEY = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
RANDOM = re.compile(rf'(?<=name="csrfmiddlewaretoken" value=")\w+|{KEY}')


@pytest.fixture
def people(db) -> list[User]:
    made = [User(name=f"Member {n}", phone=f"+2547110{n:05}") for n in range(PAIRS)]
    for user in User.objects.bulk_create(made):
        user.accounts.create(kind="wallet")
    return made


def answers_of(ask: Callable[[str], HttpResponse], people: list[User]) -> dict[bool, list]:
    """The answer and the time it took, for members and for numbers that no member has."""
    found: dict[bool, list] = {True: [], False: []}
    for number, person in enumerate(people):
        if number == FIRST_PAIRS and take_as_long(found):
            break
        for is_member in (True, False):
            phone = person.phone if is_member else f"+2547220{number:05}"
            began = time.thread_time()
            answer = ask(str(phone))
            took_s = time.thread_time() - began
            found[is_member].append((answer.status_code, plain(answer, str(phone)), took_s))
    return found


def plain(answer: HttpResponse, phone: str) -> str:
    """The answer without the number that was typed and what is random."""
    return RANDOM.sub("", answer.text.replace(phone, "PHONE"))


def assert_alike(found: dict[bool, list], status: int) -> None:
    members, strangers = found[True], found[False]
    assert {each[0] for each in members + strangers} == {status}
    assert len({each[1] for each in members + strangers}) == 1
    assert take_as_long(found), [median(each[2] for each in side) for side in found.values()]


def take_as_long(found: dict[bool, list]) -> bool:
    fast, slow = sorted(median(each[2] for each in side) for side in found.values())
    return slow < 1.1 * fast


@pytest.fixture(params=["page", "API"])
def ask(request) -> Callable[[str], HttpResponse]:
    """Ask for a person with this phone number, from an empty wallet."""
    user = UserFactory()
    if request.param == "page":
        client = signed_in(user)
        return lambda phone: press(client, "transfer", order("transfer", recipient=phone))
    caller, body = by_token(user), {"from_user_id": user.pk, "amount_cents": 5_00}
    return lambda phone: caller.post("/api/transfer", body | {"to": phone})


def test_until_the_limit_an_empty_wallet_learns_nothing(ask, people, settings, request):
    settings.PAYEE_LOOKUPS_PER_HOUR = settings.PAYEE_LOOKUPS_PER_DAY = 1_000
    settings.API_CALLS_PER_MINUTE = dict.fromkeys(settings.API_CALLS_PER_MINUTE, 0)
    is_page = "page" in request.node.name
    assert_alike(answers_of(ask, people), 422 if is_page else 400)


def test_at_the_limit_no_one_learns_anything(ask, people, settings, time_machine):
    time_machine.move_to("2026-11-20T09:10:00Z", tick=False)
    settings.PAYEE_LOOKUPS_PER_HOUR = 1
    settings.API_CALLS_PER_MINUTE = dict.fromkeys(settings.API_CALLS_PER_MINUTE, 0)
    ask("+254733000000")
    assert_alike(answers_of(ask, people), 429)
