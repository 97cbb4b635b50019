"""Run a list of steps against a fresh database, and say what broke, if anything did."""

from __future__ import annotations

import hashlib
import json
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from ledger import rails
from nissmart.sandbox.keys import Keys
from nissmart.simulation import checks, draining, outside, processes
from nissmart.simulation.clock import CHANCE, CLOCK
from nissmart.simulation.faults import CUTS, FAULTS, Crash
from nissmart.simulation.founding import AT
from nissmart.simulation.model import Broken
from nissmart.simulation.place import Databases, Files
from nissmart.simulation.rail import InProcess
from nissmart.simulation.steps import ACTS
from nissmart.simulation.world import Nothing, Step, World
from wallet.db.preconditions import Unmet
from wallet.errors import Busy, OutcomeUnknown, Refusal

VERIFY_EVERY = 25
# Days after the founding on which runs begin, and at what time: some near midnight in Nairobi.
BEGINNINGS = ((11, 5), (20, 14.9), (48, 14.98), (49, 20), (200, 9), (354, 14.95))


@dataclass
class Result:
    steps: int = 0
    broken: str = ""
    at_step: int = -1
    where: str = ""
    lines: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()[:16]

    @property
    def rule(self) -> str:
        """What broke, without its numbers: the same in a shorter list."""
        return "".join(each for each in self.broken if not each.isdigit())[:60]


class Unexpected(logging.Handler):
    """Keeps the errors that the product only logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, Exception) and not is_fine(error):
            self.found = self.found or error


ERRORS = Unexpected()


def is_fine(error: BaseException) -> bool:
    """Is it a refusal, or what follows from the fault of this step?"""
    if isinstance(error, BaseExceptionGroup):
        return all(is_fine(each) for each in error.exceptions)
    if FAULTS.explains(error):
        return True
    # `Busy` and `OutcomeUnknown` too are refusals, and come of nothing here.
    is_busy = isinstance(error, Busy | OutcomeUnknown)
    return isinstance(error, Refusal | Unmet) and not is_busy


def listen() -> None:
    """All logs go to `ERRORS` only."""
    root = logging.getLogger()
    root.handlers = [ERRORS]
    for name in list(logging.Logger.manager.loggerDict):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True


def run(
    place: Files | Databases, keys: Keys, certificate: Path, seed: int, steps: Sequence[Step]
) -> Result:
    result = Result()
    place.renew()
    processes.restart()
    FAULTS.arm()
    day, hour = Random(seed).choice(BEGINNINGS)
    CLOCK.restart(AT + timedelta(days=day, hours=hour))
    CHANCE.seed(seed)
    ERRORS.found = None
    try:
        world = World(InProcess(keys, certificate))
        world.counts = result.counts
        rails.current().register_urls()
        for number, step in enumerate(steps):
            result.at_step = number
            result.lines.append(f"{number} {act(world, step)}")
            result.steps += 1
            if number % VERIFY_EVERY == VERIFY_EVERY - 1:
                checks.verify_all()
        result.at_step = len(steps)
        result.lines.append(draining.drain(world))
        checks.verify_all()
        draining.compare_book(world)
        draining.compare_claims(world)
    except Exception as error:
        result.broken = describe(error)
        result.where = "" if isinstance(error, Broken) else traceback.format_exc()
    return result


def describe(error: BaseException) -> str:
    if isinstance(error, Broken):
        return str(error)
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(describe(each) for each in error.exceptions)
    return f"unexpected {type(error).__name__}: {error}"[:300]


def act(world: World, step: Step) -> str:
    """One step, then all that is compared after each. Returns its line of the log."""
    CHANCE.seed(step["draw"])
    world.rail.hands.chance.seed(step["draw"])
    world.rail.hands.rate = step["manners"]
    world.rail.hands.named = step.get("faults_of_rail") or {}
    before = Counter(world.rail.hands.did)
    world.rail.meanwhile = interruption(world, step)
    fault = step.get("fault", {"kind": "", "at": 0})
    FAULTS.arm(fault["kind"], fault["at"])
    said = attempt(world, step)
    fired = FAULTS.fired
    world.rail.meanwhile = None
    world.counts[f"act: {step['act']}"] += said != "nothing"
    world.counts[f"done: {step['act']}"] += not said.startswith(("nothing", "refused", "unknown"))
    if step["act"] == "work":
        world.counts[f"job: {step['job']}"] += 1
    if fired:
        world.counts[f"fault: {fired}"] += 1
        if step.get("again"):
            FAULTS.arm()
            said += f"; again: {attempt(world, step)}"
            world.counts["again immediately"] += 1
    FAULTS.arm()
    if ERRORS.found:
        raise ERRORS.found
    changed = checks.compare(world.model, world.rail)
    if lost := world.acknowledged - set(world.model.rows):
        raise Broken(f"transaction {min(lost)} was acknowledged and isn't there")
    world.counts.update({f"rail: {k}": n for k, n in (world.rail.hands.did - before).items()})
    moved = [(row.id, row.type, row.status, row.cents) for row in changed]
    world.counts.update(f"made: {row.type} {row.status}" for row in changed)
    CLOCK.pass_s(1)
    return json.dumps([step["act"], f"{CLOCK.now():%F %T}", said, fired, moved, holds(world)])


def attempt(world: World, step: Step) -> str:
    """Do it, and say what came of it. A process that dies is replaced."""
    try:
        return ACTS[step["act"]](world, step)
    except Nothing:
        return "nothing"
    except Crash:
        return "unknown: crash"
    except Exception as error:
        if not is_fine(error):
            raise
        kind = "refused" if isinstance(error, Refusal) else "unknown"
        return f"{kind}: {type(error).__name__}"
    finally:
        if FAULTS.fired in CUTS:
            processes.restart()


def interruption(world: World, step: Step) -> tuple[str, Callable[[], None]] | None:
    """What others do while the request of a step, or its answer, is on its way."""
    plan = step.get("meanwhile")
    if not plan:
        return None

    def others() -> None:
        FAULTS.is_off = True
        world.counts[f"meanwhile: {plan['when']}"] += 1
        world.rail.timeline.run_for(plan["s"])
        for _turn in range(plan["turns"]):
            outside.turn(world, {"job": "nissmart.work.send_due_payments"})
            world.rail.timeline.run_for(plan.get("gap", 3))
            outside.turn(world, {"job": "payouts.callbacks.apply_waiting"})
        FAULTS.is_off = False

    return plan["when"], others


def holds(world: World) -> list[tuple[int, int]]:
    return sorted((id, cents) for id, cents in world.model.held.items() if cents)
