"""`manage.py generate_history`: add a large history for scale tests."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from nissmart.demo.history_generator import DAYS, AllClosed, generate
from nissmart.owner import as_owner


class Command(BaseCommand):
    help = (
        f"Adds new members and {DAYS} days of transactions among them, in bulk. If days are "
        "closed, the history begins after them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--members", type=int, required=True)
        parser.add_argument("--transactions", type=int, required=True)
        parser.add_argument(
            "--seed", type=int, default=1, help="the same seed gives the same history"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["members"] < 1 or options["transactions"] < 0:
            raise CommandError("--members must be at least 1, and --transactions at least 0.")
        began = time.monotonic()
        progress = generate(
            members=options["members"],
            transactions=options["transactions"],
            seed=options["seed"],
            now=timezone.now(),
        )
        try:
            for written in progress:
                if options["verbosity"] > 1:
                    self.stdout.write(f"{written:,} transactions")
        except AllClosed:
            raise CommandError(
                "All days before today are closed, so they can't get a history. "
                "Use another database."
            ) from None
        # Let the database plan for its new size. Only the owner of the tables may.
        owner = nullcontext() if connection.in_atomic_block else as_owner()
        with owner, connection.cursor() as cursor:
            cursor.execute("ANALYZE" if connection.vendor == "postgresql" else "PRAGMA optimize")
        self.stdout.write(
            f"{options['members']:,} members and {options['transactions']:,} transactions"
            f" added in {time.monotonic() - began:.1f} s."
        )
