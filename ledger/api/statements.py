"""The statement of a member's wallet or of a savings goal, for programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field

from ledger.api.endpoints import visible_wallet
from ledger.api.schemas import TypeCode
from ledger.statements import statement
from ledger.statements.lines import Line
from ledger.statements.period import period
from ledger.statements.statement import TooManyLines
from wallet.api.callers import CallRequest
from wallet.api.schemas import Id, problems
from wallet.models import Account

router = Router(tags=["Money"])

LINES_AT_MOST = 10_000
TOO_MANY = _("This statement has {count} lines, too many for one answer. Choose a shorter period.")


class StatementLine(Schema):
    at: datetime
    reference: Annotated[str, Field(examples=["NS-7K2Q9PXM"])]
    type: TypeCode
    description: str
    amount_cents: Annotated[int, Field(description="Above zero for money in.")]
    is_fee: Annotated[
        bool, Field(description="The fee of its transaction. The amount is another line.")
    ]
    balance_after_cents: int


class StatementOut(Schema):
    user_id: int
    account_id: int
    currency: str
    # `from` is a Python keyword.
    first: Annotated[date, Field(serialization_alias="from", examples=["2026-11-01"])]
    last: Annotated[date, Field(serialization_alias="to", examples=["2026-11-28"])]
    opening_cents: int
    in_cents: int
    out_cents: int
    fees_cents: int
    closing_cents: int
    lines: Annotated[list[StatementLine], Field(description="Oldest first.")]
    as_of: datetime


@router.get(
    "/statement/{id:user_id}",
    response={200: StatementOut, **problems(404)},
    by_alias=True,
    summary="An account's statement",
)
def read_statement(
    request: CallRequest,
    user_id: int,
    first: Annotated[date | None, Query(alias="from", description="A day in Nairobi.")] = None,
    last: Annotated[date | None, Query(alias="to", description="Included. At most today.")] = None,
    account_id: Annotated[
        Id | None, Query(description="A savings goal of the member. By default the wallet.")
    ] = None,
) -> dict[str, object]:
    """The balance at the start of a period of up to 12 months, each line, the balance at its end.

    Without days it is this month so far.
    """
    account = visible_wallet(request, user_id)
    if account_id not in (None, account.pk):
        own = Account.objects.filter(user=user_id).select_related("goal")
        account = get_object_or_404(own, pk=account_id)
    made = statement.of(account, period(first, last))
    if made.totals.line_count > LINES_AT_MOST:
        raise TooManyLines(TOO_MANY, count=f"{made.totals.line_count:,}")
    return {
        "user_id": user_id,
        "account_id": account.pk,
        "currency": account.currency,
        "first": made.period.first,
        "last": made.period.last,
        "opening_cents": made.opening_cents,
        "in_cents": made.totals.in_cents,
        "out_cents": made.totals.out_cents,
        "fees_cents": made.totals.fees_cents,
        "closing_cents": made.closing_cents,
        "lines": [line_out(line) for line in made.every_line()],
        "as_of": made.made_at,
    }


def line_out(line: Line) -> dict[str, object]:
    return {
        "at": line.at,
        "reference": line.reference,
        "type": line.type,
        "description": line.note,
        "amount_cents": line.amount_cents,
        "is_fee": line.is_fee,
        "balance_after_cents": line.balance_cents,
    }
