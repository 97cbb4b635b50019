"""All sweeps, and the job of the worker that runs them."""

from __future__ import annotations

import logging

from adminpanel.exports import operations as exports
from adminpanel.integrity import operations as integrity
from ledger.asks import operations as asks
from ledger.leaving import operations as leaving
from wallet.db.sweeping import Sweep
from wallet.failures import Failures
from wallet.messages import sending
from wallet.signin import devices, guesses, session_store
from wallet.web import rates

logger = logging.getLogger(__name__)

# What strangers can fill comes first.
SWEEPS: tuple[Sweep, ...] = (
    session_store.SESSIONS,
    guesses.SWEEP,
    rates.WINDOWS,
    rates.CACHE,
    sending.SWEEP,
    devices.SWEEP,
    asks.SWEEP,
    exports.SWEEP,
    integrity.SWEEP,
    leaving.SWEEP,
    session_store.OLD_SESSIONS,
)


def tidy() -> int:
    """Run each sweep for a moment. Returns how many rows went. If one fails, the others still run.

    Raises an ExceptionGroup of what failed.
    """
    deleted, failures = 0, Failures("some sweeps failed")
    for sweep in SWEEPS:
        with failures.of(sweep.name):
            rows = sweep.run()
            if rows:
                logger.info("swept", extra={"sweep": sweep.name, "rows": rows})
            deleted += rows
    failures.raise_all()
    return deleted
