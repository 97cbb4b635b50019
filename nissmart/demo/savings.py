"""What the demo's members save for: a goal in each state. The story moves the money."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from ledger import operations
from ledger.models import Goal, Picture
from ledger.querysets import nairobi_day
from ledger.savings import automatic
from ledger.savings import operations as savings
from wallet.context import Context
from wallet.models import Account, User

AMINA, BRIAN = "amina@example.com", "brian@example.com"
SCHOOL, PHONE, EMERGENCIES = "School fees", "New phone", "Emergencies"
BODA, BIRTHDAY, TRIP = "Boda deposit", "Mum's birthday", "Trip to Lamu"


class Wish(NamedTuple):
    """A goal of the member with this email. `days` is how many days from now its date is."""

    owner: str
    name: str
    picture: str
    target_cents: int | None = None
    days: int | None = None


WISHES = (
    Wish(AMINA, SCHOOL, Picture.SCHOOL, 45_000_00, 150),
    Wish(AMINA, PHONE, Picture.PHONE, 18_000_00, 60),  # locked until that day
    Wish(AMINA, EMERGENCIES, Picture.HEALTH),
    Wish(BRIAN, BODA, Picture.TRANSPORT, 30_000_00),  # locked, and asked for early
    Wish(BRIAN, BIRTHDAY, Picture.GIFT, 3_000_00, 20),  # reached
    Wish(BRIAN, TRIP, Picture.JAR, 12_000_00),  # closed
)
# (days ago, whose, from, to, cents): a goal, or the wallet where it is empty.
MOVES = (
    (22, AMINA, "", SCHOOL, 4_000_00),
    (21, AMINA, "", EMERGENCIES, 2_500_00),
    (20, AMINA, "", PHONE, 3_000_00),
    (19, BRIAN, "", BODA, 6_000_00),
    (18, BRIAN, "", BIRTHDAY, 3_000_00),
    (17, BRIAN, "", TRIP, 1_500_00),
    (15, AMINA, "", SCHOOL, 4_000_00),
    (13, AMINA, EMERGENCIES, "", 800_00),
    (12, BRIAN, "", BODA, 2_000_00),
    (8, AMINA, "", SCHOOL, 4_000_00),
    (7, AMINA, EMERGENCIES, PHONE, 500_00),
    (5, BRIAN, TRIP, "", 1_500_00),
    (1, AMINA, "", SCHOOL, 2_500_00),
)


def open_all(users: Mapping[str | None, User], opened: datetime) -> dict[tuple[int, str], int]:
    """The accounts of the demo's goals by their member's id and their name.

    A missing goal is opened, as of the morning the story begins.
    """
    found = [(wish, open_one(users[wish.owner], wish, opened)) for wish in WISHES]
    return {(goal.created_by_id, wish.name): goal.pk for wish, goal in found}


def open_one(user: User, wish: Wish, opened: datetime) -> Goal:
    if earlier := find(user, wish.name):
        return earlier
    by = None if wish.days is None else nairobi_day() + timedelta(wish.days)
    plan = savings.GoalPlan(wish.name, wish.picture, wish.target_cents, by)
    context = Context(user.pk, key=key_of(wish.name))
    goal, _is_replay = savings.open_goal(context, user.pk, plan)
    Account.objects.filter(pk=goal.pk).update(created_at=opened)
    return goal


def find(user: User, name: str) -> Goal | None:
    return Goal.objects.filter(created_by=user, idempotency_key=key_of(name)).first()


def key_of(name: str) -> str:
    return f"demo-{name}"


def settle(users: Mapping[str | None, User]) -> None:
    """After the story: let one be saved for by itself, lock two, and close an empty one."""
    school = find(users[AMINA], SCHOOL)
    phone, boda = find(users[AMINA], PHONE), find(users[BRIAN], BODA)
    trip = find(users[BRIAN], TRIP)
    assert school
    assert phone
    assert boda
    assert trip
    if not school.auto_savings.exists():
        automatic.turn_on(goal_id=school.pk, percent=10)
    if not phone.locks.exists():
        operations.lock_goal(goal_id=phone.pk, until=phone.target_date)
    if not boda.locks.exists():
        operations.lock_goal(goal_id=boda.pk)
        operations.ask_for_money_early(goal_id=boda.pk)
    operations.close_goal(Context(users[BRIAN].pk), goal_id=trip.pk)
