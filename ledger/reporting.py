"""Report the other person of a transfer. Staff read it as an incident."""

from __future__ import annotations

from django.conf import settings
from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from ledger.models import Report, Transaction
from wallet.context import Context
from wallet.errors import Refusal
from wallet.models import User
from wallet.web import rates

TOO_MANY = _("You've reported as many payments as you can today.")


class NotReportable(Refusal):
    """Only a party of a transfer between two members may report it."""

    code = "not_reportable"
    sentence = _("This payment can't be reported.")


def can_report(user_id: int, record: Transaction) -> bool:
    """Is this a transfer between this member and another?"""
    sides = [account.user_id for account in (record.from_account, record.to_account) if account]
    return record.kind.names_payee and user_id in sides and None not in sides


def report(context: Context, record: Transaction, *, reason: str, text: str = "") -> Report:
    """Report a transfer, once per member. A second time returns the first report.

    Raises NotReportable, and TooManyRequests after REPORTS_PER_DAY.
    """
    assert context.actor_id is not None
    if not can_report(context.actor_id, record):
        raise NotReportable
    if earlier := report_of(context.actor_id, record):
        return earlier
    rates.enforce(f"reports:{context.actor_id}", settings.REPORTS_PER_DAY, rates.DAY_S, TOO_MANY)
    reporter = User.objects.get(pk=context.actor_id)
    try:
        return Report.objects.create(
            reporter=reporter, transaction=record, reason=reason, text=text
        )
    except IntegrityError:
        # A double click: the other click was faster.
        return Report.objects.get(reporter=reporter, transaction=record)


def report_of(user_id: int, record: Transaction) -> Report | None:
    """This member's report of this transaction, if there is one."""
    return Report.objects.filter(reporter_id=user_id, transaction=record).first()
