"""Note that a callback came from a stranger: with a wrong secret, or from a source not allowed.

Anyone may send as many of them as they like. So a process looks at one a minute, and all processes
together write one an hour, without what was sent. Finance gets one incident (`adminpanel`).
"""

from __future__ import annotations

import logging
import time

from django.db import DatabaseError, InterfaceError, transaction
from django.utils import timezone

from ledger import rails
from ledger.models import RailEvent
from ledger.models.rail_events import Finding
from wallet.db.retries import optional_write
from wallet.web import rates

logger = logging.getLogger(__name__)

KEY = "forged callbacks"
QUIET_S = 60

# When this process may look at one again, by `time.monotonic`. Two threads may both look then:
# the hour's count in the database lets one write.
quiet_until = 0.0


def note(ip_address: str) -> None:
    """Write it down, unless one was written this hour. Skipped when the database is busy."""
    global quiet_until
    now = time.monotonic()
    if now < quiet_until:
        return
    quiet_until = now + QUIET_S
    try:
        with optional_write():
            write(ip_address)
    except (DatabaseError, InterfaceError):
        logger.exception("a forged callback could not be noted")


@transaction.atomic
def write(ip_address: str) -> None:
    """Count it and write it in one commit, so that none is counted that wasn't written."""
    if rates.count(KEY, rates.HOUR_S) > 1:
        return
    RailEvent.objects.create(
        rail=rails.current().code,
        kind="forged-callback",
        ip_address=ip_address[:60],
        handled_at=timezone.now(),
        finding=Finding.FORGED,
    )
