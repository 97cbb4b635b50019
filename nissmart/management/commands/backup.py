"""Back up the database while it's in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nissmart.backup import operations
from nissmart.backup.errors import BackupError, NotVerified


class Command(BaseCommand):
    help = "Writes a backup of the whole database to a new file, and checks it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the new file; its manifest is PATH.json")
        parser.add_argument(
            "--verify-url",
            default="",
            help="PostgreSQL: a database on the server where the copy is restored and checked,"
            " instead of the server that is backed up",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["path"].absolute()
        try:
            made = operations.back_up(path, verify_url=options["verify_url"])
        except (BackupError, NotVerified) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{path}: {made.size:,} bytes, SHA-256 {made.sha256}\n"
            f"It holds {made.facts}.\nVerified: restored elsewhere, and the books balance."
        )
