"""What a transaction's page shows of what people found out about an unknown deposit."""

from __future__ import annotations

from typing import NamedTuple

from django import forms

from adminpanel.payouts.forms import NotPaidForm, PaidForm
from adminpanel.payouts.views import entered_text, obstacle
from ledger.models import Transaction, Verdict
from ledger.models.attempts import State
from wallet.models import User
from wallet.staff import roles


class Card(NamedTuple):
    """What was found out about a deposit, and the forms to say more. `may` they be used, or
    `why_not`? `typed` is what was entered in a form that the page no longer shows."""

    verdicts: list[Verdict]
    is_unknown: bool
    may: bool
    why_not: str
    paid_form: forms.Form
    unpaid_form: forms.Form
    submitted: forms.Form | None
    typed: list[tuple[str, str]]


def card(record: Transaction, reader: User, submitted: forms.Form | None) -> Card | None:
    """None for everything but deposits that are unknown, or were."""
    attempt = record.loaded_attempt
    if attempt is None or attempt.is_payout:
        return None
    verdicts, is_unknown = list(attempt.verdicts.all()), attempt.state == State.UNKNOWN
    if not (verdicts or is_unknown or submitted):
        return None
    decides = roles.may(reader, roles.Right.DECIDE)
    why_not = obstacle(attempt, reader, is_approval=True) if decides else ""
    may = is_unknown and decides and not why_not
    return Card(
        verdicts,
        is_unknown,
        may,
        why_not if is_unknown else "",
        submitted if isinstance(submitted, PaidForm) else PaidForm(),
        submitted if isinstance(submitted, NotPaidForm) else NotPaidForm(),
        submitted,
        entered_text(submitted) if submitted and not may else [],
    )
