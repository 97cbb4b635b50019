"""`manage.py demo`: add demo people and a few weeks of history."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ledger import alerts
from nissmart.demo import closes, payments, savings, schedules, staff_work
from nissmart.demo import members as demo
from wallet.errors import Refusal
from wallet.models import User
from wallet.phones import national


class Command(BaseCommand):
    help = "Adds demo members, staff and four weeks of history. Running it twice adds nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--yes",
            action="store_true",
            help="add it even when DEBUG is off; its password is public",
        )
        parser.add_argument(
            "--if-empty", action="store_true", help="add nothing if there are people already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEBUG or options["yes"]):
            raise CommandError(
                "DEBUG is off, and the demo's password is public. Add --yes to add the demo anyway."
            )
        if not (options["if_empty"] and User.objects.exists()):
            now = timezone.now()
            people = demo.open_people(now)
            try:
                added = demo.play(people, now) + payments.play(people, now)
                savings.settle({user.email: user for user in people.values()})
                schedules.play(people)
                staff_work.play(people)
                closes.play(people)
            except Refusal as refusal:
                raise CommandError(f"The demo's history can't be added here: {refusal}") from None
            # The people of the demo don't have to hear of all that.
            alerts.skip()
            self.stdout.write(f"{len(people)} people, {added} new transactions.")
        self.print_sign_ins()

    def print_sign_ins(self) -> None:
        with_role = [person for person in (*demo.MEMBERS, *demo.STAFF) if person.role]
        found = [person for person in with_role if demo.find(person)]
        if not found:
            return
        self.stdout.write(f"Demo sign-ins, all with the password {demo.PASSWORD}:")
        for person in found:
            phone = f" or {national(person.phone)}" if person.phone else ""
            self.stdout.write(f"  {person.email}{phone}: {person.role}")
        if set(found) & set(demo.STAFF):
            self.stdout.write(
                "Staff also enter a code. Type this key into an authenticator app: "
                f"{demo.TOTP_SECRET}"
            )
