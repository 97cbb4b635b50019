"""Mark messages as read, and choose where each kind of message goes."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from wallet.days import last_month
from wallet.db.retries import committed
from wallet.messages import Kind, Topic, alert
from wallet.models import Message, MessageChoice, Way


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


@committed
def choose(user_id: int, ways: Mapping[Kind, Way]) -> None:
    """Send these kinds of message this way, and let all contacts know that this was changed.

    Otherwise a thief could first turn off what would give them away. Raises Busy.
    """
    if not ways:
        return
    for kind, way in ways.items():
        known = MessageChoice.objects.filter(user=user_id, kind=kind)
        defaults: dict[str, object] = {"way": way}
        if kind == Kind.STATEMENTS and not known.exclude(way=Way.OFF).exists():
            # The first one is this month's, once it's over.
            defaults["through"] = last_month()
        MessageChoice.objects.update_or_create(user_id=user_id, kind=kind, defaults=defaults)
    alert(user_id, Topic.CHOICES_CHANGED)
