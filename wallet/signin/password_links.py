"""How long a link that sets a new password holds."""

from __future__ import annotations

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator

from wallet.models import User
from wallet.staff.roles import role_changes


class EndsWithRole(EmailAwarePasswordResetTokenGenerator):
    """A link is over, for good, once an operator gives its holder a role or takes one away:
    it was made for somebody who could do less, or more."""

    def _make_hash_value(self, user: User, timestamp: int) -> str:
        last = next(iter(role_changes(user.pk)), None)
        return f"{super()._make_hash_value(user, timestamp)}{last.pk if last else ''}"
