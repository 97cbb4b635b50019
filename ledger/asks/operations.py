"""Make a link that asks for money, and withdraw it."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import AccountClosed, InvalidAmount
from ledger.models import Ask
from ledger.models.asks import LIFE
from wallet.db.retries import committed
from wallet.db.sweeping import Sweep
from wallet.errors import Refusal
from wallet.models import User

OPEN_AT_MOST = 20
# Made within LIFE, withdrawn ones included. Otherwise one member could add rows without end.
MADE_AT_MOST = 100
# An ended link tells no one anything. Its member may still ask us about it for a while.
KEPT_AFTER = timedelta(days=90)


class TooManyAsks(Refusal):
    code = "too_many_asks"
    sentence = _("You can have up to {most} open links. Withdraw one you don't need first.")


class TooManyMade(Refusal):
    code = "too_many_asks"
    sentence = _("You've made {most} links in 30 days. Share one that still works, or wait.")


@committed
def make(user_id: int, *, amount_cents: int | None, note: str) -> Ask:
    """Make a link that works for 30 days.

    Raises InvalidAmount, TooManyAsks, TooManyMade, AccountClosed and Busy.
    """
    if amount_cents is not None and amount_cents <= 0:
        raise InvalidAmount
    # Two at the same moment wait for each other, so there are never more than allowed. A member who
    # leaves waits too, and afterwards no link may name them.
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    if not user.is_active:
        raise AccountClosed
    now = timezone.now()
    mine = Ask.objects.filter(user=user_id)
    if mine.open(now).count() >= OPEN_AT_MOST:
        raise TooManyAsks(most=OPEN_AT_MOST)
    if mine.filter(created_at__gt=now - LIFE)[:MADE_AT_MOST].count() >= MADE_AT_MOST:
        raise TooManyMade(most=MADE_AT_MOST)
    return Ask.objects.create(
        user_id=user_id,
        amount_cents=amount_cents,
        note=note,
        created_at=now,
        expires_at=now + LIFE,
    )


@committed
def withdraw(ask_id: int) -> None:
    """End the link. Raises Busy."""
    Ask.objects.filter(pk=ask_id, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())


def old() -> QuerySet[Ask]:
    return Ask.objects.filter(expires_at__lt=timezone.now() - KEPT_AFTER)


SWEEP = Sweep(
    "asks",
    old,
    by="expires_at",
    kept=_("90 days after the link ends"),
    reason=_("Links that ask for money. What was paid by one is in the ledger."),
    written_by=_("Members, a hundred in 30 days at most"),
)
