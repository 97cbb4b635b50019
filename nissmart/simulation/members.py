"""What members do."""

from __future__ import annotations

from datetime import timedelta

from ledger import operations
from ledger.asks import operations as asks
from ledger.due_days import Days, Every
from ledger.errors import KeyReused
from ledger.kinds import DEPOSIT, MOVE, SAVE, TAKE, TRANSFER, WITHDRAWAL
from ledger.models import Ask, AutoSaving, Schedule
from ledger.operations import Order
from ledger.payouts import operations as payouts
from ledger.querysets import nairobi_day
from ledger.savings import automatic
from ledger.savings import operations as savings
from ledger.schedules import operations as schedules
from nissmart.simulation.founding import sign_up as open_member
from nissmart.simulation.model import Asked, Broken
from nissmart.simulation.world import Step, World, pick
from wallet import operations as people
from wallet.context import Context


def order(world: World, actor: int, wanted: Order, step: Step) -> str:
    """Give an order under the key of the step. What is answered must be what the key made."""
    key = str(step["key"])
    asked = Asked(wanted.kind.code, wanted.amount_cents, wanted.source_id, wanted.target_id)
    made = world.model.asked[actor, key]
    if asked not in made:
        made.append(asked)
    known = world.model.by_key.get((actor, key))
    try:
        record = operations.perform(Context(actor, key=key), wanted)
    except KeyReused:
        if known is None and len(made) == 1:
            raise Broken(f"key {key!r} is said to be used, and isn't") from None
        raise
    if known is not None and (not record.is_replay or record.pk != known):
        raise Broken(f"key {key!r} made transaction {known}, and now {record.pk}")
    world.acknowledged.add(record.pk)
    return "replay" if record.is_replay else record.status.lower()


def sign_up(world: World, step: Step) -> str:
    person = open_member(world.operator, 10 + step["who"], f"open {step['who']}")
    world.look_for_members()
    return f"member {person.pk}"


def deposit(world: World, step: Step) -> str:
    who = world.member(step["who"])
    return order(world, who.id, Order(DEPOSIT, step["cents"], target_id=who.wallet), step)


def withdraw(world: World, step: Step) -> str:
    who = world.member(step["who"])
    return order(world, who.id, Order(WITHDRAWAL, step["cents"], source_id=who.wallet), step)


def transfer(world: World, step: Step) -> str:
    who, to = world.member(step["who"]), world.member(step["to"])
    return order(world, who.id, Order(TRANSFER, step["cents"], who.wallet, to.wallet), step)


def repeat(world: World, step: Step) -> str:
    """The same order again under its key, or another one, days later."""
    (actor, key), made = pick(sorted(world.model.asked.items()), step["which"])
    kinds = {one.code: one for one in (DEPOSIT, WITHDRAWAL, TRANSFER, SAVE, TAKE, MOVE)}
    asked = made[0]
    wanted = Order(kinds[asked.type], asked.cents + step["more"], asked.source, asked.target)
    return order(world, actor, wanted, {"key": key})


def cancel(world: World, step: Step) -> str:
    open_ones = [row for row in world.model.pending() if row.type in ("WITHDRAW", "DEPOSIT")]
    row = pick(open_ones, step["which"])
    assert row.actor
    return payouts.cancel(Context(row.actor), transaction_id=row.id).state


def open_goal(world: World, step: Step) -> str:
    who = world.member(step["who"])
    plan = savings.GoalPlan(f"Goal {step['key']}", target_cents=step["target"] or None)
    goal, is_replay = savings.open_goal(Context(who.id, key=step["key"]), who.id, plan)
    return f"goal {goal.pk}{' again' if is_replay else ''}"


def save(world: World, step: Step) -> str:
    goal, who = world.goal(step["which"])
    return order(world, who.id, Order(SAVE, step["cents"], who.wallet, goal), step)


def take(world: World, step: Step) -> str:
    goal, who = world.goal(step["which"])
    operations.end_lock_if_over(goal_id=goal)
    return order(world, who.id, Order(TAKE, step["cents"], goal, who.wallet), step)


def move(world: World, step: Step) -> str:
    goal, who = world.goal(step["which"])
    to, _who = world.goal(step["to"], who.id)
    return order(world, who.id, Order(MOVE, step["cents"], goal, to), step)


def close_goal(world: World, step: Step) -> str:
    goal, who = world.goal(step["which"])
    record = operations.close_goal(Context(who.id, key=step["key"]), goal_id=goal)
    if record:
        world.acknowledged.add(record.pk)
    return "returned" if record else "empty"


def lock_goal(world: World, step: Step) -> str:
    goal, _who = world.goal(step["which"])
    until = nairobi_day() + timedelta(days=step["days"]) if step["days"] else None
    operations.lock_goal(goal_id=goal, until=until)
    return "locked"


def ask_early(world: World, step: Step) -> str:
    goal, _who = world.goal(step["which"])
    if step["days"] % 2:
        operations.keep_locked(goal_id=goal)
        return "kept"
    operations.ask_for_money_early(goal_id=goal)
    return "asked"


def save_by_itself(world: World, step: Step) -> str:
    goal, _who = world.goal(step["which"])
    if step["percent"]:
        automatic.turn_on(goal_id=goal, percent=step["percent"])
        return "part"
    automatic.turn_on(goal_id=goal, step_cents=step["round"])
    return "round"


def stop_saving(world: World, step: Step) -> str:
    goal, _who = world.goal(step["which"])
    automatic.pause(goal_id=goal, kind=AutoSaving.Kind.values[step["days"] % 2])
    return "off"


def schedule(world: World, step: Step) -> str:
    who, to = world.member(step["who"]), world.member(step["to"])
    wanted = Order(TRANSFER, step["cents"], who.wallet, to.wallet)
    if step["days"] % 3 == 0:
        goal, who = world.goal(step["which"])
        wanted = Order(SAVE, step["cents"], who.wallet, goal)
    tomorrow = nairobi_day() + timedelta(days=1)
    days = {
        "once": Days(Every.ONCE, on=tomorrow),
        "week": Days(Every.WEEK, tomorrow.isoweekday()),
        "month": Days(Every.MONTH, 31),
    }[step["every"]]
    plan = schedules.SchedulePlan(wanted, days)
    made = schedules.create(Context(who.id, key=step["key"]), plan)
    return f"schedule {made.pk}"


def change_schedule(world: World, step: Step) -> str:
    numbers = list(Schedule.objects.order_by("pk").values_list("pk", flat=True))
    number = pick(numbers, step["which"])
    act = (schedules.pause, schedules.resume, schedules.cancel)[step["days"] % 3]
    act(number)
    return act.__name__


def ask_for_money(world: World, step: Step) -> str:
    who = world.member(step["who"])
    if step["days"] % 2 and (made := Ask.objects.order_by("pk").first()):
        asks.withdraw(made.pk)
        return "withdrawn"
    asks.make(who.id, amount_cents=step["cents"], note="Lunch")
    return "made"


def freeze_own(world: World, step: Step) -> str:
    who = world.member(step["who"])
    act = people.freeze_own if step["days"] % 4 == 0 else people.unfreeze_own
    return f"{act.__name__} {act(Context(who.id))}"


ACTS = {
    "sign up": sign_up,
    "deposit": deposit,
    "withdraw": withdraw,
    "transfer": transfer,
    "repeat": repeat,
    "cancel": cancel,
    "open goal": open_goal,
    "save": save,
    "take": take,
    "move": move,
    "close goal": close_goal,
    "lock goal": lock_goal,
    "ask early": ask_early,
    "save by itself": save_by_itself,
    "stop saving": stop_saving,
    "schedule": schedule,
    "change schedule": change_schedule,
    "ask for money": ask_for_money,
    "freeze own": freeze_own,
}
