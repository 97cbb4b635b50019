"""The background jobs. Any number of workers may run them at the same time.

Payments don't wait for the checks of the books, which may take minutes, nor for a slow provider of
SMS or mail, nor for large files: a worker runs `PAYMENT_JOBS`, each of `MESSAGE_JOBS`, and
`FILE_JOBS` in separate threads.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

from django.db import DatabaseError, close_old_connections

from adminpanel.alerts import operations as team_alerts
from adminpanel.claims import operations as claim_endings
from adminpanel.close import operations as closings
from adminpanel.corrections import operations as corrections
from adminpanel.exports import operations as exports
from adminpanel.incidents import findings, reports
from adminpanel.integrity import operations as integrity
from adminpanel.integrity.heartbeats import HEARTBEATS
from adminpanel.reconciliation import balances, reading, taking_in
from adminpanel.reports import datasets as datasets
from adminpanel.reports import mailing
from adminpanel.reversals import operations as reversals
from adminpanel.tables import tidying
from ledger import account_days, alerts, claims, rollups
from ledger.closing import seals
from ledger.payouts import callbacks, confirmations, worker
from ledger.payouts import operations as payouts
from ledger.savings import automatic, interest
from ledger.schedules import runs as schedules
from ledger.statements import monthly
from wallet import granting, log_facts
from wallet.errors import Busy
from wallet.messages import sending
from wallet.models import Channel

logger = logging.getLogger(__name__)

# Set to end this process: jobs finish what they are at, and begin nothing new.
STOPPING = Event()


def send_due_payments() -> int:
    return worker.do_due(STOPPING.is_set)


def take_claims() -> int:
    return claims.take_due(STOPPING.is_set)


def save_automatically() -> int:
    return automatic.save_due(STOPPING.is_set)


def make_scheduled_payments() -> int:
    return schedules.run_due(STOPPING.is_set)


def pay_interest() -> int:
    return interest.pay_due(STOPPING.is_set)


def confirm_due_arrivals() -> int:
    return confirmations.ask_due(STOPPING.is_set)


def read_statements() -> bool:
    return reading.do_next(STOPPING.is_set)


def post_reversals() -> Any:
    return reversals.post_approved()


def end_claims() -> Any:
    return claim_endings.post_approved()


def post_corrections() -> Any:
    return corrections.post_approved()


def close_days() -> Any:
    return closings.post_approved()


def send_texts() -> int:
    return sending.send_due(Channel.SMS, STOPPING.is_set)


def send_mails() -> int:
    return sending.send_due(Channel.EMAIL, STOPPING.is_set)


PAYMENT_JOBS: tuple[Callable[[], Any], ...] = (
    callbacks.apply_waiting,
    confirm_due_arrivals,
    payouts.end_agreed,
    send_due_payments,
    take_claims,
    make_scheduled_payments,
    save_automatically,
    pay_interest,
)


def make_exports() -> int:
    return exports.make_due(STOPPING.is_set)


MESSAGE_JOBS: tuple[Callable[[], Any], ...] = (
    alerts.write_due,
    send_texts,
    send_mails,
    team_alerts.send_due,
)
# A large file takes minutes.
FILE_JOBS: tuple[Callable[[], Any], ...] = (make_exports,)
JOBS: tuple[Callable[[], Any], ...] = (
    rollups.fold_all,
    account_days.fold_all,
    seals.seal_due,
    monthly.report_due,
    mailing.report_due,
    findings.open_for_findings,
    reports.open_for_reports,
    post_reversals,
    end_claims,
    post_corrections,
    close_days,
    integrity.request_if_due,
    integrity.run_next,
    read_statements,
    taking_in.take_in_due,
    balances.check_due,
    team_alerts.watch,
    granting.grant_due,
    tidying.tidy,
)


def code_of(job: Callable[[], Any]) -> str:
    """The job's name in heartbeats, logs and metrics, such as `work.send_texts`."""
    *_packages, module = (part for part in job.__module__.split(".") if part != "operations")
    return f"{module}.{job.__name__}"


def every_job() -> tuple[Callable[[], Any], ...]:
    return PAYMENT_JOBS + MESSAGE_JOBS + JOBS + FILE_JOBS


def beat() -> None:
    """Write the heartbeats of this process. A database that is down gets them later."""
    close_old_connections()
    try:
        HEARTBEATS.write()
    except (Busy, DatabaseError):
        logger.warning("heartbeats not written", exc_info=True)


def do_what_is_due(jobs: Sequence[Callable[[], Any]] | None = None) -> bool:
    """Do each job once. A failed job is logged, and the others still run.

    Returns False when any job failed.
    """
    close_old_connections()
    all_well = True
    for job in every_job() if jobs is None else jobs:
        code = code_of(job)
        with log_facts.Noting(job=code):
            try:
                with HEARTBEATS.doing(code):
                    job()
            except Exception:
                all_well = False
                logger.exception("job failed")
    close_old_connections()
    return all_well
