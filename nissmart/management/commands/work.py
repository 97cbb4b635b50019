"""The background worker."""

from __future__ import annotations

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nissmart import work

PAUSE_S = 2


class Command(BaseCommand):
    help = (
        "Does what is due in the background, until it is told to stop. Any number may run at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, and exit")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            if not work.do_what_is_due():
                raise CommandError("Not everything could be done; the log says why.")
            return
        told_to_stop = Event()
        # The job under way ends first: a second signal does not hurry it.
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_signal: told_to_stop.set())
        while not told_to_stop.is_set():
            work.do_what_is_due()
            told_to_stop.wait(PAUSE_S)
