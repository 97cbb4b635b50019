"""People, their accounts, and the messages to them."""

from wallet.models.accounts import Account
from wallet.models.audit import AuditEvent
from wallet.models.closed import FormerMember
from wallet.models.contacts import Claim
from wallet.models.devices import Device, Session
from wallet.models.factors import UsedStep
from wallet.models.guesses import GuessCount
from wallet.models.messages import Channel, Delivery, Message, MessageChoice, Way
from wallet.models.name_requests import NameRequest
from wallet.models.openings import Opening
from wallet.models.people import User, UserManager
from wallet.models.pins import Pin
from wallet.models.protected import ProtectedName
from wallet.models.rates import CacheEntry, RateWindow
from wallet.models.role_requests import RoleRequest
from wallet.models.tokens import ApiToken

__all__ = [
    "Account",
    "ApiToken",
    "AuditEvent",
    "CacheEntry",
    "Channel",
    "Claim",
    "Delivery",
    "Device",
    "FormerMember",
    "GuessCount",
    "Message",
    "MessageChoice",
    "NameRequest",
    "Opening",
    "Pin",
    "ProtectedName",
    "RateWindow",
    "RoleRequest",
    "Session",
    "UsedStep",
    "User",
    "UserManager",
    "Way",
]
