"""All checks, in the order in which people put things right."""

from __future__ import annotations

from nissmart.deployment import database, machine, outside, site
from nissmart.deployment.check import Check

CHECKS: tuple[Check, ...] = (
    *site.CHECKS,
    *database.CHECKS,
    *machine.CHECKS,
    *site.PEOPLE_CHECKS,
    *machine.WORKER,
    *outside.CHECKS,
)
NAMES = [check.name for check in CHECKS]
