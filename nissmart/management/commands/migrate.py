"""Django's `migrate` as the owner of the tables; then the application's role gets its rights.

Not by Django's signal `post_migrate`: it's sent once for each app, before the last table is there,
and also when a test empties its database.
"""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate

from nissmart.owner import as_owner, is_apart


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
        if is_apart() and not options["plan"]:
            call_command("grant_rights", verbosity=options["verbosity"], stdout=self.stdout)
