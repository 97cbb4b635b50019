"""Write matches, and the place of each movement. In the open transaction of the caller.

The caller holds the lock on the account (`taking_in`) or on the movements (`by_hand`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, Subquery

from adminpanel.models import Match, MatchPart, Movement
from adminpanel.models.matches import PAIRED, Place, Rule
from adminpanel.reconciliation import naming, pairing
from adminpanel.reconciliation.pairing import Group, Side
from ledger import kinds
from wallet.staff import audit

# Other candidates that a match remembers.
ALSO_AT_MOST = 5
# A name that more movements share says nothing, such as a bank's reference TRANSFER. Comparing all
# of them would hold the locks for minutes.
NAMESAKES_AT_MOST = 200


def match_by(account_id: int, field: str, names: Collection[str], rule: Rule) -> None:
    """Match movements with one of these names in `field` (`receipt` or `reference`), and place the
    rest.

    Movements that a person matched, or took out of a match, stay as they are.
    """
    named = Movement.objects.filter(account=account_id, **{f"{field}__in": set(names) - {""}})
    counts = named.order_by().values_list(field).annotate(count=Count("pk"))
    few = [name for name, count in counts if count <= NAMESAKES_AT_MOST]
    found = Movement.objects.filter(account=account_id, **{f"{field}__in": few})
    # Lock first, without joins: a person may have matched some of them in the meantime.
    list(found.order_by("pk").select_for_update().values_list("pk"))
    by_name: defaultdict[str, list[Movement]] = defaultdict(list)
    for movement in found.select_related("line", "transaction", "match").order_by("pk"):
        by_name[getattr(movement, field)].append(movement)
    groups: list[tuple[Group, str, list[Movement]]] = []
    for name, movements in by_name.items():
        free = [one for one in movements if is_free(one, rule)]
        known = [side_of(one) for one in movements if one not in free and one.place in PAIRED]
        lines = [side_of(one) for one in free if one.is_line]
        entries = [side_of(one) for one in free if not one.is_line]
        groups += [(group, name, movements) for group in pairing.pair(lines, entries, known)]
    write(account_id, groups, rule)


def is_free(movement: Movement, rule: Rule) -> bool:
    """May this rule move it to another place? A reference never undoes what receipts say."""
    if movement.by_hand_only or not movement.is_open:
        return False
    if rule == Rule.REFERENCE:
        return movement.place in (Place.OURS, Place.THEIRS, Place.CHARGE)
    return movement.match is None or movement.match.made_by_id is None


def side_of(movement: Movement) -> Side:
    facts = (movement.pk, movement.amount_cents, movement.at)
    if movement.line:
        return Side(*facts, is_line=True, is_charge=naming.is_charge(movement.line))
    assert movement.transaction
    type = movement.transaction.type
    return Side(*facts, is_line=False, is_charge=type == kinds.CHARGE.code, type=type)


class Change(NamedTuple):
    """A group that isn't in the database yet. `others` have the same name and aren't in it."""

    group: Group
    name: str
    mine: list[Movement]
    others: list[Movement]


def write(account_id: int, groups: Iterable[tuple[Group, str, list[Movement]]], rule: Rule) -> None:
    """Write the groups that changed: end their old matches, make the new ones, set the places."""
    changed = []
    for group, name, movements in groups:
        ids = set(group.ids)
        mine = [one for one in movements if one.pk in ids]
        if not is_as_before(group, mine):
            others = [one for one in movements if one.pk not in ids]
            changed.append(Change(group, name, mine, others))
    release({one.match_id for each in changed for one in each.mine if one.match_id})
    paired = [each for each in changed if each.group.place in PAIRED]
    matches = Match.objects.bulk_create(
        new_match(
            account_id,
            each.group,
            each.mine,
            rule=rule,
            why=each.name,
            also_fitted=also(each.group, each.others),
        )
        for each in paired
    )
    hold([(match, each.group) for match, each in zip(matches, paired, strict=True)])
    by_place: defaultdict[Place, list[int]] = defaultdict(list)
    for each in changed:
        if each.group.place not in PAIRED:
            by_place[each.group.place] += each.group.ids
    for place, ids_there in by_place.items():
        Movement.objects.filter(pk__in=ids_there).update(place=place)


def is_as_before(group: Group, movements: Sequence[Movement]) -> bool:
    if any(one.place != group.place for one in movements):
        return False
    matches = {one.match_id for one in movements}
    if group.place not in PAIRED:
        return True
    # The same movements are in the same match as before.
    [match_id] = matches if len(matches) == 1 else [None]
    return bool(match_id) and len(movements) == Movement.objects.filter(match=match_id).count()


def new_match(account_id: int, group: Group, movements: Sequence[Movement], **more: Any) -> Match:
    times = [one.at for one in movements]
    return Match(
        account_id=account_id,
        difference_cents=group.difference_cents,
        first_at=min(times),
        last_at=max(times),
        **more,
    )


def also(group: Group, others: Sequence[Movement]) -> list[dict[str, Any]]:
    """Other movements with the same name and amount: a reader asks why it isn't one of these."""
    amounts = {side.amount_cents for side in (*group.lines, *group.entries)}
    fitting = [one for one in others if one.amount_cents in amounts]
    return [fact_of(one) for one in fitting[:ALSO_AT_MOST]]


def fact_of(movement: Movement) -> dict[str, Any]:
    return {
        "movement": movement.pk,
        "amount_cents": movement.amount_cents,
        "at": movement.at.isoformat(),
    }


def hold(pairs: Sequence[tuple[Match, Group]]) -> None:
    """Put the movements of each group into its match."""
    MatchPart.objects.bulk_create(
        MatchPart(match=match, movement_id=pk) for match, group in pairs for pk in group.ids
    )
    first = min((match.pk for match, _group in pairs), default=0)
    parts = MatchPart.objects.filter(movement=OuterRef("pk"), match__gte=first)
    for place in PAIRED:
        ids = [pk for _match, group in pairs if group.place == place for pk in group.ids]
        # One query for all: each movement has one part in these new matches.
        held = parts.order_by("-match").values("match")[:1]
        Movement.objects.filter(pk__in=ids).update(
            place=place, match=Subquery(held), suggests=None, suggestion=""
        )


def release(match_ids: Collection[int], *, by_id: int | None = None, why: str = "") -> list[Match]:
    """End these matches, each by another row, and put their movements back where they were.

    A person's undoing also keeps the worker from matching them again.
    """
    if not match_ids:
        return []
    ended = list(Match.objects.filter(pk__in=match_ids))
    name = audit.name_of(by_id) if by_id else ""
    undone = Match.objects.bulk_create(
        Match(
            account_id=one.account_id,
            rule=Rule.UNDO,
            undoes=one,
            made_by_id=by_id,
            made_by_name=name,
            why=why[:300],
            first_at=one.first_at,
            last_at=one.last_at,
        )
        for one in ended
    )
    held = Movement.objects.filter(match__in=match_ids)
    lines = [one for one in held.lines().select_related("line") if one.line]
    charges = [one.pk for one in lines if one.line and naming.is_charge(one.line)]
    places = {
        Place.CHARGE: held.filter(pk__in=charges),
        Place.OURS: held.entries(),
        Place.THEIRS: held.lines(),
    }
    for place, movements in places.items():
        if by_id:
            movements.update(place=place, match=None, by_hand_only=True)
        else:
            movements.update(place=place, match=None)
    return undone
