"""People and their accounts."""

from wallet.models.accounts import Account
from wallet.models.audit import AuditEvent
from wallet.models.closed import FormerMember
from wallet.models.openings import Opening
from wallet.models.people import User, UserManager
from wallet.models.rates import RateWindow
from wallet.models.tokens import ApiToken

__all__ = [
    "Account",
    "ApiToken",
    "AuditEvent",
    "FormerMember",
    "Opening",
    "RateWindow",
    "User",
    "UserManager",
]
