"""Reads of statements for their pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from adminpanel.models import Statement
from adminpanel.reconciliation.formats import FORMATS
from adminpanel.reconciliation.formats.bank_csv import PARTS
from wallet import house


def statements() -> QuerySet[Statement]:
    """All but those that someone dropped, newest first, as the list shows them."""
    found = Statement.objects.exclude(state=Statement.State.DROPPED)
    return found.select_related("uploaded_by", "account").defer("findings")


def source_of(statement: Statement) -> str:
    """How the file is written, in words; empty before it has been read."""
    known = FORMATS.get(statement.format)
    return str(known.label) if known else ""


def account_label(statement: Statement) -> str:
    return house.label_of(statement.account_id)


def facts_of(statement: Statement) -> dict[str, Any]:
    """What a statement's page shows of it."""
    found = statement.findings or {}
    return {
        "account_label": account_label(statement),
        "source": source_of(statement),
        "found": found,
        "columns": [(name, meaning_label(meaning)) for name, meaning in found.get("columns", [])],
        "sample": [
            one | {"at": datetime.fromisoformat(one["at"])} for one in found.get("sample", [])
        ],
        "uncounted": sum(found.get("uncounted", {}).values()),
        "total": found.get("read", 0) + found.get("rejected", 0),
        "more_rejected": found.get("rejected", 0) - len(found.get("rejected_lines", [])),
        "more_gaps": found.get("gaps", 0) - len(found.get("gap_lines", [])),
    }


def meaning_label(meaning: str) -> str:
    known = PARTS.get(meaning)
    return str(known[0]) if known else meaning.replace("_", " ")
