"""The keys in links that set a new password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.tokens import PasswordResetTokenGenerator

from wallet.staff.roles import role_changes


class EndsWithRole(PasswordResetTokenGenerator):
    """Links end when an operator changes the person's role.

    A link made for a member must not open the account of the finance officer they became. Django's
    generator ends a link with the email too. allauth's would also write a row for the email, which
    tells by its time who has an account.
    """

    def _make_hash_value(self, user: Any, timestamp: int) -> str:
        last = next(iter(role_changes(user.pk)), None)
        return f"{super()._make_hash_value(user, timestamp)}{last.pk if last else ''}"
