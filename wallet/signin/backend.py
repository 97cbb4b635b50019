"""Check passwords: allauth's backend, with our own look-up of the person."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser

from wallet import contacts


class Backend(AuthenticationBackend):
    """One person for each email: whose it is, not who typed it.

    allauth's look-up by phone number asks the adapter, which does the same.
    """

    def _authenticate_by_email(self, email: str, password: str) -> AbstractBaseUser | None:
        found: AbstractBaseUser | None = self._check_password(contacts.signing_in(email), password)
        return found
