"""Staff send a message again that a member says didn't arrive. Never a code."""

from __future__ import annotations

from django.db.models import QuerySet

from wallet import emails
from wallet.context import Context
from wallet.db.retries import committed
from wallet.messages import Contact, contacts_of
from wallet.models import Channel, Delivery
from wallet.phones import mask
from wallet.staff import audit, subjects

ENDED = (Delivery.State.SENT, Delivery.State.FAILED)


def resendable(deliveries: QuerySet[Delivery], at_most: int = 1) -> list[Delivery]:
    """Those that may be sent again: the last of their message to a contact the member still has.

    Codes and links have no message, so they never are. Looks at `at_most` that have ended.
    """
    ended = deliveries.filter(state__in=ENDED, message__isnull=False, is_secret=False)
    found = ended.select_related("user", "message")[:at_most]
    return [one for one in found if is_last(one) and is_theirs(one)]


def is_last(delivery: Delivery) -> bool:
    """Wasn't it sent again already?"""
    return not same(delivery).filter(turn__gt=delivery.turn).exists()


def is_theirs(delivery: Delivery) -> bool:
    """Does it go to a contact of the member's today? An old one may be someone else's by now."""
    contact = Contact(delivery.channel, delivery.to)
    return delivery.user is not None and contact in contacts_of(delivery.user)


def same(delivery: Delivery) -> QuerySet[Delivery]:
    """All deliveries of the same message to the same contact."""
    return Delivery.objects.filter(
        message=delivery.message_id, channel=delivery.channel, to=delivery.to
    )


@committed
def send_again(context: Context, delivery_id: int) -> bool:
    """Queue this message once more, to the same contact, and record who asked and why.

    False if it may not be sent again, or a colleague was first. Raises Busy.
    """
    found = resendable(Delivery.objects.filter(pk=delivery_id))
    if not found:
        return False
    [delivery] = found
    assert delivery.message
    assert delivery.user_id
    # The unique turn decides between two colleagues.
    Delivery.objects.create(
        message=delivery.message,
        user=delivery.user,
        channel=delivery.channel,
        to=delivery.to,
        subject=delivery.subject,
        text=delivery.text,
        turn=delivery.turn + 1,
    )
    hide = mask if delivery.channel == Channel.SMS else emails.mask
    audit.record(
        context,
        audit.Action.SEND_AGAIN,
        subjects.member(delivery.user_id),
        about=delivery.message.topic,
        to=hide(delivery.to),
    )
    return True
