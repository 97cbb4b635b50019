"""Programs get members' emails and phone numbers in full; browsers of staff get them masked."""

from __future__ import annotations

import pytest

from tests.api.support.calls import by_session, by_token, problem_of
from tests.factories import UserFactory
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db

WHOLE = ("jane@example.com", "+254712345678")
MASKED = ("j***@example.com", "0712 *** 678")


@pytest.fixture
def jane(db):
    return UserFactory(name="Jane Wanjiru", email=WHOLE[0], phone=WHOLE[1])


def contacts(caller, user) -> list[tuple[str, str]]:
    """The member's email and phone number, from the list and from the member's own URL."""
    listed = {each["id"]: each for each in caller.get("/api/users").json()["items"]}
    found = [listed[user.pk], caller.get(f"/api/users/{user.pk}").json()]
    return [(each["email"], each["phone"]) for each in found]


def names(caller, q: str) -> list[str]:
    return [each["name"] for each in caller.get("/api/users", q=q).json()["items"]]


@pytest.mark.parametrize("who", ["finance", "auditor"])
def test_a_staff_session_gets_masked_contacts(request, jane, who):
    person = request.getfixturevalue(who)
    caller = by_session(person)
    assert contacts(caller, jane) == [MASKED, MASKED]
    assert contacts(caller, person) == [(person.email, person.phone)] * 2
    assert caller.get(f"/api/balance/{jane.pk}").status_code == 200


def test_a_missing_contact_stays_null(finance):
    member = UserFactory(email=None, phone=None)
    assert contacts(by_session(finance), member) == [(None, None)] * 2


def test_programs_and_the_member_get_full_contacts(jane, finance):
    callers = [
        by_token(finance, "finance"),
        by_token(UserFactory(), "service"),
        by_token(jane),
        by_session(jane),
    ]
    for caller in callers:
        assert contacts(caller, jane) == [WHOLE, WHOLE]


def test_a_staff_session_finds_by_name_or_by_a_full_contact(jane, auditor):
    caller = by_session(auditor)
    for q in ("jane", "wanjiru JANE", "jane@example.com", "0712 345 678", "+254712345678"):
        assert names(caller, q) == ["Jane Wanjiru"], q
    for q in ("jane@", "@example.com", "712345", "2345678", "example"):
        assert names(caller, q) == [], q
    events = AuditEvent.objects.values_list("action", "subject", "actor")
    assert list(events) == [("look_up", f"member {jane.pk}", auditor.pk)] * 2


def test_a_staff_session_may_look_up_only_so_many_contacts(jane, auditor, settings):
    settings.CONTACT_LOOKUPS_PER_HOUR = 2
    caller = by_session(auditor)
    assert names(caller, "0712 001 678") == names(caller, "0712 002 678") == []
    answer = caller.get("/api/users", q="0712 345 678")
    problem_of(answer, 429, "rate_limited")
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert names(caller, "jane") == ["Jane Wanjiru"]


def test_a_finance_token_finds_by_a_part_of_a_contact(jane, finance, settings):
    settings.CONTACT_LOOKUPS_PER_HOUR = 1
    caller = by_token(finance, "finance")
    for q in ("jane@", "712345", "0712 345 678", "jane@example.com"):
        assert names(caller, q) == ["Jane Wanjiru"], q
    assert not AuditEvent.objects.filter(action="look_up").exists()
