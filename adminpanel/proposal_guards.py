"""Database triggers on proposals: an approval is of what was proposed, so that never changes.

A proposal is decided once and posted once, and it's never deleted: another one could take its id
while a colleague reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from ledger.attempt_guards import Rule, refusing
from wallet.db.guards import Guards, is_repeated, never_deleted

CHANGED = "what was proposed never changes"
BAD_MOVE = "a proposal is decided once and posted once"
DELETED = "a proposal is never deleted"
# Worded like SQLite's unique error, so that `committed` retries the second of two simultaneous
# proposals.
REPLACED = "UNIQUE constraint failed: a proposal is never replaced"

OF_ALL = ("id", "reason", "proposed_by_id", "proposed_by_name", "proposed_at")
DECISION = ("decided_by_id", "decided_by_name", "decided_at")
ARE_OPEN = "state IN ('PROPOSED', 'APPROVED') AND NEW.state IN ('PROPOSED', 'APPROVED')"
# REFUSED becomes POSTED when two calls of `post` overlap: see `Life.wrongly_refused_ids`.
MOVES = {
    "PROPOSED": ("APPROVED", "DENIED", "WITHDRAWN"),
    "APPROVED": ("POSTED", "REFUSED"),
    "REFUSED": ("POSTED",),
}


class Table(NamedTuple):
    """The columns that say what is proposed. One proposal at a time is open about `about`."""

    proposed: tuple[str, ...]
    about: tuple[str, ...]
    unique: tuple[str, ...] = ()
    is_posted: bool = True
    moves: Mapping[str, tuple[str, ...]] = MOVES


TABLES = {
    "adminpanel_reversalproposal": Table(
        ("transaction_id", "amount_cents", "may_claim"), ("transaction_id",)
    ),
    "adminpanel_claimending": Table(("claim_id",), ("claim_id",), is_posted=False),
    "adminpanel_correction": Table(
        (
            *("act", "item_id", "source_id", "target_id", "amount_cents", "rail", "phone"),
            *("request", "evidence"),
        ),
        ("item_id",),
        ("request",),
    ),
    "adminpanel_closingproposal": Table(("act", "last_day", "reopens_id"), ("act", "last_day")),
    "adminpanel_unfreezing": Table(
        ("account_id",),
        ("account_id",),
        is_posted=False,
        moves={"PROPOSED": ("POSTED", "DENIED", "WITHDRAWN")},
    ),
}


def guards_of(name: str) -> Guards:
    table = TABLES[name]
    fixed = (*OF_ALL, *table.proposed)
    posted = ("posted_id",) if table.is_posted else ()
    unique = " OR ".join(map(is_repeated, ("id", *table.unique, *posted)))
    one_open = f"{is_repeated(table.about)} AND {ARE_OPEN}"
    rules = [
        Rule(changes(fixed, "IS DISTINCT FROM"), changes(fixed, "IS NOT"), CHANGED),
        Rule(
            moves_wrongly(table.moves, posted, "IS DISTINCT FROM"),
            moves_wrongly(table.moves, posted, "IS NOT"),
            BAD_MOVE,
        ),
    ]
    return refusing(name, f"{name}_changes", "UPDATE", *rules, fixed=fixed) | never_deleted(
        name,
        deleted=DELETED,
        replaced=REPLACED,
        same=f"SELECT 1 FROM {name} WHERE {unique} OR {one_open}",
    )


def changes(columns: Sequence[str], is_distinct: str) -> str:
    return " OR ".join(f"NEW.{name} {is_distinct} OLD.{name}" for name in columns)


def moves_wrongly(
    moves: Mapping[str, tuple[str, ...]], posted: tuple[str, ...], is_distinct: str
) -> str:
    """SQL that is true of a wrong update.

    The state moves in a way that `moves` lacks, or another column changes without a move.
    """
    lawful = " OR ".join(
        f"OLD.state = '{old}' AND NEW.state IN ({', '.join(map(repr, new_ones))})"
        for old, new_ones in moves.items()
    )
    stays = "NEW.state = OLD.state"
    return f"""
    NOT ({lawful} OR {stays})
    OR OLD.state <> 'PROPOSED' AND ({changes(DECISION, is_distinct)})
    OR {stays} AND ({changes(("remark", *posted), is_distinct)})"""


PROPOSALS = reduce(or_, map(guards_of, TABLES))
