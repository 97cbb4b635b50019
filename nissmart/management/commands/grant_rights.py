"""Give the application's role its rights. `migrate` does this each time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import ProgrammingError, connection

from nissmart import rights
from nissmart.owner import as_owner, is_apart, role_of

ONE_ROLE = "Without DATABASE_OWNER_URL the application owns its tables: nothing to grant."


class Command(BaseCommand):
    help = "Gives the application's database role its rights on each table, and no others."

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_apart():
            self.stdout.write(ONE_ROLE)
            return
        role = role_of(connection.settings_dict)
        with as_owner():
            try:
                count = rights.grant(role)
            except ProgrammingError as error:
                raise CommandError(
                    f"The rights of {role} weren't changed: {error}"
                    "Create the roles first: docs/operations.md, section 2."
                ) from error
        if options["verbosity"]:
            self.stdout.write(f"The role {role} has its rights on {count} tables.")
