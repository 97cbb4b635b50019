"""People whom an operator has just put into finance don't approve yet."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import ngettext

from wallet.errors import NotAllowed
from wallet.staff.roles import FINANCE, joined_at


def refuse_newcomer(actor_id: int) -> None:
    """Raises NotAllowed when an operator put this person into finance less than a day ago: the
    others need time to see it in the audit."""
    hours = settings.APPROVE_AFTER_HOURS
    since = joined_at(FINANCE, actor_id)
    if since and timezone.now() < since + timedelta(hours=hours):
        raise NotAllowed(
            ngettext(
                "You joined finance less than %d hour ago, so a colleague must approve this.",
                "You joined finance less than %d hours ago, so a colleague must approve this.",
                hours,
            )
            % hours
        )
