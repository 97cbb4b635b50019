"""Restore a backup into an empty database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nissmart.backup import operations
from nissmart.backup.errors import BackupError, NotVerified


class Command(BaseCommand):
    help = "Restores a backup into the database of DATABASE_URL, which must be empty."
    # A check may look into the database, which has no tables yet.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the backup")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            held = operations.restore(options["path"].absolute())
        except (BackupError, NotVerified) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored {held}.\nVerified: the books balance.")
