"""Browsers that a person has signed in with, and the sessions in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet.models.people import User
from wallet.networks import network_of

PHONES = ("Android", "iPhone", "KaiOS", "Opera Mini")


class Device(models.Model):
    """A browser that has signed in to this account. It has a cookie with a random token.

    Only the token's digest is stored. Two people who share a browser share the token, and each has
    a row. Before `known_from` the device is new: see `wallet/signin/devices.py`.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64, editable=False)
    name = models.CharField(_("device"), max_length=60)
    ip_address = models.CharField(_("IP address"), max_length=60, blank=True)
    first_used_at = models.DateTimeField(_("first used"), default=timezone.now)
    last_used_at = models.DateTimeField(_("last used"), default=timezone.now)
    known_from = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ["-last_used_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "digest"], name="device_once_per_user"),
        ]
        indexes = [models.Index(fields=["last_used_at"], name="device_by_use")]

    def __str__(self) -> str:
        return self.name

    @property
    def icon(self) -> str:
        """A phone or a screen, by what the browser calls its system."""
        return "phone" if self.name.endswith(PHONES) else "screen"

    @property
    def is_new(self) -> bool:
        return self.known_from > timezone.now()


class SessionQuerySet(models.QuerySet["Session"]):
    def live(self) -> SessionQuerySet:
        return self.filter(expires_at__gt=timezone.now())

    def of(self, user_id: int) -> SessionQuerySet:
        return self.filter(user_id=user_id)


class Session(models.Model):
    """What a browser's session cookie stands for. Without this row, the cookie is worth nothing.

    Only the digest of the cookie's key is stored, so a copy of the database opens no account. A
    visitor's session has no user. `used_at` is at most a minute older than the last use.
    """

    objects: ClassVar[SessionQuerySet] = SessionQuerySet.as_manager()  # type: ignore[assignment]

    digest = models.CharField(max_length=64, unique=True, editable=False)
    data = models.TextField(editable=False)
    user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="sessions", verbose_name=_("person")
    )
    # Who has entered their password here, but not yet their second factor.
    pending_user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="+", editable=False
    )
    device = models.ForeignKey(
        Device, models.SET_NULL, null=True, related_name="sessions", verbose_name=_("device")
    )
    ip_address = models.CharField(_("IP address"), max_length=60, blank=True)
    # The person's role when they signed in. A change of role ends their sessions.
    is_staff = models.BooleanField(_("staff"), default=False)
    # "Keep me signed in" was ticked.
    is_kept = models.BooleanField(default=False)
    began_at = models.DateTimeField(_("signed in"), default=timezone.now)
    used_at = models.DateTimeField(_("last used"), default=timezone.now)
    expires_at = models.DateTimeField(_("ends"), db_index=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-used_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(is_staff=False, device__isnull=True),
                name="session_of_a_visitor_has_no_role",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(pending_user__isnull=True),
                name="session_of_a_user_has_none_pending",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device or _('Unknown browser')}, {self.ip_address}"

    @property
    def place(self) -> str:
        """Where it was last used."""
        return network_of(self.ip_address)

    def use(self, now: datetime) -> None:
        """Note the use, and set when it ends: when idle for long, and some time after sign-in."""
        idle, whole = limits(self)
        self.used_at = now
        self.expires_at = min(now + idle, self.began_at + whole)


def limits(session: Session) -> tuple[timedelta, timedelta]:
    """How long it may be idle, and how long it may last. "Keep me signed in" is for members."""
    if session.user_id is None:
        role = "VISITOR"
    elif session.is_staff:
        role = "STAFF"
    else:
        role = "MEMBER_KEPT" if session.is_kept else "MEMBER"
    idle = timedelta(minutes=settings.SESSION_IDLE_MINUTES[role])
    return idle, timedelta(hours=settings.SESSION_HOURS[role])
