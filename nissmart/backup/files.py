"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nissmart.backup.errors import BackupError

SQLITE_LOGS = ("-wal", "-shm", "-journal")


@contextmanager
def written_whole(target: Path, *beside: Path) -> Iterator[Path]:
    """Yield the path of a part file, and give it its name after the block.

    Only its owner may read it. After an error nothing is left, nor of the files that the block
    wrote beside it.
    """
    refuse_existing(target)
    if not target.parent.is_dir():
        raise BackupError(f"There is no folder {target.parent}.")
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield part
        sync(part)
        for file in beside:
            sync(file)
        part.rename(target)
        sync(target.parent)
    except BaseException as error:
        for file in beside:
            file.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise BackupError(complaint(target, error)) from error
        raise
    finally:
        for left in (part, *(part.with_name(part.name + end) for end in SQLITE_LOGS)):
            left.unlink(missing_ok=True)


def refuse_existing(target: Path) -> None:
    if target.exists():
        raise BackupError(f"{target} exists already. A backup never replaces another one.")


def complaint(target: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return no_room(target)
    return f"{target} can't be written: {error.strerror or error}."


def no_room(target: Path) -> str:
    left = shutil.disk_usage(target.parent).free
    return f"The disk is full: {target} was not written. {left:,} bytes are free there."


def sync(path: Path) -> None:
    """Wait until the disk has it, so that it survives a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
