"""Check the books and report every row that's wrong."""

from __future__ import annotations

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import verify


class Command(BaseCommand):
    help = "Recomputes the books from the entries. Exits with 1 and names each wrong row, if any."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json",
            action="store_true",
            help="print only violations, one JSON object per line",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        found = 0
        for check in verify.CHECKS:
            for violation in check.violations():
                found += 1
                self.stdout.write(as_json(violation) if options["json"] else as_line(violation))
        if found:
            raise CommandError(f"{found:,} found. The books don't balance.", returncode=1)
        if not options["json"]:
            rows = ", ".join(f"{count:,} {name}" for name, count in verify.size().items())
            seconds = time.monotonic() - began
            self.stdout.write(
                f"The books balance: {len(verify.CHECKS)} checks of {rows} in {seconds:.1f} s."
            )


def as_line(violation: verify.Violation) -> str:
    return f"{violation.check}: {violation.row}: {violation.message}"


def as_json(violation: verify.Violation) -> str:
    facts = {
        "check": violation.check,
        "row": violation.row,
        "message": violation.message,
        "facts": violation.facts,
    }
    return json.dumps(facts, ensure_ascii=False, default=str)
