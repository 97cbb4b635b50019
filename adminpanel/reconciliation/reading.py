"""Read the file of a statement: for its preview, and to import its lines.

The worker does this, and so does the request that uploads a small file. A lease says which of them
has the statement. Lines are imported in batches, each in its own commit, so payments never wait
long. An import that was cut short continues: fingerprints say which lines are there already.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import batched
from uuid import uuid4

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from adminpanel.models import Statement, StatementLine
from adminpanel.reconciliation import files
from adminpanel.reconciliation.findings import Tally
from adminpanel.reconciliation.formats import FORMATS, format_of
from adminpanel.reconciliation.formats.rows import RejectedLine, Row, Unreadable
from wallet.stopping import IsStopping, never

logger = logging.getLogger(__name__)

State = Statement.State
LEASE = timedelta(minutes=3)
BATCH = 500
# Retries of a batch when another import has just added some of its lines.
ATTEMPTS = 5

type Batch = dict[str, Row]


class LostLease(Exception):
    """Another worker has this statement now, or someone dropped it."""


def fingerprint_of(account_id: int, row: Row) -> str:
    """Deduplication id of a line: its account, its fact and its amount.

    The account is part of the hash, so the unique index has one column. PostgreSQL uses such an
    index even before it has statistics of a new table.
    """
    text = "\x1f".join((str(account_id), *row.same, str(row.amount_cents)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def do_next(is_stopping: IsStopping = never) -> bool:
    """Read or import the next statement that no other worker has. False if there is none."""
    # A read first, because a claim takes SQLite's only write lock.
    due = Statement.objects.filter(state__in=Statement.WORKING)
    statement = claim() if due.exists() else None
    if statement is None:
        return False
    work_on(statement, is_stopping)
    return True


@transaction.atomic
def claim(statement_id: int | None = None) -> Statement | None:
    """Lease the oldest statement to work on, or this one, unless another's lease is valid."""
    now = timezone.now()
    skip_locked = connection.features.has_select_for_update_skip_locked
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    due = Statement.objects.select_for_update(skip_locked=skip_locked).order_by("pk")
    if statement_id is not None:
        due = due.filter(pk=statement_id)
    statement = due.filter(free, state__in=Statement.WORKING).first()
    if statement is not None:
        statement.lease, statement.leased_until = uuid4(), now + LEASE
        statement.save(update_fields=["lease", "leased_until"])
    return statement


def work_on(statement: Statement, is_stopping: IsStopping = never) -> None:
    """Read or import it, as its state says. If that fails, the statement says why."""
    tally = Tally()
    try:
        with closing(batches(statement, tally)) as found:
            for batch in found:
                take(statement, batch, tally)
                if is_stopping():
                    hold(statement, leased_until=None)
                    return
        finish(statement, tally)
    except LostLease:
        return
    except Unreadable as why:
        refuse(statement, tally, str(why))
    except OperationalError:
        # The database's trouble, not the file's. Its lease ends, and a worker tries again.
        raise
    except Exception:
        logger.exception("statement not readable", extra={"statement": statement.pk})
        if statement.state == State.IMPORTING:
            # Some lines are in the account already. A worker tries again when the lease ends.
            return
        refuse(statement, tally, _("This file can't be read. Our log has the details."))


def batches(statement: Statement, tally: Tally) -> Generator[Batch]:
    """Read the lines of the file in batches, and count them. Raises Unreadable."""
    with files.open_file(statement) as file:
        if not statement.format:
            statement.format = format_of(file).code
        found = FORMATS[statement.format].read(file, tally.facts, statement.options)
        with closing(found) as lines:
            for group in batched(lines, BATCH):
                for rejected in (one for one in group if isinstance(one, RejectedLine)):
                    tally.reject(rejected)
                yield drop_repeats(statement, (one for one in group if isinstance(one, Row)), tally)


def drop_repeats(statement: Statement, rows: Iterable[Row], tally: Tally) -> Batch:
    """The rows that no earlier line of the file repeats, by fingerprint."""
    batch: Batch = {}
    for row in rows:
        fingerprint = fingerprint_of(statement.account_id, row)
        if not tally.is_repeated(fingerprint, row.number):
            tally.add(row)
            batch[fingerprint] = row
    return batch


def take(statement: Statement, batch: Batch, tally: Tally) -> None:
    """Count what is new in this batch, and add it if the statement is being imported."""
    for attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                plan_anew()
                known = known_of(batch)
                new = {one: row for one, row in batch.items() if one not in known}
                if statement.state == State.IMPORTING:
                    add(statement, new)
                hold(statement, progress=tally.lines)
            break
        except IntegrityError:
            if attempt == ATTEMPTS - 1:
                raise
    # A line of this very statement was added by an attempt that was cut short.
    others = sum(1 for one in known.values() if one != statement.pk)
    tally.known += others
    tally.new += len(batch) - others


def plan_anew() -> None:
    """PostgreSQL would keep the plan that it made while the table was still empty."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL plan_cache_mode = force_custom_plan")


def known_of(batch: Batch) -> dict[str, int]:
    """Which of these lines the account has already, each with its statement."""
    lines = StatementLine.objects.filter(fingerprint__in=batch)
    return dict(lines.order_by().values_list("fingerprint", "statement_id"))


def add(statement: Statement, new: Batch) -> None:
    StatementLine.objects.bulk_create(
        StatementLine(
            statement_id=statement.pk,
            account_id=statement.account_id,
            fingerprint=fingerprint,
            number=row.number,
            at=row.at,
            receipt=row.receipt,
            kind=row.kind,
            details=row.details,
            party=row.party,
            account_number=row.account_number,
            linked_receipt=row.linked_receipt,
            amount_cents=row.amount_cents,
            balance_cents=row.balance_cents,
            status=row.status,
            counts=row.counts,
            raw=row.raw,
        )
        for fingerprint, row in new.items()
    )


def hold(statement: Statement, **changes: object) -> None:
    """Write to the statement and lengthen the lease. Raises LostLease."""
    held = Statement.objects.filter(pk=statement.pk, lease=statement.lease, state=statement.state)
    if not held.update(**{"leased_until": timezone.now() + LEASE} | changes):
        raise LostLease


def finish(statement: Statement, tally: Tally) -> None:
    """The file is read to its end: show the preview, or mark the statement imported."""
    if not tally.lines:
        raise Unreadable(_("There are no lines in this file."))
    opening, closing = tally.balances()
    is_imported = statement.state == State.IMPORTING
    hold(
        statement,
        state=State.IMPORTED if is_imported else State.PREVIEW,
        imported_at=timezone.now() if is_imported else None,
        format=statement.format,
        first_at=tally.first and tally.first.at,
        last_at=tally.last and tally.last.at,
        opening_cents=opening,
        closing_cents=closing,
        lines_count=tally.new,
        findings=tally.as_json(),
        leased_until=None,
    )


def refuse(statement: Statement, tally: Tally, why: str) -> None:
    """Mark the file as unreadable. A table with unknown columns becomes a preview that asks."""
    asks = statement.format == "bank-csv" and bool(tally.facts.columns) and not tally.read
    with ignore_lost():
        hold(
            statement,
            state=State.PREVIEW if asks and statement.state == State.READING else State.FAILED,
            format=statement.format,
            lines_count=0,
            findings=tally.as_json() | {"problem": why},
            leased_until=None,
        )


@contextmanager
def ignore_lost() -> Iterator[None]:
    try:
        yield
    except LostLease:
        return
