"""Suggest which movement of ours a line may be: same amount, near in time, and the same phone.

A suggestion matches nothing. A person accepts it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import timedelta

from django.utils.translation import gettext as _

from adminpanel.models import Movement
from adminpanel.models.matches import MovementQuerySet, Place

# How far apart they may be with the same phone, and if one side shows no phone.
NEAR, NEARER = timedelta(hours=24), timedelta(minutes=10)
# A phone number, of which a rail may hide the middle.
PHONE = re.compile(r"[0-9*]{9,13}")
NATIONAL = 9
# At least this many digits must be visible, and all visible ones equal.
SEEN = 5
LOOKED_AT = 6
# A batch of new entries looks again at this many lines at most.
AGAIN_AT_MOST = 500


def for_amounts(account_id: int, amounts: Collection[int]) -> None:
    """Look again at the open lines of these amounts: new entries have them."""
    lines = open_lines(account_id).filter(amount_cents__in=amounts, suggests__isnull=True)
    suggest(list(lines.order_by("-at")[:AGAIN_AT_MOST]))


def for_movements(account_id: int, ids: Sequence[int]) -> None:
    suggest(list(open_lines(account_id).filter(pk__in=ids)))


def open_lines(account_id: int) -> MovementQuerySet:
    # In the words of the index, which SQLite uses only then.
    found = Movement.objects.filter(account=account_id, place=Place.THEIRS).open()
    return found.lines().select_related("line")


def suggest(lines: Sequence[Movement]) -> None:
    for line in lines:
        if found := best(line):
            entry, why = found
            Movement.objects.filter(pk=line.pk).update(suggests=entry, suggestion=why[:200])


def best(line: Movement) -> tuple[Movement, str] | None:
    """The nearest entry that fits, and why. None if none fits, or several do without a phone."""
    near = candidates(line)
    assert line.line
    words = f"{line.line.party} {line.line.details}"
    with_phone = [one for one in near if has_phone(words, phone_of(one))]
    if with_phone:
        nearest = min(with_phone, key=lambda one: abs(one.at - line.at))
        return nearest, _("Same amount and phone, {apart} apart").format(apart=apart(line, nearest))
    nearer = [one for one in near if abs(one.at - line.at) <= NEARER and not is_other(words, one)]
    if len(nearer) != 1:
        return None
    return nearer[0], _("Same amount, {apart} apart").format(apart=apart(line, nearer[0]))


def candidates(line: Movement) -> list[Movement]:
    found = Movement.objects.filter(account=line.account_id, place=Place.OURS).open().entries()
    found = found.filter(
        amount_cents=line.amount_cents, at__gte=line.at - NEAR, at__lte=line.at + NEAR
    )
    parties = ("transaction__attempt", "transaction__from_account__user")
    return list(found.select_related(*parties, "transaction__to_account__user")[:LOOKED_AT])


def phone_of(entry: Movement) -> str:
    record = entry.transaction
    assert record
    if (attempt := record.loaded_attempt) and attempt.phone:
        return attempt.phone
    account = record.to_account or record.from_account
    return (account.user.phone or "") if account and account.user else ""


def has_phone(words: str, phone: str) -> bool:
    """Does this text show this phone number? A rail may hide some digits."""
    if not phone:
        return False
    return any(is_same(shown, phone) for shown in PHONE.findall(words))


def is_other(words: str, entry: Movement) -> bool:
    """Do both show a phone number? `has_phone` already found that they differ."""
    return bool(PHONE.search(words) and phone_of(entry))


def is_same(shown: str, phone: str) -> bool:
    pairs = list(zip(shown[-NATIONAL:], phone[-NATIONAL:], strict=False))
    seen = [(one, other) for one, other in pairs if one != "*"]
    return len(seen) >= SEEN and all(one == other for one, other in seen)


def apart(one: Movement, other: Movement) -> str:
    minutes = round(abs(one.at - other.at).total_seconds() / 60)
    return _("{n} min").format(n=minutes) if minutes < 120 else _("{n} h").format(n=minutes // 60)
