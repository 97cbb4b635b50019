"""The keys in links that set a new password."""

from __future__ import annotations

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator

from wallet.models import User
from wallet.staff.roles import role_changes


class EndsWithRole(EmailAwarePasswordResetTokenGenerator):
    """Links end when an operator changes the person's role.

    A link made for a member must not open the account of the finance officer they became.
    """

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        last = next(iter(role_changes(user.pk)), None)
        return f"{super()._make_hash_value(user, timestamp)}{last.pk if last else ''}"
