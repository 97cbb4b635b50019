"""Django admin for operators: people, their accounts and tokens, and messages."""

from wallet.admin.accounts import AccountAdmin
from wallet.admin.deliveries import DeliveryAdmin
from wallet.admin.former import FormerMemberAdmin
from wallet.admin.names import NameRequestAdmin, ProtectedNameAdmin
from wallet.admin.people import StaffGroupAdmin, UserAdmin
from wallet.admin.roles import RoleRequestAdmin
from wallet.admin.sessions import SessionAdmin
from wallet.admin.site import site
from wallet.admin.tokens import ApiTokenAdmin

__all__ = [
    "AccountAdmin",
    "ApiTokenAdmin",
    "DeliveryAdmin",
    "FormerMemberAdmin",
    "NameRequestAdmin",
    "ProtectedNameAdmin",
    "RoleRequestAdmin",
    "SessionAdmin",
    "StaffGroupAdmin",
    "UserAdmin",
    "site",
]
