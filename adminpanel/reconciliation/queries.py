"""Reads of statements for their pages."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from adminpanel.models import BalanceCheck, Statement
from adminpanel.reconciliation.formats import FORMATS
from adminpanel.reconciliation.formats.bank_csv import PARTS
from wallet import house

# About a month of one account.
CHECKS_SHOWN = 31
# What M-PESA's columns mean, apart from what a bank's table has too.
LABELS = {
    "account_number": _("Account number"),
    "asked_at": _("Time of the request"),
    "balance_confirmed": _("Balance confirmed"),
    "kind": _("Reason"),
    "linked_receipt": _("Linked receipt"),
    "party_details": _("Other party"),
    "receipt": _("Receipt"),
    "status": _("Status"),
    "withdrawn": _("Money out"),
}


def statements() -> QuerySet[Statement]:
    """All but those that someone dropped, newest first, as the list shows them."""
    found = Statement.objects.exclude(state=Statement.State.DROPPED)
    return found.select_related("uploaded_by", "account").defer("findings")


def balance_checks() -> list[tuple[BalanceCheck, str, int | None]]:
    """The latest checks of balances, newest first, with the change of each since the one before."""
    found = list(BalanceCheck.objects.order_by("-day", "-pk")[: CHECKS_SHOWN + 1])
    rows = []
    for number, check in enumerate(found[:CHECKS_SHOWN]):
        earlier = (one for one in found[number + 1 :] if one.account_id == check.account_id)
        before = next((one.drift_cents for one in earlier if one.drift_cents is not None), None)
        is_known = check.drift_cents is not None and before is not None
        change = check.drift_cents - before if is_known else None  # type: ignore[operator]
        rows.append((check, house.label_of(check.account_id), change))
    return rows


def source_of(statement: Statement) -> str:
    """The format's name; empty before the file has been read."""
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
        "columns": [
            (name, meaning_label(meaning, statement.format))
            for name, meaning in found.get("columns", [])
        ],
        "sample": [
            one | {"at": datetime.fromisoformat(one["at"])} for one in found.get("sample", [])
        ],
        "uncounted": sum(found.get("uncounted", {}).values()),
        "total": found.get("lines", 0),
        "more_rejected": found.get("rejected", 0) - len(found.get("rejected_lines", [])),
        "more_gaps": found.get("gaps", 0) - len(found.get("gap_lines", [])),
    }


def meaning_label(meaning: str, format_code: str) -> str:
    if format_code != "bank-csv" and meaning in LABELS:
        return str(LABELS[meaning])
    known = PARTS.get(meaning)
    return str(known[0]) if known else ""
