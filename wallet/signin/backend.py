"""Check passwords: allauth's backend, with our own look-up of the person."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.hashers import make_password

from wallet import contacts
from wallet.text import unicode_forms


class Backend(AuthenticationBackend):
    """One person for each email: whose it is, not who typed it.

    allauth's look-up by phone number asks the adapter, which does the same.
    """

    def _authenticate_by_email(self, email: str, password: str) -> AbstractBaseUser | None:
        found: AbstractBaseUser | None = self._check_password(contacts.signing_in(email), password)
        return found

    def _mitigate_timing_attack(self, password: str) -> None:
        """As many hashes as a wrong password costs someone who has an account."""
        for form in unicode_forms(password):
            make_password(form)
