"""The audit as a CSV file. The export itself is also an audit event.

What an event says is in columns, one for each of the facts that many events have. `before` and
`after`, and facts that few events have, are JSON: a program reads them, and a person can too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from adminpanel.audit import words
from adminpanel.audit.forms import AuditFilter
from adminpanel.exports import datasets
from adminpanel.exports.datasets import Asked, Dataset, Piece
from ledger.csv_export import Cell
from ledger.querysets import nairobi_day
from wallet.context import Context
from wallet.models import AuditEvent
from wallet.staff import audit, subjects
from wallet.staff.finding import mask_contacts
from wallet.web import paging

# Events in memory at a time.
BATCH = 2_000
FILE = "nissmart-audit"
# Facts that have a column.
FACTS = (
    *("transaction", "reversal", "correction", "proposal", "run", "check", "note", "job"),
    *("state", "severity", "owner", "title", "linked", "unlinked", "filters", "through_id"),
    *("before", "after"),
)
# Says which submission of a form it was. It means nothing to a reader.
LEFT_OUT = {"request"}
HEADINGS = (
    *("id", "at", "actor", "actor_id", "action", "subject", "reason"),
    *("ip_address", *FACTS, "other_facts"),
)


def record(context: Context, filters: dict[str, str]) -> int:
    """Record who exports which part of the audit. Returns the id of that event."""
    event = audit.record(
        context, audit.Action.EXPORT, subjects.AUDIT, filters=mask_contacts(filters)
    )
    return event.pk


def found(asked: Asked) -> QuerySet[AuditEvent]:
    """The events that these filters find."""
    events = AuditFilter(asked.query).narrow(AuditEvent.objects.select_related("actor"))
    return events.filter(pk__lte=asked.through_id)


def name(asked: Asked) -> str:
    return f"{FILE}-{nairobi_day()}.csv"


def count(asked: Asked, most: int) -> int:
    return found(asked).order_by()[: most + 1].count()


def pieces(asked: Asked) -> Iterator[Piece]:
    return datasets.csv_pieces(HEADINGS, map(cells, paging.batches(found(asked), BATCH)))


AUDIT = datasets.add(Dataset("audit", _("Audit"), subjects.AUDIT, name, count, pieces))


def cells(event: AuditEvent) -> list[Cell]:
    """One row, in the order of HEADINGS."""
    facts = {name: value for name, value in event.facts.items() if name not in LEFT_OUT}
    others = {name: facts[name] for name in facts if name not in FACTS}
    return [
        event.pk,
        event.at,
        words.actor_name(event),
        event.actor_id,
        event.action,
        event.subject,
        event.reason or None,
        event.ip_address or None,
        *(cell(facts.get(name)) for name in FACTS),
        as_json(others) if others else None,
    ]


def cell(value: Any) -> Cell:
    """A plain value as it is, a list of texts with spaces between them, all others as JSON."""
    if value is None or value == [] or value == {}:
        return None
    if isinstance(value, str | int) and not isinstance(value, bool):
        return value
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    return as_json(value)


def as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
