"""The demo's scheduled payment: Amina's share of the rent, on the first of each month."""

from __future__ import annotations

from contextlib import suppress

from ledger.due_days import Days, Every
from ledger.kinds import TRANSFER
from ledger.operations import Order
from ledger.schedules import operations
from ledger.schedules.operations import SchedulePlan
from nissmart.demo import members as demo
from wallet.context import Context
from wallet.errors import Refusal
from wallet.models import Account, User

RENT_CENTS, RENT_DAY = 14_500_00, 1


def play(people: dict[demo.Person, User]) -> None:
    """Schedule it unless it's there. The site's limits or policy may refuse it."""
    payer, payee = people[demo.AMINA], people[demo.FATUMA]
    source_id, target_id = (Account.objects.wallet_id(one.pk) for one in (payer, payee))
    order = Order(TRANSFER, RENT_CENTS, source_id, target_id, "Rent share")
    with suppress(Refusal):
        plan = SchedulePlan(order, Days(Every.MONTH, RENT_DAY))
        operations.create(Context(payer.pk, key="demo-schedule"), plan)
