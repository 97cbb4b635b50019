"""All runs of one process: the template, the runs, and what is said of one that failed."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from nissmart.sandbox.keys import Keys
from nissmart.simulation import clock, founding, place, running, shrinking
from nissmart.simulation.faults import FAULTS
from nissmart.simulation.running import Result
from nissmart.simulation.steps import draw
from nissmart.simulation.world import Step

ENGINE = {"sqlite": "", "postgres": " --engine postgres"}


class Session:
    def __init__(self, folder: Path, options: dict[str, Any]) -> None:
        self.options, self.stack = options, ExitStack()
        self.certificate = folder / "certificate.pem"
        self.keys = Keys.beside(self.certificate)
        self.steps: list[Step] = []

    def __enter__(self) -> Self:
        options = self.options
        self.place = self.stack.enter_context(
            place.prepared(options["migrated"], is_kept=options["keep"])
        )
        founding.choose_settings()
        clock.install()
        founding.found()
        self.place.settle()
        FAULTS.install()
        running.listen()
        return self

    def __exit__(self, *error: object) -> None:
        self.stack.close()

    def draw(self, seed: int, count: int) -> list[Step]:
        return draw(seed, count)

    def run(self, seed: int, steps: list[Step]) -> Result:
        self.steps = steps
        return running.run(self.place, self.keys, self.certificate, seed, steps)

    @staticmethod
    def join(before: str, digest: str) -> str:
        return hashlib.sha256(f"{before}{digest}".encode()).hexdigest()[:16] if before else digest

    def report(self, seed: int, result: Result) -> str:
        """What broke, in how few steps, and the command that runs them again."""
        steps, shortest = self.steps[: result.at_step + 1], result
        if self.options["shrink"]:
            within_s = float(self.options["shrink_s"])
            steps, shortest = shrinking.shrink(self.run, seed, steps, result, within_s)
        file = Path(self.options["failures"]) / f"simulation-{seed}.json"
        file.write_text(json.dumps({"seed": seed, "steps": steps, "broken": shortest.broken}))
        lines = [
            f"seed {seed}, step {result.at_step}: {result.broken}",
            *([shortest.where] if shortest.where else []),
            f"{len(steps)} steps that break it:",
            *shortest.lines[-40:],
            f"manage.py simulate{ENGINE[self.options['engine']]} --replay {file}",
        ]
        if self.options["keep"]:
            lines.append(f"Its database is {self.place.name}.")
        return "\n".join(lines)
