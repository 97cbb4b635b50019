"""`manage.py register_callbacks`: have the rail report payments that members start themselves."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import rails
from ledger.models import RailEvent
from ledger.rails import Outcome, recording


class Command(BaseCommand):
    help = (
        "Tells the rail where to report payments that members start themselves, such as those to a"
        " paybill. Run it once, when going live; again it changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        rail = rails.current()

        def keep(event: recording.Event) -> None:
            RailEvent.objects.create(
                rail=rail.code, kind=event.kind[:40], body=event.body, status_code=event.status_code
            )

        with recording.to(keep):
            answer = rail.register_urls()
        if answer.outcome != Outcome.SUCCEEDED:
            reason = answer.words or "there is nothing to register"
            raise CommandError(f"{rail.label}: {reason}.")
        self.stdout.write(
            f"{rail.label} now reports the payments that members start at the paybill."
        )
