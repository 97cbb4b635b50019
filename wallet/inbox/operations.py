"""Mark messages as read."""

from __future__ import annotations

from django.utils import timezone

from wallet.db.retries import committed
from wallet.models import Message


def read_one(message: Message) -> None:
    """Its member has opened it."""
    Message.objects.filter(pk=message.pk, read_at__isnull=True).update(read_at=timezone.now())


@committed
def read_all(user_id: int, through_id: int) -> int:
    """Mark the member's messages up to this one as read: later ones weren't on their page.

    Returns how many were unread. Raises Busy.
    """
    shown = Message.objects.filter(user=user_id, read_at__isnull=True, pk__lte=through_id)
    return shown.update(read_at=timezone.now())
