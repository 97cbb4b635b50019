"""Who a closed account belonged to, until the law lets us forget it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from wallet.models.people import User


class FormerMember(models.Model):
    """The name, phone number and email of a member who closed their account.

    They are kept apart from the books: pages, search and the API no longer find them. Operators
    read one at a time, and the audit records it. The worker deletes the row after
    RETENTION_YEARS.
    """

    user = models.OneToOneField(
        User, models.PROTECT, related_name="former", verbose_name=_("closed account")
    )
    name = models.CharField(_("name"), max_length=80)
    phone = models.CharField(_("phone"), max_length=16, blank=True)
    email = models.CharField(_("email"), max_length=254, blank=True)
    closed_at = models.DateTimeField(_("closed"), auto_now_add=True)

    class Meta:
        verbose_name = _("former member")
        verbose_name_plural = _("former members")
        ordering = ["-id"]
        indexes = [models.Index(fields=["closed_at"], name="former_member_by_time")]

    def __str__(self) -> str:
        return str(self.user)
