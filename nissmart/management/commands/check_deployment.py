"""Is this installation ready for members? Each check says what is wrong, and what to do."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nissmart.deployment.all import CHECKS, NAMES
from nissmart.deployment.check import Check, Found, Level
from nissmart.deployment.outside import send_mail


class Command(BaseCommand):
    help = "Checks settings, database, machine, worker and what the site talks to. Exits 1 on FAIL."
    # The checks run Django's own too, and say what those found like all else.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object per line")
        parser.add_argument(
            "--skip",
            action="append",
            default=[],
            metavar="NAME",
            choices=NAMES,
            help="leave out a check; may be repeated",
        )
        parser.add_argument("--send-mail", metavar="ADDRESS", help="also send a mail there")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = [check for check in CHECKS if check.name not in options["skip"]]
        if options["send_mail"]:
            chosen.append(send_mail(options["send_mail"]))
        levels: list[Level] = []
        for check in chosen:
            for found in check.run():
                levels.append(found.level)
                as_words = as_json if options["json"] else as_line
                self.stdout.write(as_words(check, found))
        failed, warned = levels.count(Level.FAIL), levels.count(Level.WARN)
        if failed:
            raise CommandError(f"{failed} FAIL, {warned} WARN: not ready for members.")
        if not options["json"]:
            self.stdout.write(f"Ready: no FAIL, {warned} WARN.")


def as_line(check: Check, found: Found) -> str:
    return " ".join(filter(None, (f"{found.level:4}", f"{check.name}:", found.what, found.todo)))


def as_json(check: Check, found: Found) -> str:
    return json.dumps(
        {"check": check.name, "level": found.level, "what": found.what, "todo": found.todo}
    )
