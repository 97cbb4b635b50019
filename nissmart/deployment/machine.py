"""This machine: its disk and files, and whether a worker does its jobs."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile
from collections.abc import Iterator

from django.conf import settings
from django.db import connection
from django.utils.timesince import timesince

from adminpanel.integrity import workers
from nissmart import worker_state
from nissmart.deployment.check import Check, Found, fail, warn

LEAST_FREE, LITTLE_FREE = 0.05, 0.15
LEAST_FREE_BYTES = 500 * 1024 * 1024
FEWEST_FILES, FEW_FILES = 256, 4096
# File systems whose locks or durability SQLite can't rely on.
UNSAFE_FOR_SQLITE = frozenset({"tmpfs", "ramfs", "nfs", "nfs4", "cifs", "smb3", "9p", "overlay"})


def disk() -> Iterator[Found]:
    for place in sorted({places_of_data(), tempfile.gettempdir()}):
        total, _used, free = shutil.disk_usage(place)
        if free / total < LEAST_FREE or free < LEAST_FREE_BYTES:
            yield fail(f"The disk of {place} is full: {free >> 20:,} MB are free.", "Make room.")
        elif free / total < LITTLE_FREE:
            yield warn(f"The disk of {place} has {free / total:.0%} free.", "Make room soon.")


def places_of_data() -> str:
    if connection.vendor == "sqlite":
        return os.path.dirname(os.path.abspath(str(connection.settings_dict["NAME"]))) or "/"
    return str(settings.BASE_DIR)


def file_system() -> Iterator[Found]:
    kind = kind_of_file_system(places_of_data())
    if kind in UNSAFE_FOR_SQLITE:
        yield fail(
            f"SQLite's file is on {kind}, which doesn't keep it or doesn't lock it.",
            "Put it on a disk of this machine.",
        )


def kind_of_file_system(place: str) -> str:
    """The type of the deepest mount above this place, as Linux names it; "" elsewhere."""
    place, best, kind = os.path.realpath(place), "", ""
    try:
        with open("/proc/mounts") as mounts:
            lines = [line.split() for line in mounts]
    except OSError:
        return ""
    for _device, at, its_kind, *_rest in lines:
        inside = place == at or place.startswith(at.rstrip("/") + "/")
        if inside and len(at) >= len(best):
            best, kind = at, its_kind
    return kind


def open_files() -> Iterator[Found]:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < FEW_FILES:
        said = f"A process may open {soft} files, and each connection is one."
        todo = "Set LimitNOFILE=65536 in the unit, or ulimit -n."
        yield fail(said, todo) if soft < FEWEST_FILES else warn(said, todo)


def user() -> Iterator[Found]:
    if os.geteuid() == 0:
        yield warn("This runs as root.", "Run the site as another user.")


def worker() -> Iterator[Found]:
    """By the heartbeats of the workers, and by the rows that wait for one."""
    todo = "Start nissmart-worker (manage.py work), and read its log."
    found = workers.workers()
    if found.seen_at is None:
        yield fail("No worker has ever run.", todo)
    elif not found.alive:
        yield fail(f"No worker has been seen for {timesince(found.seen_at)}.", todo)
    else:
        for line in found.wrong:
            how = "a worker lives, and doesn't come round to it"
            if line.row and line.row.failures:
                how = f"failed {line.row.failures} times in a row ({line.row.error})"
            yield fail(f"{line.job.title}: {how}.", f'Look for "{line.code}" in its log.')
    for job in worker_state.jobs():
        if job.is_late and job.due_since:
            yield fail(f"{job.name}: due for {timesince(job.due_since)}.", todo)


CHECKS = (
    Check("disk", "There is room on this machine's disks.", disk),
    Check("file system", "The file system keeps what the database writes.", file_system, "sqlite"),
    Check("open files", "A process may open enough files.", open_files),
    Check("user", "This doesn't run as root.", user),
)
WORKER = (Check("worker", "A worker does its jobs in time.", worker),)
