"""Ask for an export, make it in the background, and delete it when its days are over.

A job is a row, so it survives a crash. The worker that makes the file holds a lease, and every part
of the file is written in a transaction that renews it: a worker that lost its lease writes nothing
more, and the next one begins again from the first row.
"""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from adminpanel.exports.datasets import DATASETS, Asked, Dataset
from adminpanel.models import ExportJob, ExportPart
from wallet import sealing
from wallet.context import Context
from wallet.db import replica
from wallet.db.sweeping import Sweep
from wallet.staff import audit, roles, subjects
from wallet.staff.finding import mask_contacts
from wallet.staff.roles import Right
from wallet.stopping import IsStopping, never

logger = logging.getLogger(__name__)

State = ExportJob.State
# Much longer than one part takes.
LEASE = timedelta(minutes=5)
TRIES = 3
# Of a file's text in one part. It's about a tenth of that, compressed.
PART_CHARACTERS = 1_000_000


class LostLease(Exception):
    """Another worker has the job, or it's gone."""


def ask(context: Context, dataset: Dataset, asked: Asked) -> ExportJob:
    """Ask for this file. Returns the job that already makes it for them, if there is one.

    Raises NotAllowed for people who may not read what it holds.
    """
    roles.require(context.actor_id, Right.READ)
    assert context.actor_id, "the worker asks for no exports"
    query = asked.query.urlencode()
    text = f"{context.actor_id} {dataset.code} {query}"
    digest = salted_hmac("adminpanel.exports", text, algorithm="sha256").hexdigest()
    given = {name: value for name, value in asked.query.items() if isinstance(value, str)}
    try:
        with transaction.atomic():
            return ExportJob.objects.create(
                asked_by_id=context.actor_id,
                dataset=dataset.code,
                sealed_query=sealing.seal(query),
                filters=mask_contacts(given),
                digest=digest,
                through_id=asked.through_id,
                file_name=dataset.name(asked),
                rows_expected=dataset.expected(asked),
            )
    except IntegrityError:
        open_job = ExportJob.objects.filter(digest=digest, state__in=ExportJob.OPEN).first()
        # It may have ended in between.
        return open_job or ask(context, dataset, asked)


def make_due(is_stopping: IsStopping = never) -> int:
    """Make the files that are due. Returns how many jobs this worker took."""
    taken = 0
    while not is_stopping() and (job := claim_next()):
        make(job, is_stopping)
        taken += 1
    return taken


def claim_next() -> ExportJob | None:
    # A read first, because a claim takes SQLite's only write lock.
    return claim() if free().exists() else None


def free() -> QuerySet[ExportJob]:
    """Jobs that no worker has, the oldest first."""
    now = timezone.now()
    is_free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    return ExportJob.objects.filter(is_free, state__in=ExportJob.OPEN).order_by("pk")


@transaction.atomic
def claim() -> ExportJob | None:
    """Lease the oldest job that no worker has. What an earlier one wrote is deleted.

    A job that has killed its worker TRIES times has failed.
    """
    skip_locked = connection.features.has_select_for_update_skip_locked
    job = free().select_for_update(skip_locked=skip_locked).first()
    if job is None:
        return None
    job.parts.all().delete()
    job.rows_done = job.size_bytes = 0
    if job.tries >= TRIES:
        fail(job)
        return None
    job.state, job.tries = State.RUNNING, job.tries + 1
    job.lease, job.leased_until = uuid4(), timezone.now() + LEASE
    job.save()
    return job


def fail(job: ExportJob) -> None:
    """It has no file, and no worker tries it again. Its row says that it was asked for."""
    job.state, job.finished_at, job.leased_until = State.FAILED, timezone.now(), None
    job.save()


def make(job: ExportJob, is_stopping: IsStopping) -> None:
    """Write the file of a leased job. A job that raises is tried again, up to TRIES times."""
    try:
        checksum = hashlib.sha256()
        for number, (text, rows) in enumerate(parts_of(job)):
            if is_stopping():
                give_back(job)
                return
            data = text.encode()
            checksum.update(data)
            save_part(job, number, data, rows)
        finish(job, checksum.hexdigest())
    except LostLease:
        logger.warning("another worker has the export", extra={"job": job.pk})
    except Exception:
        # Any exception: the other jobs must still run, and the job's row keeps the count.
        logger.exception("export failed", extra={"job": job.pk})
        give_back(job, is_a_try=True)


def parts_of(job: ExportJob) -> Iterator[tuple[str, int]]:
    """The file's text in parts of about PART_CHARACTERS, each with its number of rows."""
    asked = Asked(QueryDict(sealing.unseal(job.sealed_query)), job.through_id)
    texts: list[str] = []
    characters = rows = 0
    for piece in replica.each(DATASETS[job.dataset].pieces(asked)):
        texts.append(piece.text)
        characters, rows = characters + len(piece.text), rows + piece.rows
        if characters >= PART_CHARACTERS:
            yield "".join(texts), rows
            texts, characters, rows = [], 0, 0
    if texts:
        yield "".join(texts), rows


@transaction.atomic
def save_part(job: ExportJob, number: int, data: bytes, rows: int) -> None:
    """Keep a part, if the lease is still ours. Raises LostLease."""
    renewed = held(job).update(
        leased_until=timezone.now() + LEASE,
        rows_done=F("rows_done") + rows,
        size_bytes=F("size_bytes") + len(data),
    )
    if not renewed:
        raise LostLease
    ExportPart.objects.create(job=job, number=number, data=zlib.compress(data, 6))


def finish(job: ExportJob, sha256: str) -> None:
    now = timezone.now()
    done = held(job).update(
        state=State.DONE,
        sha256=sha256,
        finished_at=now,
        leased_until=None,
        expires_at=now + timedelta(days=settings.EXPORT_DAYS),
    )
    if not done:
        raise LostLease


def give_back(job: ExportJob, *, is_a_try: bool = False) -> None:
    """Let any worker begin it again: this one is to stop, which is no failure of the job."""
    tries = job.tries if is_a_try else job.tries - 1
    held(job).update(state=State.QUEUED, leased_until=None, tries=tries)


def held(job: ExportJob) -> QuerySet[ExportJob]:
    """The job, as long as the lease is ours."""
    return ExportJob.objects.filter(pk=job.pk, lease=job.lease, state=State.RUNNING)


def expired() -> QuerySet[ExportJob]:
    return ExportJob.objects.filter(state=State.DONE, expires_at__lte=timezone.now())


def delete_files(jobs: QuerySet[ExportJob]) -> int:
    """Delete the files of these jobs. Returns how many."""
    ExportPart.objects.filter(job__in=jobs).delete()
    return jobs.update(state=State.EXPIRED)


SWEEP = Sweep(
    "exports",
    expired,
    by="expires_at",
    kept=_("The file for EXPORT_DAYS (7), its row for good"),
    reason=_("Files hold personal data. The row says who took what."),
    written_by=_("Staff who ask for an export"),
    forget=delete_files,
    # A file may have many parts.
    together=5,
    among=Q(state=State.DONE),
)


def open_file(context: Context, job: ExportJob) -> Iterator[bytes]:
    """The file's bytes. Taking it is in the audit, before the first byte. Raises NotAllowed."""
    roles.require(context.actor_id, Right.READ)
    audit.record(
        context,
        audit.Action.EXPORT,
        DATASETS[job.dataset].subject if job.dataset in DATASETS else subjects.LEDGER,
        job=job.pk,
        filters=job.filters,
    )
    return read(job)


def read(job: ExportJob) -> Iterator[bytes]:
    """One part in memory at a time."""
    numbers = list(job.parts.order_by("number").values_list("number", flat=True))
    for number in numbers:
        data = job.parts.values_list("data", flat=True).get(number=number)
        yield zlib.decompress(bytes(data))
