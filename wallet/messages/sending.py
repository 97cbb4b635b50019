"""Send what is queued: any number of workers, each delivery at most once.

A worker claims a delivery and commits that before it calls the provider. If the provider surely
took nothing, the delivery is queued again, later and later, a few times. In doubt it isn't: if the
worker dies in the call, the person may have got the message, so it ends as failed. Members can ask
for another code, and their inbox has the message.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet.db.retries import committed
from wallet.db.sweeping import Sweep
from wallet.errors import Busy
from wallet.messages import senders
from wallet.models import Channel, Delivery
from wallet.stopping import IsStopping, never

logger = logging.getLogger(__name__)

State = Delivery.State
# Far longer than a call takes. Then its worker is gone.
LOST_AFTER = timedelta(minutes=10)
HAS_SKIP_LOCKED = connection.features.has_select_for_update_skip_locked


# Between one attempt and the next. After the last one it has failed.
PAUSES = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
)


def send_due(channel: str, is_stopping: IsStopping = never) -> int:
    """Send all that is queued on this channel; returns how many. Starts none if `is_stopping`."""
    end_lost()
    sent = 0
    while not is_stopping() and (delivery := next_claim(channel)):
        deliver(delivery)
        sent += 1
    return sent


def send_all(is_stopping: IsStopping = never) -> int:
    """Send all that is queued on every channel; returns how many."""
    return sum(send_due(channel, is_stopping) for channel in Channel.values)


def next_claim(channel: str) -> Delivery | None:
    """The next delivery, claimed. None also while the database is busy: there is another turn."""
    # A read first, because a claim takes SQLite's write lock.
    if not Delivery.objects.due(channel).exists():
        return None
    try:
        return claim(channel)
    except Busy:
        return None


@committed
def claim(channel: str) -> Delivery | None:
    """Take the first due delivery that no other worker holds. Ends those that are too late."""
    now = timezone.now()
    # Only secrets have such a time, and the index has them first.
    late = Delivery.objects.due(channel).filter(is_secret=True, send_before__lt=now)
    late.update(state=State.FAILED, ended_at=now, text="", failure="too late")
    due = Delivery.objects.due(channel).select_for_update(skip_locked=HAS_SKIP_LOCKED)
    delivery = due.first()
    if delivery:
        delivery.state, delivery.claimed_at = State.SENDING, now
        delivery.attempts += 1
        delivery.save(update_fields=["state", "claimed_at", "attempts"])
    return delivery


def deliver(delivery: Delivery) -> None:
    """Make the call, outside any transaction, and write down what came of it."""
    failure, is_worth_another = "", False
    try:
        senders.send(delivery)
    except Exception as error:
        # The text may hold a code, so neither the log nor the row gets more than this.
        is_plain = isinstance(error, senders.NotSent)
        failure = f"{type(error).__name__}: {error}" if is_plain else type(error).__name__
        is_worth_another = isinstance(error, senders.NotTaken)
        logger.warning("message not sent", extra={"delivery": delivery.pk, "failure": failure})
    try:
        if not (is_worth_another and send_later(delivery, failure)):
            end(delivery, failure)
    except Busy:
        # It stays claimed, so it isn't sent again, and `end_lost` ends it.
        logger.warning("the end of a delivery wasn't kept", extra={"delivery": delivery.pk})


@committed
def send_later(delivery: Delivery, failure: str) -> bool:
    """Queue it again, after a pause. False if it has had all its attempts, or would be too late."""
    if delivery.attempts > len(PAUSES):
        return False
    not_before = timezone.now() + PAUSES[delivery.attempts - 1]
    if delivery.send_before and delivery.send_before <= not_before:
        return False
    claimed(delivery).update(
        state=State.QUEUED, claimed_at=None, not_before=not_before, failure=failure[:200]
    )
    return True


@committed
def end(delivery: Delivery, failure: str) -> None:
    """It was sent, or failed. A secret text is wiped."""
    claimed(delivery).update(
        state=State.FAILED if failure else State.SENT,
        ended_at=timezone.now(),
        failure=failure[:200],
        text="" if delivery.is_secret else delivery.text,
    )


def claimed(delivery: Delivery) -> QuerySet[Delivery]:
    """The row, while it's claimed: after `end_lost` a slow worker changes nothing."""
    return Delivery.objects.filter(pk=delivery.pk, state=State.SENDING)


def end_lost() -> None:
    """End deliveries whose worker is gone: perhaps sent, perhaps not, and never sent again."""
    lost = Delivery.objects.claimed_before(timezone.now() - LOST_AFTER)
    if not lost.exists():
        return
    for delivery in lost:
        end(delivery, "its worker stopped: perhaps it was sent")


def ended() -> QuerySet[Delivery]:
    """Ended deliveries older than DELIVERY_DAYS. Messages stay: they are the inbox."""
    past = timezone.now() - timedelta(days=settings.DELIVERY_DAYS)
    return Delivery.objects.filter(created_at__lt=past, state__in=(State.SENT, State.FAILED))


SWEEP = Sweep(
    "deliveries",
    ended,
    by="created_at",
    kept=_("DELIVERY_DAYS (90) after it was queued, once it's sent or has failed"),
    reason=_("Whether an SMS or mail went out. The message itself stays in the inbox."),
    written_by=_("Anyone who asks for a code, and each payment"),
)
