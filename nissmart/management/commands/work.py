"""`manage.py work`: the background worker."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from threading import Thread
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections

from adminpanel.integrity.heartbeats import EVERY_S, HEARTBEATS
from nissmart import work

PAUSE_S = 2
# Members wait for these.
PAUSE_OF_PAYMENTS_S = 0.5
PAUSE_OF_MESSAGES_S = 0.5
PAUSE_OF_FILES_S = 2


class Command(BaseCommand):
    help = "Does due background jobs until it gets a signal. Any number of workers may run."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="do the jobs that are due now, and exit"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        HEARTBEATS.begin(map(work.code_of, work.every_job()))
        if options["once"]:
            all_well = work.do_what_is_due()
            work.beat()
            if not all_well:
                raise CommandError("Some jobs failed; the log says why.")
            return
        # The current jobs end first, and a second signal doesn't hurry them.
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, lambda *_signal: work.STOPPING.set())
        beside = [
            (work.PAYMENT_JOBS, PAUSE_OF_PAYMENTS_S),
            *(((job,), PAUSE_OF_MESSAGES_S) for job in work.MESSAGE_JOBS),
            (work.FILE_JOBS, PAUSE_OF_FILES_S),
        ]
        threads = [Thread(target=keep_doing, args=each) for each in beside]
        threads.append(Thread(target=keep_beating))
        for thread in threads:
            thread.start()
        keep_doing(work.JOBS, PAUSE_S)
        for thread in threads:
            thread.join()
        # Those of the jobs that were under way.
        work.beat()
        connections.close_all()


def keep_beating() -> None:
    """Write the heartbeats every few seconds."""
    try:
        while not work.STOPPING.is_set():
            work.beat()
            work.STOPPING.wait(EVERY_S)
    finally:
        work.STOPPING.set()
        connections.close_all()


def keep_doing(jobs: Sequence[Callable[[], Any]], pause_s: float) -> None:
    """Do these jobs again and again, until the process is to stop."""
    try:
        while not work.STOPPING.is_set():
            work.do_what_is_due(jobs)
            work.STOPPING.wait(pause_s)
    finally:
        # However this ends, the other threads end too, and what runs the worker starts it again.
        work.STOPPING.set()
        connections.close_all()
