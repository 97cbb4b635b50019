"""Django admin for operators: people, their accounts and tokens."""

from wallet.admin.accounts import AccountAdmin
from wallet.admin.people import StaffGroupAdmin, UserAdmin
from wallet.admin.sessions import SessionAdmin
from wallet.admin.site import site
from wallet.admin.tokens import ApiTokenAdmin

__all__ = [
    "AccountAdmin",
    "ApiTokenAdmin",
    "SessionAdmin",
    "StaffGroupAdmin",
    "UserAdmin",
    "site",
]
