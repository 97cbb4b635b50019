"""Give a statement its code: once, and the same code whenever the same statement is made again."""

from __future__ import annotations

from ledger.models import IssuedStatement
from ledger.statements.statement import Statement
from wallet.db.retries import committed


@committed
def issue(made: Statement) -> IssuedStatement:
    """What this statement says. The database refuses one that doesn't add up. Raises Busy."""
    totals = made.totals
    issued, _is_new = IssuedStatement.objects.get_or_create(
        account=made.account,
        first_day=made.period.first,
        last_day=made.period.last,
        through_entry=made.closing.id,
        owner_name=made.owner.short_name,
        defaults={
            "opening_cents": made.opening_cents,
            "in_cents": totals.in_cents,
            "out_cents": totals.out_cents,
            "fees_cents": totals.fees_cents,
            "closing_cents": made.closing_cents,
            "line_count": totals.line_count,
        },
    )
    return issued
