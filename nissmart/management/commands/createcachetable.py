"""Django's `createcachetable` as the owner of the tables, with rights on the new table."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.commands import createcachetable

from nissmart.owner import as_owner, is_apart


class Command(createcachetable.Command):
    def handle(self, *tables: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*tables, **options)
        if is_apart() and not options["dry_run"]:
            call_command("grant_rights", verbosity=options["verbosity"], stdout=self.stdout)
