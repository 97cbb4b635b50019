"""Raise alerts and send them. The worker does both, in separate jobs.

Raising commits before anything is sent. An alert is a row, so a crash loses none, and its unique
constraint lets it be raised once until it clears. What swings around its limit is sent once in
AGAIN_AFTER. Sending is at least once: a worker that dies
after sending sends again, and the receiver knows the alert by its id.
"""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from adminpanel.alerts import sending
from adminpanel.alerts.conditions import CONDITIONS
from adminpanel.models import Alert

logger = logging.getLogger(__name__)

# After each failed attempt. The last one is final.
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))
SENT_AT_MOST = 50
# Payments move a float across its limit and back. A payout swings when there are more unknown ones
# than we alert of. Checks and approvals change once an hour at most, or by hand.
SWINGING = (Alert.Kind.FLOAT, Alert.Kind.UNKNOWN)
AGAIN_AFTER = timedelta(hours=1)


def is_on() -> bool:
    return bool(settings.ALERT_EMAILS or settings.ALERT_WEBHOOK_URL)


def watch() -> int:
    """Raise what is new and clear what is over. Says how many are new. Off without a receiver."""
    if not is_on():
        return 0
    found = {
        (kind.value, subject): text
        for kind, condition in CONDITIONS.items()
        for subject, text in condition().items()
    }
    still_open = {(one.kind, one.subject): one.pk for one in open_alerts()}
    over = [pk for key, pk in still_open.items() if key not in found]
    new = [key for key in found if key not in still_open]
    if new:
        recent = sent_lately()
        new = [key for key in new if key not in recent]
    # An idle worker writes nothing.
    if not (over or new):
        return 0
    with transaction.atomic():
        now = timezone.now()
        Alert.objects.filter(pk__in=over).update(cleared_at=now, next_try_at=None)
        fresh = [
            Alert(kind=kind, subject=subject[:80], text=found[kind, subject][:300], next_try_at=now)
            for kind, subject in new
        ]
        # Another worker may raise the same: the constraint lets in one.
        Alert.objects.bulk_create(fresh, ignore_conflicts=True)
    return len(new)


def sent_lately() -> set[tuple[str, str]]:
    """What swings around its limit, and was sent less than AGAIN_AFTER ago."""
    was_sent = Q(mailed_at__isnull=False) | Q(posted_at__isnull=False)
    lately = Alert.objects.filter(
        was_sent, kind__in=SWINGING, raised_at__gt=timezone.now() - AGAIN_AFTER
    )
    return set(lately.values_list("kind", "subject"))


def open_alerts() -> list[Alert]:
    return list(Alert.objects.filter(cleared_at__isnull=True))


def send_due() -> int:
    """Send the alerts that are due. Says how many arrived everywhere."""
    if not is_on():
        return 0
    due = Alert.objects.filter(next_try_at__lte=timezone.now()).order_by("pk")
    ids = list(due.values_list("pk", flat=True)[:SENT_AT_MOST])
    return sum(send(alert_id) for alert_id in ids)


def send(alert_id: int) -> bool:
    """Send one alert to those who haven't had it. False if another worker has it, or it failed.

    A mail server that is down doesn't keep the alert from the webhook.
    """
    alert = claim(alert_id)
    if alert is None:
        return False
    has_arrived = True
    for name, wanted, deliver in (
        ("mailed_at", bool(settings.ALERT_EMAILS), sending.mail),
        ("posted_at", bool(settings.ALERT_WEBHOOK_URL), sending.post),
    ):
        if not wanted or getattr(alert, name):
            continue
        try:
            deliver(alert)
        except sending.NotSent as error:
            logger.warning("alert not sent", extra={"alert": alert.pk, "error": str(error)})
            has_arrived = False
            continue
        setattr(alert, name, timezone.now())
        Alert.objects.filter(pk=alert.pk).update(**{name: getattr(alert, name)})
    if has_arrived:
        Alert.objects.filter(pk=alert.pk).update(next_try_at=None)
    return has_arrived


@transaction.atomic
def claim(alert_id: int) -> Alert | None:
    """Move the next attempt on, so that no other worker sends the alert meanwhile."""
    now = timezone.now()
    alert = Alert.objects.filter(pk=alert_id).first()
    if alert is None:
        return None
    again_at = now + WAITS[alert.tries] if alert.tries < len(WAITS) else None
    due = Alert.objects.filter(pk=alert_id, tries=alert.tries, next_try_at__lte=now)
    # An alert that cleared meanwhile has no next attempt.
    return alert if due.update(tries=F("tries") + 1, next_try_at=again_at) else None
