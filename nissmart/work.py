"""The background jobs. Any number of workers may run them at the same time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.db import close_old_connections

from adminpanel.integrity import operations as integrity
from adminpanel.reversals import operations as reversals
from ledger import rollups

logger = logging.getLogger(__name__)

JOBS: tuple[Callable[[], Any], ...] = (
    rollups.fold_all,
    reversals.post_approved,
    integrity.request_if_due,
    integrity.run_next,
)


def do_what_is_due() -> bool:
    """Do each job once. A failed job is logged, and the others still run.

    Returns False when any job failed.
    """
    close_old_connections()
    all_well = True
    for job in JOBS:
        try:
            job()
        except Exception:
            all_well = False
            logger.exception("job failed", extra={"job": f"{job.__module__}.{job.__name__}"})
    close_old_connections()
    return all_well
