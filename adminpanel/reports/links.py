"""The page that lists the transactions behind a number of the balance report."""

from __future__ import annotations

from django.urls import reverse
from django.utils.http import urlencode

from adminpanel.ledger.forms import LedgerFilter
from adminpanel.reports.balance import FEES, Report
from ledger.statements.period import Period
from wallet import house


def behind(report: Report, code: str, span: Period) -> str:
    """The URL of what this line counts in these days.

    On an account of the house, its entries of that kind. Of members, the transactions whose entries
    on their accounts are of these days. The fees are entries of the account of fees.
    """
    days = {"from": str(span.first), "to": str(span.last)}
    if code == FEES:
        return account_url(house.FEES.id, days)
    house_id = report.accounts[0].house_id
    if house_id is not None:
        return account_url(house_id, {"type": code} | days)
    asked = {"type": code, "by": LedgerFilter.MOVED} | days
    return f"{reverse('adminpanel:ledger')}?{urlencode(asked)}"


def account_url(house_id: int, asked: dict[str, str]) -> str:
    return f"{reverse('adminpanel:account', args=[house_id])}?{urlencode(asked)}"
