"""Database triggers on proposals: an approval is of what was proposed, so that never changes.

Nor does who decided. What state a proposal is in is the business of its life and its constraints.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

from ledger.attempt_guards import Rule, refusing
from wallet.db.guards import Guards

CHANGED = "what was proposed never changes, nor who decided it"
OF_ALL = ("id", "reason", "proposed_by_id", "proposed_by_name")
PROPOSED = {
    "adminpanel_reversalproposal": ("transaction_id", "amount_cents", "may_claim"),
    "adminpanel_claimending": ("claim_id",),
    "adminpanel_correction": (
        *("act", "item_id", "source_id", "target_id", "amount_cents", "rail", "phone"),
        *("request", "evidence"),
    ),
    "adminpanel_closingproposal": ("act", "last_day", "reopens_id"),
    "adminpanel_unfreezing": ("account_id",),
}


def changes(columns: Sequence[str], is_distinct: str) -> str:
    changed = " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in columns)
    decided = "OLD.decided_by_id IS NOT NULL"
    return f"{changed} OR {decided} AND NEW.decided_by_id {is_distinct} OLD.decided_by_id"


def fixed(table: str) -> Guards:
    columns = (*OF_ALL, *PROPOSED[table])
    rule = Rule(changes(columns, "IS DISTINCT FROM"), changes(columns, "IS NOT"), CHANGED)
    return refusing(table, f"{table}_fixed", "UPDATE", rule, fixed=columns)


PROPOSALS = reduce(or_, map(fixed, PROPOSED))
