"""What is there before the first step: settings, staff, prices, and three members."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.models import Group

from ledger import rates, tariffs
from ledger.models.tariffs import Purpose
from ledger.querysets import nairobi_day
from ledger.rails.mpesa.tariff import B2C_CHARGES
from nissmart.simulation.clock import CHANCE, CLOCK
from wallet import operations
from wallet.context import SYSTEM, Context
from wallet.messages import senders
from wallet.models import Delivery, User
from wallet.staff.roles import FINANCE_TEAM

AT = datetime(2028, 1, 10, 6, tzinfo=UTC)
STAFF, OPERATORS, MEMBERS = 3, 2, 3

# Small, so that the orders of a short run often reach a limit.
DAY_LIMIT, BALANCE_LIMIT, ORDER_LIMIT = 6_000_00, 9_000_00, 4_000_00
SETTINGS = {
    "DEBUG": False,
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "MAILERS": {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}},
    "SMS_SENDER": "nowhere",
    "OUTBOX_FILE": "",
    "ALERT_EMAILS": [],
    "ALERT_WEBHOOK_URL": "",
    "PAYOUT_THREADS": 1,
    "PAYOUT_LEASE_S": 180,
    "LIMIT_CENTS_PER_TRANSACTION": ORDER_LIMIT,
    "LIMIT_CENTS_OUT_PER_DAY": DAY_LIMIT,
    "LIMIT_CENTS_BALANCE": BALANCE_LIMIT,
    "LOWER_LIMIT_CENTS_OUT_PER_DAY": DAY_LIMIT,
    "APPROVE_ONE_ABOVE_CENTS": 1_000_00,
    "APPROVE_TWO_ABOVE_CENTS": 2_500_00,
    "APPROVE_ONE_ABOVE_CENTS_A_DAY": 3_000_00,
    "CONFIRM_ABOVE_CENTS": 1_000_00,
}
# From this amount on, a withdrawal has this fee, in cents.
FEES = ((1_00, 5_00), (500_00, 25_00))


def fee_of(amount_cents: int) -> int:
    return max((fee for start, fee in FEES if amount_cents >= start), default=0)


def send_nowhere(delivery: Delivery) -> None:
    """Take an SMS, and do nothing with it."""


def choose_settings() -> None:
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    senders.SMS_SENDERS["nowhere"] = send_nowhere  # type: ignore[index]
    logging.getLogger("wallet").setLevel(logging.WARNING)


def found() -> None:
    """Write the people and prices of every run, by the product's own operations."""
    CLOCK.restart(AT)
    CHANCE.seed(0)
    team = Group.objects.filter(name__in=FINANCE_TEAM)
    for number in range(STAFF):
        person = User.objects.create_user(name=f"Finance {'ABC'[number]}")
        person.groups.add(*team)
    first, second = (
        User.objects.create_user(
            name=f"Operator {'AB'[number]}", is_staff=True, is_superuser=True
        ).pk
        for number in range(OPERATORS)
    )
    publish(Purpose.FEE, FEES)
    publish(Purpose.CHARGE, B2C_CHARGES)
    for purpose, points in (("goals", 900), ("tax", 1500)):
        context = Context(first, reason="As the board decided")
        rate = rates.write(context, purpose=purpose, basis_points=points, from_date=nairobi_day())
        rates.approve(Context(second), rate_id=rate.pk)
    for number in range(MEMBERS):
        sign_up(first, number)


def publish(purpose: Purpose, bands: tuple[tuple[int, int], ...]) -> None:
    tariffs.publish(
        SYSTEM.because("As agreed"),
        purpose=purpose,
        rail_code="mpesa",
        type="WITHDRAW",
        from_date=nairobi_day(),
        bands=bands,
    )


def sign_up(actor_id: int, number: int, key: str | None = None) -> User:
    person = operations.Person(
        name=f"Member {chr(65 + number % 26)}{chr(97 + number // 26)}",
        email=f"member{number}@example.com",
        phone=f"+2547{number:08}",
    )
    return operations.open_member(Context(actor_id, key=key), person)[0]
