"""The demo: its people, and four weeks of payments between them.

The story is always the same; only its days move along with today. Money moves through the real
operations, and each order's key is its number, so playing the story again moves nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import Group
from django.db.models import Max

from ledger import operations
from ledger.kinds import DEPOSIT, MOVE, SAVE, TAKE, TRANSFER, WITHDRAWAL, Kind
from ledger.models import Entry
from ledger.querysets import day_start, nairobi_day
from ledger.rails.simulated import SIMULATED
from nissmart.demo import savings
from wallet.context import Context
from wallet.models import Account, Pin, User
from wallet.signin import pin
from wallet.staff.roles import AUDITOR, FINANCE_TEAM, SUPPORT

PASSWORD = "nissmart-demo"
# The key of the demo staff's authenticator app.
TOTP_SECRET = "NISSMARTDEMOSECRET234567"
PIN = "2468"
SEED = 2026
DAYS = 28


class Person(NamedTuple):
    """A person in the demo. A person with a `role` can sign in with PASSWORD."""

    name: str
    email: str | None
    phone: str | None
    role: str | None
    groups: tuple[str, ...] = ()
    is_operator: bool = False


AMINA = Person("Amina Wanjiku", "amina@example.com", "+254712000001", "member")
BRIAN = Person("Brian Otieno", "brian@example.com", "+254712000002", "member")
CHEBET = Person("Chebet Kirui", "chebet@example.com", "+254712000003", "member")
DANIEL = Person("Daniel Mwangi", "daniel@example.com", "+254712000004", None)
ESTHER = Person("Esther Achieng", None, "+254712000005", None)
FATUMA = Person("Fatuma Hassan", "fatuma@example.com", None, None)
GEORGE = Person("George Mutiso", None, "+254712000007", None)
HALIMA = Person("Halima Noor", "halima@example.com", "+254712000008", None)
MEMBERS = (AMINA, BRIAN, CHEBET, DANIEL, ESTHER, FATUMA, GEORGE, HALIMA)
STAFF = (
    Person("Wambui Kariuki", "finance@example.com", None, "finance", FINANCE_TEAM),
    Person("Joseph Kiprono", "finance2@example.com", None, "finance", FINANCE_TEAM),
    Person("Zawadi Mutua", "auditor@example.com", None, "auditor, reads only", (AUDITOR,)),
    Person("Lilian Njeri", "support@example.com", None, "support, finds members", (SUPPORT,)),
    Person("Peter Omondi", "operator@example.com", None, "operator, /admin/", (), True),
)

TREASURER = ESTHER

type Line = tuple[int, Person | None, Person | None, int, str]

# (days ago, who, cents)
SALARIES = (
    (24, AMINA, 48_000_00),
    (24, DANIEL, 36_500_00),
    (23, CHEBET, 41_000_00),
    (22, BRIAN, 29_750_00),
    (21, HALIMA, 52_000_00),
)
# (days ago, who, cents, note): enough for payouts that need approval.
SALES = (
    (17, HALIMA, 245_000_00, "Plot sale"),
    (15, AMINA, 90_000_00, "Car sale"),
)
# (days ago, from, to, cents, note)
BILLS: tuple[Line, ...] = (
    (23, AMINA, FATUMA, 14_500_00, "Rent share"),
    (22, CHEBET, FATUMA, 14_500_00, "Rent share"),
    (21, FATUMA, None, 27_000_00, "Rent to the landlord"),
    (20, BRIAN, GEORGE, 9_000_00, "Rent share"),
    (19, HALIMA, AMINA, 3_250_00, "School trip for Yusuf"),
    (16, AMINA, DANIEL, 1_249_50, "Wi-Fi share"),
    (11, DANIEL, CHEBET, 4_800_00, "Sofa, second half"),
    (6, CHEBET, AMINA, 2_150_00, "Birthday cake"),
)
# (minutes ago, from, to, cents, note): what a visitor sees first, so it is written out.
LATEST: tuple[Line, ...] = (
    (176, BRIAN, AMINA, 450_00, "Lunch"),
    (141, None, AMINA, 2_500_00, "Top-up"),
    (96, AMINA, CHEBET, 1_200_00, "Concert ticket"),
    (58, CHEBET, BRIAN, 300_00, "Matatu"),
    (33, AMINA, None, 1_000_00, "Cash for the market"),
    (12, AMINA, BRIAN, 500_00, "Lunch"),
)
# (note, lowest and highest amount in shillings)
GIFTS = (
    ("Lunch", 250, 650),
    ("Matatu", 80, 200),
    ("Groceries", 600, 2_800),
    ("Electricity tokens", 500, 1_000),
    ("Water delivery", 300, 600),
    ("Chai and mandazi", 120, 320),
    ("Football pitch", 200, 500),
    ("Harambee", 500, 1_500),
    ("Sukuma and tomatoes", 150, 400),
    ("Boda to Kilimani", 100, 250),
    ("Movie tickets", 700, 1_400),
    ("Asante sana", 100, 1_000),
    ("", 200, 1_500),
)
DEPOSITS = ("Top-up", "Shop sales", "Boda takings", "Weekend job", "")
WITHDRAWALS = ("Cash", "Market", "School fees", "Mum in Kisumu", "")


class Step(NamedTuple):
    """One order. A deposit has no source, a withdrawal no target.

    Between a member's own accounts, `from_goal` and `to_goal` are the names of goals.
    `minute` counts from midnight; on the last day (`days_ago` 0) it counts back from now.
    """

    days_ago: int
    minute: int
    source: Person | None
    target: Person | None
    amount_cents: int
    note: str
    from_goal: str = ""
    to_goal: str = ""

    @property
    def actor(self) -> Person:
        actor = self.source or self.target
        assert actor
        return actor

    def at(self, now: datetime) -> datetime:
        if self.days_ago == 0:
            return now - timedelta(minutes=self.minute)
        day = nairobi_day(now) - timedelta(days=self.days_ago)
        return day_start(day) + timedelta(minutes=self.minute)


def by_time(step: Step) -> tuple[int, int]:
    return -step.days_ago, step.minute if step.days_ago else -step.minute


def story() -> list[Step]:
    """All steps, oldest first, without those that a member can't afford."""
    random = Random(SEED)
    held = dict.fromkeys(MEMBERS, 0)
    steps = []
    for step in sorted(plan(random), key=by_time):
        if step.source and not step.from_goal:
            if held[step.source] < step.amount_cents:
                continue
            held[step.source] -= step.amount_cents
        if step.target and not step.to_goal:
            held[step.target] += step.amount_cents
        steps.append(step)
    return steps


def plan(random: Random) -> Iterator[Step]:
    """What everyone plans to do, in no order."""
    for number, member in enumerate(MEMBERS):
        opening = random.randrange(3_000_00, 15_000_00, 500_00)
        yield Step(DAYS, 8 * 60 + 20 * number, None, member, opening, "First deposit")
    for days_ago, member, cents in SALARIES:
        yield Step(days_ago, 9 * 60 + 5, None, member, cents, "Salary")
    for days_ago, member, cents, note in SALES:
        yield Step(days_ago, 11 * 60 + 15, None, member, cents, note)
    for days_ago, source, target, cents, note in BILLS:
        yield Step(days_ago, 18 * 60 + 40, source, target, cents, note)
    yield from chama()
    for days_ago, email, from_goal, to_goal, cents in savings.MOVES:
        [who] = [member for member in MEMBERS if member.email == email]
        yield Step(days_ago, 20 * 60 + 30, who, who, cents, "", from_goal, to_goal)
    for days_ago in range(DAYS - 1, 0, -1):
        for minute in random.sample(range(6 * 60 + 30, 20 * 60), random.randint(4, 8)):
            yield everyday(random, days_ago, minute)
    for minute, source, target, cents, note in LATEST:
        yield Step(0, minute, source, target, cents, note)


def chama() -> Iterator[Step]:
    """A savings group: each week all pay the treasurer, who pays the whole sum to one of them."""
    others = [member for member in MEMBERS if member is not TREASURER]
    for week, days_ago in enumerate(range(26, 0, -7)):
        for number, member in enumerate(others):
            yield Step(days_ago, 10 * 60 + 7 * number, member, TREASURER, 1_000_00, "Chama")
        lucky = others[week]
        yield Step(days_ago, 12 * 60, TREASURER, lucky, 7_000_00, "Chama, your turn")


def everyday(random: Random, days_ago: int, minute: int) -> Step:
    """Mostly a small transfer, sometimes a deposit or a withdrawal."""
    one, other = random.sample(MEMBERS, 2)
    chance = random.random()
    if chance < 0.15:
        cents = random.randrange(500_00, 4_500_00, 100_00)
        return Step(days_ago, minute, None, one, cents, random.choice(DEPOSITS))
    if chance < 0.30:
        cents = random.randrange(500_00, 3_500_00, 100_00)
        return Step(days_ago, minute, one, None, cents, random.choice(WITHDRAWALS))
    note, low, high = random.choice(GIFTS)
    return Step(days_ago, minute, one, other, random.randrange(low, high, 10) * 100, note)


def open_people(now: datetime) -> dict[Person, User]:
    """The users of the demo. A missing one is created, as of the morning the story begins."""
    opened = joined(now)
    return {person: find(person) or open_person(person, opened) for person in (*MEMBERS, *STAFF)}


def joined(now: datetime) -> datetime:
    return Step(DAYS, 7 * 60, None, None, 0, "").at(now)


def find(person: Person) -> User | None:
    return User.objects.with_login(person.email or person.phone or "")


def open_person(person: Person, opened: datetime) -> User:
    user = User.objects.create_user(
        name=person.name,
        email=person.email,
        phone=person.phone,
        password=PASSWORD if person.role else None,
        is_staff=person.is_operator,
        is_superuser=person.is_operator,
    )
    User.objects.filter(pk=user.pk).update(created_at=opened)
    user.accounts.update(created_at=opened)
    if person.role:
        Pin.objects.create(user=user, digest=pin.digest(user.pk, PIN))
    if person.email:
        EmailAddress.objects.create(user=user, email=person.email, primary=True)
    user.groups.add(*Group.objects.filter(name__in=person.groups))
    if person in STAFF:
        TOTP.activate(user, TOTP_SECRET)
    return user


def play(people: dict[Person, User], now: datetime, steps: list[Step] | None = None) -> int:
    """Carry out the story, or only its first `steps`. Returns how many transactions are new."""
    ids = {person: user.pk for person, user in people.items()}
    accounts = {(ids[each], ""): Account.objects.wallet_id(ids[each]) for each in MEMBERS}
    accounts |= savings.open_all({user.email: user for user in people.values()}, joined(now))
    # When this runs again, or after a break: write nothing before the entries that exist.
    floor = Entry.objects.filter(account__in=accounts.values()).aggregate(at=Max("created_at"))
    earliest = floor["at"] or now - timedelta(days=2 * DAYS)
    added = 0
    for number, step in enumerate(steps or story(), start=1):
        order = operations.Order(
            kind_of(step),
            step.amount_cents,
            step.source and accounts[ids[step.source], step.from_goal],
            step.target and accounts[ids[step.target], step.to_goal],
            step.note,
            # What happened weeks ago isn't sent over a rail today.
            rail_code=SIMULATED.code,
        )
        record = operations.perform(
            Context(ids[step.actor], key=key_of(number)),
            order,
            at=min(max(step.at(now), earliest), now),
        )
        added += not record.is_replay
    return added


def key_of(number: int) -> str:
    """The idempotency key of this step of the story."""
    return f"demo-{number:04}"


def kind_of(step: Step) -> Kind:
    if step.from_goal:
        return MOVE if step.to_goal else TAKE
    if step.to_goal:
        return SAVE
    if step.source is None:
        return DEPOSIT
    return TRANSFER if step.target else WITHDRAWAL
