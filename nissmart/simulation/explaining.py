"""Why a transaction may be there, and may have ended as it did: someone asked, or the rail says so.

A transaction without a reason is money that moved by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from ledger.models import AutoSaved, ClaimTaking, Goal, InterestPaid, Schedule, ScheduledRun
from nissmart.sandbox.payments import FAILED as NOT_PAID
from nissmart.sandbox.payments import PAID
from nissmart.simulation.model import (
    FAILED,
    ORDERED,
    PENDING,
    SUCCESS,
    Asked,
    Broken,
    Model,
    Planned,
    Row,
    name,
)
from nissmart.simulation.rail import InProcess, says_two_things
from wallet import account_numbers
from wallet.models import Account


def explain(model: Model, rail: InProcess, row: Row) -> None:
    """Raises Broken for a new transaction that no one asked for, or not like this."""
    key = row.key or ""
    if (row.actor, key) in model.asked and row.type in ORDERED:
        order = Asked(row.type, row.cents, row.source, row.target)
        if order not in model.asked[row.actor or 0, key]:
            raise Broken(f"{name(row)} isn't what its member ordered")
        return
    if key.startswith("correction ") and row.type in ("ADJUSTMENT", "ASSIGN", "RETURN"):
        return
    reason = REASONS.get((key.split(" ")[0].split(":")[0], row.type))
    if reason is None:
        raise Broken(f"{name(row)}: no one asked for it (key {key!r})")
    reason(model, rail, row)


def last_word(row: Row) -> str:
    return (row.key or "").split(" ")[-1]


def came_in(model: Model, rail: InProcess, row: Row) -> None:
    receipt = last_word(row)
    paid = rail.simulator.book.find(receipt)
    if paid is None or paid.state != PAID or paid.amount * 100 != row.cents:
        raise Broken(f"{name(row)}: the rail knows no such payment {receipt}")
    if account_numbers.parse(paid.reference) != row.target:
        raise Broken(f"{name(row)}: its payer typed {paid.reference}")


def strayed(model: Model, rail: InProcess, row: Row) -> None:
    named = last_word(row)
    paid = rail.simulator.book.find(named) or rail.find(named)
    if paid is None or paid.amount * 100 != row.cents:
        raise Broken(f"{name(row)}: the rail knows no such payment {named}")
    if paid.state != PAID and not says_two_things(paid):
        raise Broken(f"{name(row)}: the rail never paid {named}")


def note_schedules(model: Model) -> None:
    """Also of one whose answer was lost."""
    for one in Schedule.objects.exclude(pk__in=model.planned):
        kind = "SAVE" if one.kind == Schedule.Kind.SAVING else "TRANSFER"
        sides = (one.source_id, one.target_id, one.every, one.day or 0)
        model.planned[one.pk] = Planned(kind, one.amount_cents, *sides)


def was_due(model: Model, rail: InProcess, row: Row) -> None:
    _word, number, day = (row.key or "").split(":")
    if int(number) not in model.planned:
        # The connection was gone when its member made it.
        note_schedules(model)
    plan, due_on = model.planned.get(int(number)), date.fromisoformat(day)
    if plan is None:
        raise Broken(f"{name(row)}: there is no schedule {number}")
    if (row.type, row.source, row.target) != (plan.type, plan.source, plan.target):
        raise Broken(f"{name(row)} isn't what schedule {number} does")
    if row.cents > plan.cents or (row.type == "TRANSFER" and row.cents != plan.cents):
        raise Broken(f"{name(row)}: schedule {number} moves {plan.cents}")
    if plan.every == "week" and due_on.isoweekday() != plan.day:
        raise Broken(f"{name(row)} is of a {due_on:%A}")
    if ScheduledRun.objects.filter(schedule=int(number), due_on=due_on).count() != 1:
        raise Broken(f"{name(row)}: schedule {number} has no run on {day}")


def reverses(model: Model, rail: InProcess, row: Row) -> None:
    record = model.rows.get(row.reverses or 0)
    if record is None or record.status != SUCCESS or record.cents != row.cents:
        raise Broken(f"{name(row)} reverses nothing like it")
    if (row.source, row.target) != (record.target, record.source):
        raise Broken(f"{name(row)} doesn't go back to where {record.id} came from")
    again = [each for each in model.rows.values() if record.id in (each.reverses, each.part_of)]
    if len(again) > 1:
        raise Broken(f"{name(row)} reverses {row.reverses} a second time")


def takes_back(model: Model, rail: InProcess, row: Row) -> None:
    """All partial reversals of a transaction together take back at most its amount."""
    record = model.rows.get(row.part_of or 0)
    if record is None or record.status != SUCCESS:
        raise Broken(f"{name(row)} takes nothing back")
    if (row.source, row.target) != (record.target, record.source):
        raise Broken(f"{name(row)} doesn't go back to where {record.id} came from")
    back = [each for each in model.rows.values() if record.id in (each.reverses, each.part_of)]
    if sum(each.cents for each in back) > record.cents:
        raise Broken(f"{name(row)} takes back more than the amount of {record.id}")


def claimed(model: Model, rail: InProcess, row: Row) -> None:
    """One later deposit pays a claim, with at most its amount, and all claims together."""
    takes_back(model, rail, row)
    taking = ClaimTaking.objects.filter(made=row.id).select_related("claim").first()
    if taking is None or taking.cents != row.cents or taking.claim.original_id != row.part_of:
        raise Broken(f"{name(row)}: no claim took it")
    cause = model.rows[taking.cause_id]
    if (cause.type, cause.status, cause.target) != ("DEPOSIT", SUCCESS, row.source):
        raise Broken(f"{name(row)}: {name(cause)} pays no claim")
    taken = ClaimTaking.objects.filter(cause=cause.id).values_list("cents", flat=True)
    if sum(taken) > cause.cents:
        raise Broken(f"{name(row)}: {name(cause)} pays {sum(taken)}, which is more than it brought")
    takings = ClaimTaking.objects.filter(claim=taking.claim).values_list("cents", flat=True)
    if sum(takings) > taking.claim.amount_cents:
        raise Broken(f"{name(row)}: the claim took {sum(takings)} of {taking.claim.amount_cents}")


def charges(model: Model, rail: InProcess, row: Row) -> None:
    paid = [each for each in rail.simulator.book.payments if each.kind == "b2c"]
    if not any(each.charge * 100 == row.cents or says_two_things(each) for each in paid):
        raise Broken(f"{name(row)}: the rail charged no payout so much")


def saved_itself(model: Model, rail: InProcess, row: Row) -> None:
    """A rule saved it: its part of the deposit or its rounding, up to what the goal still lacks."""
    saved = AutoSaved.objects.filter(made=row.id).select_related("rule", "cause").first()
    if saved is None:
        raise Broken(f"{name(row)}: no rule saved it")
    rule, cause = saved.rule, saved.cause
    if rule.percent is not None:
        wanted = cause.amount_cents * rule.percent // 100
        is_right = cause.type == "DEPOSIT" and cause.to_account_id == row.source
    else:
        step = rule.step_cents or 1
        wanted = (step - cause.amount_cents % step) % step
        is_right = cause.type == "TRANSFER" and cause.from_account_id == row.source
    if not is_right or cause.status != SUCCESS or rule.goal_id != row.target:
        raise Broken(f"{name(row)}: transaction {cause.pk} saves nothing there")
    target = Goal.objects.values_list("target_cents", flat=True).get(pk=rule.goal_id)
    if target is not None:
        wanted = min(wanted, max(target - model.held[row.target or 0] + row.cents, 0))
    if row.cents != wanted:
        raise Broken(f"{name(row)}: {wanted} of transaction {cause.pk} were to be saved")


def is_closed(model: Model, rail: InProcess, row: Row) -> None:
    if not Account.objects.filter(pk=row.source or 0, closed_at__isnull=False).exists():
        raise Broken(f"{name(row)}: its goal isn't closed")


def earned(model: Model, rail: InProcess, row: Row) -> None:
    """How much is for `verify_ledger`, which works it out by another way."""
    if not InterestPaid.objects.filter(goal=row.target or row.source or 0).exists():
        raise Broken(f"{name(row)}: no month was paid")


# By the first word of the key, and the type.
REASONS: dict[tuple[str, str], Callable[[Model, InProcess, Row], None]] = {
    ("paid", "DEPOSIT"): came_in,
    ("stray", "STRAY_IN"): strayed,
    ("stray", "STRAY_OUT"): strayed,
    ("schedule", "TRANSFER"): was_due,
    ("schedule", "SAVE"): was_due,
    ("reversal", "REVERSAL"): reverses,
    ("reversal", "PARTIAL"): takes_back,
    ("claim", "PARTIAL"): claimed,
    ("charge", "CHARGE"): charges,
    ("", "SAVE"): saved_itself,
    ("", "TAKE"): is_closed,
    ("", "INTEREST"): earned,
    ("", "TAX"): earned,
}


def explain_end(rail: InProcess, row: Row) -> None:
    """Does the rail's book say so? Raises Broken for what ended otherwise."""
    if row.reference is None or row.status == PENDING or (row.key or "").startswith("paid "):
        return
    payment = rail.find(row.reference)
    if row.state == "CANCELLED":
        if payment is not None:
            raise Broken(f"{name(row)} was cancelled, but the rail has it: {payment.state}")
        return
    if payment is not None and says_two_things(payment):
        return
    if row.status == SUCCESS:
        if payment is None or payment.state != PAID:
            raise Broken(f"{name(row)} ended, but the rail hasn't paid it")
        if payment.receipt != row.receipt or payment.amount * 100 != row.cents:
            raise Broken(f"{name(row)} has the receipt {row.receipt}, not {payment.receipt}")
    elif row.status == FAILED and payment is not None and payment.state != NOT_PAID:
        raise Broken(f"{name(row)} failed, but at the rail it is {payment.state}")
