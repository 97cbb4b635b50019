"""Saved views of the ledger, for oneself or for the team."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class SavedView(models.Model):
    """A person's saved filters and columns of the ledger, as a query string.

    The view without a name is the person's layout, for URLs without one. A shared view is on
    everyone's list; only its owner changes it.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("owner"),
    )
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=1000)
    is_shared = models.BooleanField(_("shared with the team"), default=False, db_default=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="saved_view_once_per_name"),
            models.CheckConstraint(
                condition=Q(is_shared=False) | ~Q(name=""), name="saved_view_layout_is_private"
            ),
        ]
