"""What people do in reconciliation: match by hand, undo, own exceptions, ask about a receipt.

None of it moves money. Only a proposal that a second person approves does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from adminpanel.models import Match, Movement
from adminpanel.models.matches import Place, Rule
from adminpanel.reconciliation import matching, suggesting
from adminpanel.reconciliation.matching import side_of
from adminpanel.reconciliation.pairing import Group
from adminpanel.timeline import short_time
from ledger import operations, rails
from ledger.models import Arrival
from ledger.operations import Paid
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal, TooLate
from wallet.models import AuditEvent, User
from wallet.money import format_signed_money
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import Right

Action = audit.Action
AT_MOST = 100
NOT_ASKABLE = _lazy(
    "The rail can't be asked about this line. Some rails confirm a receipt of money that came in "
    "and isn't in our books. Match the line, or propose an adjustment."
)


@committed
def match(context: Context, *, movement_ids: Collection[int]) -> Match:
    """Match these lines of statements and entries of ours, as a person sees it.

    If the sums differ, they become "amount differs". The same choice again by the same person
    returns the first match. Raises NotAllowed outside finance, TooLate if one of them is matched
    already, and a Refusal for a choice that can't belong together.
    """
    assert context.actor_id
    roles.require(context.actor_id, Right.WORK)
    chosen = lock(movement_ids)
    if earlier := already_made(chosen, context.actor_id):
        return earlier
    refuse_choice(chosen)
    lines = [side_of(one) for one in chosen if one.is_line]
    entries = [side_of(one) for one in chosen if not one.is_line]
    difference = Group(Place.MATCHED, lines, entries).difference_cents
    if difference and not (lines and entries):
        raise Refusal(_("Choose lines of both sides, or lines of one side that cancel out."))
    is_suggested = any(one.suggests_id in set(movement_ids) for one in chosen if one.suggests_id)
    group = Group(Place.DIFFERS if difference else Place.MATCHED, lines, entries)
    matching.release({one.match_id for one in chosen if one.match_id}, by_id=context.actor_id)
    made = matching.new_match(
        chosen[0].account_id,
        group,
        chosen,
        rule=Rule.SUGGESTED if is_suggested and len(chosen) == 2 else Rule.BY_HAND,
        why=suggestion_of(chosen) if is_suggested else context.reason[:300],
        also_fitted=also_fitting(chosen),
        made_by_id=context.actor_id,
        made_by_name=audit.name_of(context.actor_id),
    )
    made.save()
    matching.hold([(made, group)])
    for one in chosen:
        record(context, Action.MATCH, one, match=made.pk, difference_cents=difference)
    return made


def lock(movement_ids: Collection[int]) -> list[Movement]:
    """These movements, locked lowest id first until commit."""
    if not 2 <= len(set(movement_ids)) <= AT_MOST:
        raise Refusal(_("Choose at least two lines, and at most {most}."), most=AT_MOST)
    found = Movement.objects.filter(pk__in=movement_ids).order_by("pk")
    # Without joins: the joined rows would be as old as the start of the wait for the lock.
    list(found.select_for_update().values_list("pk"))
    chosen = list(found.select_related("line", "transaction", "match"))
    if len(chosen) < len(set(movement_ids)) or len({one.account_id for one in chosen}) != 1:
        raise Refusal(_("These lines don't belong to one account. Choose them again."))
    return chosen


def already_made(chosen: Sequence[Movement], actor_id: int) -> Match | None:
    """The match of exactly these, if this person made it: the form was sent twice."""
    matches = {one.match_id for one in chosen}
    earlier = chosen[0].match
    if len(matches) != 1 or earlier is None or earlier.made_by_id != actor_id:
        return None
    return earlier if earlier.held.count() == len(chosen) else None


def refuse_choice(chosen: Sequence[Movement]) -> None:
    """Raises TooLate for one that is matched, or that differs with others that weren't chosen."""
    ids = {one.pk for one in chosen}
    for one in chosen:
        if one.match is None:
            continue
        is_whole = ids.issuperset(one.match.held.values_list("pk", flat=True))
        if one.is_open and is_whole:
            continue
        raise TooLate(
            _("{name} matched {amount} at {time}. Nothing changed. Undo that match first."),
            name=one.match.who or _("Nissmart"),
            amount=format_signed_money(one.amount_cents),
            time=short_time(one.match.made_at),
        )


def suggestion_of(chosen: Sequence[Movement]) -> str:
    return next((one.suggestion for one in chosen if one.suggests_id), "")


def also_fitting(chosen: Sequence[Movement]) -> list[dict[str, object]]:
    """Movements of ours that would have fitted these lines as well, and weren't chosen."""
    ids = {one.pk for one in chosen}
    near = [other for one in chosen if one.is_line for other in suggesting.candidates(one)]
    fitting = {other.pk: other for other in near if other.pk not in ids}
    return [matching.fact_of(one) for one in list(fitting.values())[: matching.ALSO_AT_MOST]]


@committed
def undo(context: Context, *, match_id: int) -> Match:
    """End a match by another row. Its movements are open again, for people only.

    Raises NotAllowed, TooLate if it's undone already, and a Refusal without a reason.
    """
    assert context.actor_id
    roles.require(context.actor_id, Right.WORK)
    if not context.reason:
        raise Refusal(_("Enter why you undo this match."))
    held = Movement.objects.filter(match=match_id).select_for_update()
    movements = list(held.order_by("pk"))
    if not movements:
        done = Match.objects.filter(undoes=match_id).first()
        raise TooLate(
            _("{name} undid this match at {time}."),
            name=(done and done.who) or _("Nissmart"),
            time=short_time(done.made_at) if done else "",
        )
    [made] = matching.release({match_id}, by_id=context.actor_id, why=context.reason)
    for one in movements:
        record(context, Action.UNDO_MATCH, one, match=match_id)
    return made


@committed
def own(context: Context, *, movement_id: int, owner_id: int | None) -> Movement:
    """Say who looks after an exception, or that no one does. Raises NotAllowed."""
    roles.require(context.actor_id, Right.WORK)
    movement = Movement.objects.select_for_update().get(pk=movement_id)
    if movement.owner_id == owner_id:
        return movement
    names = {pk: audit.name_of(pk) for pk in (movement.owner_id, owner_id) if pk}
    before, after = names.get(movement.owner_id or 0, ""), names.get(owner_id or 0, "")
    movement.owner = User.objects.get(pk=owner_id) if owner_id else None
    movement.save(update_fields=["owner"])
    record(context, Action.OWN_MOVEMENT, movement, before={"owner": before}, after={"owner": after})
    return movement


@committed
def note(context: Context, *, movement_id: int, text: str) -> None:
    """Add a staff note. The audit keeps it. Raises NotAllowed."""
    roles.require(context.actor_id, Right.WORK)
    movement = Movement.objects.select_for_update().get(pk=movement_id)
    request = context.request_id(movement_id, text)
    facts = {"request": str(request)} if request else {}
    known = AuditEvent.objects.filter(subject=str(subjects.movement(movement_id)))
    if request and known.filter(facts__request=str(request)).exists():
        return
    record(context.because(text), Action.NOTE, movement, **facts)


def ask_receipt(context: Context, *, movement_id: int) -> None:
    """Have the worker ask the rail about the receipt of a line that our books don't have.

    Once the rail confirms it, the money is booked into suspense, and two people decide whose it is.
    The account number in a file is never believed. Raises NotAllowed, and a Refusal for a
    line that the rail can't be asked about.
    """
    movement = check_askable(context, movement_id)
    assert movement.line
    operations.expect(
        Paid(
            rail=movement.line.statement.rail,
            receipt=movement.receipt,
            amount_cents=movement.amount_cents,
            paid_at=movement.at,
        )
    )


@committed
def check_askable(context: Context, movement_id: int) -> Movement:
    roles.require(context.actor_id, Right.WORK)
    found = Movement.objects.select_related("line__statement")
    movement = found.get(pk=movement_id)
    if not may_be_asked(movement):
        raise Refusal(NOT_ASKABLE)
    record(context, Action.ASK_RECEIPT, movement, receipt=movement.receipt)
    return movement


def may_be_asked(movement: Movement) -> bool:
    """Money came in under a receipt that our books don't know, on a rail that confirms receipts."""
    if not (movement.line and movement.place == Place.THEIRS and movement.receipt):
        return False
    rail = movement.line.statement.rail
    is_known = Arrival.objects.filter(rail=rail, receipt=movement.receipt).exists()
    confirms = bool(rail) and rails.of(rail).confirms_receipts
    return movement.amount_cents > 0 and confirms and not is_known


def record(context: Context, action: audit.Action, movement: Movement, **facts: object) -> None:
    audit.record(context, action, subjects.movement(movement.pk), **facts)
