"""Mail that tells the holder what was done to what they sign in with."""

from __future__ import annotations

from typing import Any, NamedTuple

from allauth.account.adapter import get_adapter
from django.http import HttpRequest
from django.utils.translation import gettext as _

from wallet.models import User


class Login(NamedTuple):
    """What somebody signs in with."""

    email: str | None
    phone: str | None

    @classmethod
    def of(cls, user: User) -> Login:
        return cls(user.email or None, user.phone or None)


def notify_of_change(request: HttpRequest, user: User, before: Login) -> None:
    """Say that phone or email changed, to the address that was known before: if it was
    somebody else's doing, the new one is theirs."""
    for name in ("phone", "email"):
        if getattr(before, name) != getattr(Login.of(user), name):
            notify(request, user, f"account/email/{name}_changed", email=before.email)


def notify(request: HttpRequest, user: User, template: str, *, email: str | None = None) -> None:
    """Mail one notice. An operator's own address and browser are not the holder's business."""
    context: dict[str, Any] = {}
    if request.user.pk != user.pk:
        context = {"ip": _("Nissmart"), "user_agent": _("by an operator")}
    get_adapter(request).send_notification_mail(template, user, context, email=email)
