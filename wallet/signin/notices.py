"""Mail that notifies people of changes to their sign-in."""

from __future__ import annotations

from typing import Any, NamedTuple

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.translation import gettext as _

from wallet.models import User


class Login(NamedTuple):
    """What a person signs in with."""

    email: str | None
    phone: str | None

    @classmethod
    def of(cls, user: User) -> Login:
        return cls(user.email or None, user.phone or None)


def notify_of_change(request: HttpRequest, user: User, before: Login) -> None:
    """Notify the person that their phone number or email changed.

    The mail goes to the old email: if a thief made the change, the new one is theirs. A first email
    has no old one, so nothing is sent.
    """
    if before.email is None:
        return
    for name in ("phone", "email"):
        if getattr(before, name) != getattr(Login.of(user), name):
            notify(request, user, f"account/email/{name}_changed", email=before.email)


def notify(request: HttpRequest, user: User, template: str, *, email: str | None = None) -> None:
    """Mail one notice. It doesn't show an operator's IP address and browser."""
    context: dict[str, Any] = {}
    if request.user.pk != user.pk:
        context = {"ip": _("Nissmart"), "user_agent": _("by an operator")}
    get_adapter(request).send_notification_mail(template, user, context, email=email)
