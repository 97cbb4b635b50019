"""PINs: what a member types to let money leave the wallet on a page."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallet.models.people import User


class Pin(models.Model):
    """A member's PIN as a slow hash, and the wrong guesses since the last right one.

    The hash is of a digest keyed with SECRET_KEY (`wallet/signin/pin.py`): with a stolen table
    alone, nothing tests the few PINs that there are. `guesses` also counts those that were refused
    while it was locked.
    """

    user = models.OneToOneField(
        User, models.CASCADE, primary_key=True, related_name="pin", verbose_name=_("member")
    )
    digest = models.CharField(max_length=128)
    guesses = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("PIN")
        verbose_name_plural = _("PINs")
        constraints = [
            models.CheckConstraint(condition=~Q(digest=""), name="pin_has_a_digest"),
            # Four wrong guesses at most without a lock: wallet.signin.pin.GUESSES.
            models.CheckConstraint(
                condition=Q(guesses__lt=5) | Q(locked_until__isnull=False),
                name="pin_locked_after_five_guesses",
            ),
        ]
