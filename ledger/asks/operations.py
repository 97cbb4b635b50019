"""Make a link that asks for money, and withdraw it."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.models import Ask
from ledger.models.asks import LIFE
from wallet.db.retries import committed
from wallet.errors import Refusal
from wallet.models import User

OPEN_AT_MOST = 20


class TooManyAsks(Refusal):
    code = "too_many_asks"
    sentence = _("You can have up to {most} open links. Withdraw one you don't need first.")


@committed
def make(user_id: int, *, amount_cents: int | None, note: str) -> Ask:
    """Make a link that works for 30 days. Raises TooManyAsks and Busy."""
    # Two at the same moment wait for each other, so there are never more than allowed.
    User.objects.select_for_update().get(pk=user_id)
    now = timezone.now()
    if Ask.objects.open(now).filter(user=user_id).count() >= OPEN_AT_MOST:
        raise TooManyAsks(most=OPEN_AT_MOST)
    return Ask.objects.create(
        user_id=user_id,
        amount_cents=amount_cents,
        note=note,
        created_at=now,
        expires_at=now + LIFE,
    )


@committed
def withdraw(ask_id: int) -> None:
    """Let the link work no longer. Raises Busy."""
    Ask.objects.filter(pk=ask_id, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())
