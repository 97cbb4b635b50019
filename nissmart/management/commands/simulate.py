"""`manage.py simulate`: play the whole product from a seed. docs/simulation.md."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from nissmart.owner import as_owner

clock_s = time.process_time


class Command(BaseCommand):
    help = "Plays members, staff, workers, the rail and faults on a throw-away database."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--seeds", type=int, default=1, help="how many seeds, from --seed on")
        parser.add_argument("--operations", type=int, default=60, help="the steps of each seed")
        parser.add_argument("--engine", choices=["sqlite", "postgres"], default="sqlite")
        parser.add_argument("--replay", metavar="FILE", help="run the steps in this file instead")
        parser.add_argument("--go-on", action="store_true", help="run the other seeds all the same")
        parser.add_argument("--keep", action="store_true", help="keep the database of a failure")
        parser.add_argument("--shrink", action="store_true", help="look for a shorter failing list")
        parser.add_argument("--shrink-s", type=float, default=60, help="for so many seconds")
        parser.add_argument("--failures", default=".", help="the folder for lists that failed")
        parser.add_argument(
            "--migrated", default="", help="an empty migrated database: spares the migrations"
        )
        parser.add_argument("--log", action="store_true", help="print the log of each run")
        parser.add_argument("--json", metavar="FILE", help="write what happened how often")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = "postgresql" if options["engine"] == "postgres" else "sqlite"
        if connection.vendor != wanted:
            raise CommandError(
                "Unset DATABASE_URL for SQLite. With DATABASE_URL of a scratch PostgreSQL add"
                " --engine postgres: two databases are made there and dropped again."
            )
        from nissmart.simulation.session import Session  # it replaces the clock

        # The owner of the tables, since the application's role makes no databases.
        with as_owner(), TemporaryDirectory() as folder, Session(Path(folder), options) as session:
            self.play(session, options)

    def play(self, session: Any, options: dict[str, Any]) -> None:
        began, total, steps = clock_s(), Counter[str](), 0
        seeds = range(options["seed"], options["seed"] + options["seeds"])
        if options["replay"]:
            saved = json.loads(Path(options["replay"]).read_text())
            seeds = range(saved["seed"], saved["seed"] + 1)
        digest, failed = "", 0
        for seed in seeds:
            given = saved["steps"] if options["replay"] else None
            result = session.run(seed, given or session.draw(seed, options["operations"]))
            if options["log"]:
                self.stdout.write("\n".join(result.lines))
            total += result.counts
            steps += result.steps
            digest = session.join(digest, result.digest)
            if result.broken:
                failed += 1
                self.stderr.write(session.report(seed, result))
                if not options["go_on"]:
                    break
        if options["json"]:
            Path(options["json"]).write_text(json.dumps(total, indent=1, sort_keys=True))
        seconds = clock_s() - began
        self.stdout.write(
            f"{len(seeds)} seeds, {steps} steps, {seconds:.1f} s of CPU"
            f" ({steps / seconds:.0f} steps a second)"
        )
        self.stdout.write(f"digest {digest}")
        if failed:
            raise CommandError(f"{failed} seeds failed.", returncode=1)
