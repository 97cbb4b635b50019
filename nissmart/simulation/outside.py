"""What no one in the product does: workers have their turns, time passes, members pay by phone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from nissmart import work
from nissmart.sandbox.apis import c2b
from nissmart.simulation.clock import CLOCK
from nissmart.simulation.model import NAIROBI
from nissmart.simulation.world import Nothing, Step, World
from wallet import account_numbers

ALL = work.PAYMENT_JOBS + work.MESSAGE_JOBS + work.JOBS + work.FILE_JOBS


def name_of(job: Callable[[], Any]) -> str:
    """Such as `payouts.callbacks.apply_waiting`."""
    return ".".join([*job.__module__.split(".")[-2:], job.__name__])


JOBS = {name_of(job): job for job in ALL}
assert len(JOBS) == len(ALL)
PAYMENTS = [name for name, job in JOBS.items() if job in work.PAYMENT_JOBS]
OTHERS = [name for name in JOBS if name not in PAYMENTS]
DAY = timedelta(days=1)


def turn(world: World, step: Step) -> str:
    """A worker does one of its jobs."""
    done = JOBS[step["job"]]()
    return f"{step['job']} {done if isinstance(done, int) else ''}".strip()


def wait(world: World, step: Step) -> str:
    world.rail.timeline.run_for(step["s"])
    return f"{step['s']} s"


def set_clock(world: World, step: Step) -> str:
    """Our own clock is wrong by so much from now on; 0 puts it right."""
    CLOCK.wrong_by = timedelta(seconds=step["s"])
    return f"wrong by {step['s']} s"


def until(world: World, step: Step) -> str:
    """Wait until a second before midnight in Nairobi: of today, of the month, of 28 February."""
    here = CLOCK.true + NAIROBI
    last = here
    if step["end"] == "month":
        last = (here.replace(day=28) + 4 * DAY).replace(day=1) - DAY
    elif step["end"] == "february":
        last = here.replace(month=2, day=28)
    midnight = datetime.combine(last.date() + DAY, datetime.min.time(), here.tzinfo) - NAIROBI
    seconds = (midnight - CLOCK.true).total_seconds() - 1
    if not 0 < seconds <= timedelta(days=40).total_seconds():
        raise Nothing
    world.rail.timeline.run_for(seconds)
    return f"{CLOCK.true:%Y-%m-%d}"


def pay_in(world: World, step: Step) -> str:
    """A member pays to the paybill from their phone, sometimes with a mistyped number."""
    who, to = world.member(step["who"]), world.member(step["to"])
    number = account_numbers.of(to.wallet)
    typed = number if step["which"] % 4 else number[:-1] + str((int(number[-1]) + 1) % 10)
    c2b.pay(world.rail.simulator, who.phone.removeprefix("+"), step["cents"] // 100, typed)
    return "paid in"


ACTS = {
    "work": turn,
    "wait": wait,
    "clock": set_clock,
    "until": until,
    "pay in": pay_in,
}
