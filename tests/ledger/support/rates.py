"""Rates of interest for tests: written by one operator, approved by another."""

from __future__ import annotations

from datetime import date

from ledger import rates
from ledger.models import InterestRate
from ledger.querysets import nairobi_day
from tests.factories import UserFactory
from wallet.context import Context
from wallet.models import User


def rate(points: int, from_date: date | None = None, purpose: str = "goals") -> InterestRate:
    """A rate that counts, from today on unless it says otherwise."""
    written = write(points, from_date, purpose)
    return rates.approve(Context(operator("Second O").pk), rate_id=written.pk)


def tax(points: int, from_date: date | None = None) -> InterestRate:
    return rate(points, from_date, "tax")


def write(points: int, from_date: date | None = None, purpose: str = "goals") -> InterestRate:
    context = Context(operator("First O").pk, reason="Board, 3 May")
    day = from_date or nairobi_day()
    return rates.write(context, purpose=purpose, basis_points=points, from_date=day)


def operator(name: str) -> User:
    found = User.objects.filter(name=name).first()
    return found or UserFactory(name=name, is_staff=True, is_superuser=True)
