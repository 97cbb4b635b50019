"""People and their accounts."""

from wallet.models.accounts import Account
from wallet.models.audit import AuditEvent
from wallet.models.devices import Device, Session
from wallet.models.guesses import GuessCount
from wallet.models.openings import Opening
from wallet.models.people import User, UserManager
from wallet.models.rates import RateWindow
from wallet.models.tokens import ApiToken

__all__ = [
    "Account",
    "ApiToken",
    "AuditEvent",
    "Device",
    "GuessCount",
    "Opening",
    "RateWindow",
    "Session",
    "User",
    "UserManager",
]
