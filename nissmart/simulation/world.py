"""What the actors of one run share: the rail, the model, and who and what there is to act on."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from django.contrib.auth.models import Group

from nissmart.simulation.model import Model
from nissmart.simulation.rail import InProcess
from wallet.models import Account, User
from wallet.staff.roles import APPROVER

# Plain data: what is done, by whom and with what, drawn before the run.
type Step = dict[str, Any]


class Member(NamedTuple):
    id: int
    wallet: int
    phone: str


class Nothing(Exception):
    """There is nothing to do this with now."""


class World:
    def __init__(self, rail: InProcess) -> None:
        self.rail, self.model = rail, Model()
        self.counts: Counter[str] = Counter()
        # Transactions whose orderers have an answer.
        self.acknowledged: set[int] = set()
        self.staff = list(
            Group.objects.get(name=APPROVER).user_set.order_by("pk").values_list("pk", flat=True)
        )
        self.operator = User.objects.filter(is_superuser=True).order_by("pk")[0].pk
        self.members: list[Member] = []
        self.look_for_members()

    def look_for_members(self) -> None:
        wallets = Account.objects.filter(kind=Account.Kind.WALLET, user__phone__isnull=False)
        rows = wallets.order_by("pk").values_list("user", "pk", "user__phone")
        self.members = [Member(user, wallet, f"{phone}") for user, wallet, phone in rows if user]

    def member(self, number: int) -> Member:
        return self.members[number % len(self.members)]

    def goal(self, number: int, owner: int | None = None) -> tuple[int, Member]:
        """An open goal, of this member if one is named, with its member. Raises Nothing."""
        goals = Account.objects.filter(kind=Account.Kind.GOAL, closed_at__isnull=True)
        if owner is not None:
            goals = goals.filter(user=owner)
        found = pick(list(goals.order_by("pk").values_list("pk", "user")), number)
        return found[0], next(each for each in self.members if each.id == found[1])


def pick[T](found: list[T], number: int) -> T:
    """One of them. Raises Nothing."""
    if not found:
        raise Nothing
    return found[number % len(found)]
