"""`manage.py load_tariff fee mpesa --from 2027-01-01`: a rail's published prices as a tariff."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger import rails, tariffs
from ledger.kinds import WITHDRAWAL
from ledger.models.tariffs import Purpose
from wallet.context import SYSTEM
from wallet.errors import Refusal


class Command(BaseCommand):
    help = (
        "Write what a rail charges Nissmart for payouts, as it publishes it, as a tariff: "
        "`charge` books it as our cost, `fee` asks members to pay as much."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        priced = [rail.code for rail in rails.every() if rail.published_charges]
        parser.add_argument("purpose", choices=[one.value for one in Purpose])
        parser.add_argument("rail", choices=priced)
        parser.add_argument(
            "--from", dest="from_date", type=date.fromisoformat, required=True,
            help="its first day in Nairobi, like 2027-01-01",
        )  # fmt: skip
        parser.add_argument("--reason", default="The rail's published prices")

    def handle(self, *args: Any, **options: Any) -> None:
        rail = rails.of(options["rail"])
        try:
            tariff = tariffs.publish(
                SYSTEM.because(options["reason"]),
                purpose=Purpose(options["purpose"]),
                rail_code=rail.code,
                type=WITHDRAWAL.code,
                from_date=options["from_date"],
                bands=rail.published_charges,
            )
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        word = "is there already" if tariff.is_replay else "is written"
        self.stdout.write(f"The tariff from {tariff.from_date} {word}.")
