"""Requests of operators to give someone a role with rights over money, or over people."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet.models.people import User
from wallet.text import refuse_control_characters


class RoleRequest(models.Model):
    """An operator wants someone to have a role. It waits for a second operator, or until `due_at`.

    `decided_by` is the operator who approved or denied it; null if it's open, came into force by
    itself, or couldn't any longer. `wallet/granting.py` writes the rows.
    """

    class Role(models.TextChoices):
        """The first two are groups of the same name (`wallet/staff/roles.py`)."""

        FINANCE = "finance", _("finance maker")
        APPROVER = "finance approver", _("finance approver")
        OPERATOR = "operator", _("operator")

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        GRANTED = "granted", _("In force")
        DENIED = "denied", _("Denied")

    user = models.ForeignKey(
        User, models.PROTECT, related_name="role_requests", verbose_name=_("for")
    )
    role = models.CharField(_("role"), max_length=20, choices=Role)
    reason = models.CharField(_("reason"), max_length=500, validators=[refuse_control_characters])
    asked_by = models.ForeignKey(
        User, models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    asked_at = models.DateTimeField(_("requested"), default=timezone.now)
    due_at = models.DateTimeField(_("comes into force by itself"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    answer = models.CharField(_("answer"), max_length=500, blank=True)
    decided_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name = _("role request")
        verbose_name_plural = _("role requests")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "role"], condition=Q(state="open"), name="role_request_one_open"
            ),
            models.CheckConstraint(
                condition=Q(role__in=["finance", "finance approver", "operator"]),
                name="role_request_role_known",
            ),
            models.CheckConstraint(
                condition=~Q(asked_by=F("user")), name="role_request_for_another"
            ),
            models.CheckConstraint(
                condition=Q(due_at__gt=F("asked_at")), name="role_request_waits"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_by__isnull=True, decided_at__isnull=True)
                | Q(state="denied", decided_at__isnull=False)
                # A CHECK lets NULL through, so that is refused by name.
                | Q(state="granted", decided_by__isnull=True, decided_at__isnull=False)
                & Q(decided_at__gte=F("due_at"))
                | Q(state="granted", decided_by__isnull=False, decided_at__isnull=False)
                & ~Q(decided_by=F("asked_by"))
                & ~Q(decided_by=F("user")),
                name="role_request_two_people_or_the_wait",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"
