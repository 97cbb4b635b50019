"""`manage.py work`: the background worker."""

from __future__ import annotations

import signal
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nissmart import work

PAUSE_S = 2


class Command(BaseCommand):
    help = "Does due background jobs until it gets a signal. Any number of workers may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="do the jobs that are due now, and exit"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            if not work.do_what_is_due():
                raise CommandError("Some jobs failed; the log says why.")
            return
        stop = Event()
        # The current job ends first, and a second signal doesn't hurry it.
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_signal: stop.set())
        while not stop.is_set():
            work.do_what_is_due()
            stop.wait(PAUSE_S)
