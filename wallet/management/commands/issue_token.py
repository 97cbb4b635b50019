"""`manage.py issue_token EMAIL --scope member|finance|service [--name TEXT]`"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wallet.api import tokens
from wallet.models import ApiToken, User
from wallet.staff.roles import reads_panel

Scope = ApiToken.Scope


class Command(BaseCommand):
    help = (
        "Prints a new API token, once. A service token acts for every member: the books record "
        "its owner as the person who ordered each payment."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the owner's email or phone number")
        parser.add_argument(
            "--scope",
            choices=Scope.values,
            required=True,
            help="member: sees and moves its owner's money; finance: reads everything, for the "
            "finance team and auditors; service: opens members and moves EVERY member's money",
        )
        parser.add_argument("--name", default="issued by command", help="what the token is for")

    def handle(self, *args: Any, email: str, scope: str, name: str, **options: Any) -> None:
        user = User.objects.with_login(email)
        if user is None or not user.is_active:
            raise CommandError(f"No active account uses {email}.")
        if scope == Scope.FINANCE and not reads_panel(user):
            raise CommandError(f"{user} is neither in finance nor an auditor.")
        _token, secret = tokens.issue(user_id=user.pk, scope=scope, name=name[:60])
        self.stdout.write(secret)
