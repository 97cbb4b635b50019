"""Requests of members for another name, which staff decide."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from wallet.models.people import User
from wallet.text import refuse_control_characters


class NameRequest(models.Model):
    """A member asks for another name, once at a time. `near` is the protected name it's close to.

    `decided_by` is null until an operator approves or denies it, and `answer` is what they write
    to the member. `wallet/naming.py` writes the rows.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        APPROVED = "approved", _("Approved")
        DENIED = "denied", _("Denied")

    user = models.ForeignKey(
        User, models.PROTECT, related_name="name_requests", verbose_name=_("member")
    )
    name_before = models.CharField(_("name then"), max_length=80)
    name = models.CharField(_("name asked for"), max_length=80)
    reason = models.CharField(_("reason"), max_length=300, validators=[refuse_control_characters])
    near = models.CharField(_("close to"), max_length=60, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    asked_at = models.DateTimeField(_("asked"), auto_now_add=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name = _("name request")
        verbose_name_plural = _("name requests")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state="open"), name="name_request_one_open"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_by__isnull=True, decided_at__isnull=True)
                | Q(
                    state__in=["approved", "denied"],
                    decided_by__isnull=False,
                    decided_at__isnull=False,
                )
                & ~Q(decided_by=F("user")),
                name="name_request_decided_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_before} → {self.name}"
