"""Which statement lines and which movements of ours belong together, among those of one name.

Pure: it reads no database. All of them have the same receipt, or the same reference of ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

from adminpanel.models.matches import Place

# With more parts than this, we don't try which of them add up.
PARTS_AT_MOST = 8


class Side(NamedTuple):
    """What pairing needs of a line or an entry. `amount_cents` is seen from the rail.

    `type` is that of an entry's transaction, and empty for a line.
    """

    id: int
    amount_cents: int
    at: datetime
    is_line: bool
    is_charge: bool
    type: str = ""


class Group(NamedTuple):
    """Movements that are in one place. Only MATCHED and DIFFERS hold several, of both
    sides or, if they cancel out, of one."""

    place: Place
    lines: Sequence[Side]
    entries: Sequence[Side]

    @property
    def ids(self) -> list[int]:
        return [side.id for side in (*self.lines, *self.entries)]

    @property
    def difference_cents(self) -> int:
        return total(self.lines) - total(self.entries)


def total(sides: Sequence[Side]) -> int:
    return sum(side.amount_cents for side in sides)


def pair(lines: Sequence[Side], entries: Sequence[Side], known: Sequence[Side] = ()) -> list[Group]:
    """Put each line and entry into exactly one group.

    `known` are movements of the same name that are matched already. First pair one line and one
    entry of the same amount; then one with several that add up; then all that are left, if they
    add up. If they don't, they differ. A line that repeats a matched one is a duplicate.
    """
    groups, lines, entries = pair_equals(list(lines), list(entries))
    groups += pair_sums(lines, entries)
    paired = [*known, *(side for group in groups for side in (*group.lines, *group.entries))]
    groups += put_aside(lines, entries, paired)
    return groups


def pair_equals(
    lines: list[Side], entries: list[Side]
) -> tuple[list[Group], list[Side], list[Side]]:
    """One line and one entry of the same amount, the nearest in time first."""
    groups, left = [], list(entries)
    rest = []
    for line in sorted(lines, key=lambda side: (side.at, side.id)):
        same = [entry for entry in left if entry.amount_cents == line.amount_cents]
        # Of two that are equal, a charge goes with a charge.
        same.sort(key=lambda entry: (entry.is_charge != line.is_charge, abs(entry.at - line.at)))
        if same:
            left.remove(same[0])
            groups.append(Group(Place.MATCHED, [line], [same[0]]))
        else:
            rest.append(line)
    return groups, rest, left


def pair_sums(lines: list[Side], entries: list[Side]) -> list[Group]:
    """One against several, and several against several, that add up. They leave the lists."""
    groups = []
    for line in list(lines):
        if parts := adding_up(entries, line.amount_cents):
            groups.append(Group(Place.MATCHED, [line], parts))
            take(lines, [line])
            take(entries, parts)
    for entry in list(entries):
        if parts := adding_up(lines, entry.amount_cents):
            groups.append(Group(Place.MATCHED, parts, [entry]))
            take(entries, [entry])
            take(lines, parts)
    # Also one side alone that cancels out: a payment and its reversal.
    if (lines or entries) and total(lines) == total(entries):
        groups.append(Group(Place.MATCHED, list(lines), list(entries)))
        lines.clear()
        entries.clear()
    return groups


def take(sides: list[Side], taken: Sequence[Side]) -> None:
    for side in taken:
        sides.remove(side)


def adding_up(sides: Sequence[Side], cents: int) -> list[Side]:
    """Two or more of these that add up to this amount, as few as possible. Empty if none do."""
    if len(sides) > PARTS_AT_MOST:
        return []
    for count in range(2, len(sides) + 1):
        for parts in combinations(sides, count):
            if total(parts) == cents:
                return list(parts)
    return []


def put_aside(lines: list[Side], entries: list[Side], paired: Sequence[Side]) -> list[Group]:
    """Place the rest: duplicates, charges, amounts that differ, and movements of one side only."""
    # A line is a duplicate if a matched entry has its amount; an entry, if one of its type has.
    taken = {(side.is_charge, side.amount_cents) for side in paired if not side.is_line}
    booked = {(side.type, side.amount_cents) for side in paired if not side.is_line}

    def is_repeated(side: Side) -> bool:
        if side.is_line:
            return (side.is_charge, side.amount_cents) in taken
        return (side.type, side.amount_cents) in booked

    repeated_lines = [line for line in lines if is_repeated(line)]
    repeated_entries = [entry for entry in entries if is_repeated(entry)]
    lines = [line for line in lines if line not in repeated_lines]
    entries = [entry for entry in entries if entry not in repeated_entries]
    # A charge that we haven't booked doesn't make the payment's amount differ.
    charges = [line for line in lines if line.is_charge and not any_charge(entries)]
    lines = [line for line in lines if line not in charges]
    groups = [
        *(Group(Place.DUPLICATE, [line], []) for line in repeated_lines),
        *(Group(Place.DUPLICATE, [], [entry]) for entry in repeated_entries),
        *(Group(Place.CHARGE, [line], []) for line in charges),
    ]
    if lines and entries:
        return [*groups, Group(Place.DIFFERS, lines, entries)]
    return [
        *groups,
        *(Group(Place.CHARGE if line.is_charge else Place.THEIRS, [line], []) for line in lines),
        *(Group(Place.OURS, [], [entry]) for entry in entries),
    ]


def any_charge(sides: Sequence[Side]) -> bool:
    return any(side.is_charge for side in sides)
