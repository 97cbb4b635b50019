"""Contacts that a person says are theirs, until they prove it with a code."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from wallet.models.messages import Channel
from wallet.models.people import User

TRIES = 5


class Claim(models.Model):
    """A phone number or email that a person typed and hasn't proved. It's no one's address.

    Any number of people may claim the same contact. Once one of them enters the code that was sent
    there, it moves to their `User` row (`wallet/contacts.py`). `digest` is an HMAC of that code.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="claims")
    channel = models.CharField(max_length=10, choices=Channel)
    value = models.CharField(max_length=254)
    digest = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    tries_left = models.SmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["value", "-id"], name="claim_by_value")]
        constraints = [
            models.UniqueConstraint(fields=["user", "channel"], name="claim_once_per_channel"),
            models.CheckConstraint(
                condition=Q(tries_left__gte=0, tries_left__lte=TRIES), name="claim_tries_left"
            ),
            models.CheckConstraint(
                condition=Q(channel="sms", value__regex=r"^\+254[0-9]{7,10}\Z")
                | Q(channel="email", value__contains="@"),
                name="claim_value_fits_its_channel",
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Could a code still be right?"""
        return bool(self.tries_left and self.expires_at and self.expires_at > timezone.now())

    @property
    def field(self) -> str:
        """The field of `User` that holds the contact once it's proved."""
        return field_of(self.channel)


def field_of(channel: str) -> str:
    return "email" if channel == Channel.EMAIL else "phone"
