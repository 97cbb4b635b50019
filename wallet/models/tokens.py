"""API tokens."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallet.models.people import User
from wallet.text import refuse_control_characters


class ApiToken(models.Model):
    """A program's password. Only its hash is stored.

    The secret is 256 random bits, so a plain SHA-256 is a safe hash.
    """

    class Scope(models.TextChoices):
        MEMBER = "member", _("Member: acts for its owner")
        FINANCE = "finance", _("Finance: reads everything")
        SERVICE = "service", _("Service: opens members and acts for them")

    user = models.ForeignKey(
        User, models.PROTECT, related_name="api_tokens", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=60, validators=[refuse_control_characters])
    scope = models.CharField(_("scope"), max_length=10, choices=Scope)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(_("ends in"), max_length=4, editable=False)
    created_at = models.DateTimeField(_("issued"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope__in=["member", "finance", "service"]), name="token_scope_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"
