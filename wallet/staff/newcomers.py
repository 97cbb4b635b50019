"""People whom an operator has just put into finance, or whose second factor an operator has just
reset, don't approve yet."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import ngettext

from wallet.errors import NotAllowed
from wallet.models import AuditEvent
from wallet.staff import subjects
from wallet.staff.roles import FINANCE_TEAM, joined_at


def refuse_newcomer(actor_id: int) -> None:
    """Raises NotAllowed when an operator put this person into finance, or reset their second
    factor, less than a day ago: the others need time to see it in the audit."""
    hours = settings.APPROVE_AFTER_HOURS
    earliest = timezone.now() - timedelta(hours=hours)
    since = joined_at(actor_id, *FINANCE_TEAM)
    if since and since > earliest:
        raise NotAllowed(
            ngettext(
                "You joined finance less than %d hour ago, so a colleague must approve this.",
                "You joined finance less than %d hours ago, so a colleague must approve this.",
                hours,
            )
            % hours
        )
    resets = AuditEvent.objects.filter(
        subject=str(subjects.member(actor_id)), action=AuditEvent.Action.REMOVE_TWO_STEP
    )
    if resets.filter(at__gt=earliest).exists():
        raise NotAllowed(
            ngettext(
                "An operator reset your two-step sign-in less than %d hour ago, so a colleague "
                "must approve this.",
                "An operator reset your two-step sign-in less than %d hours ago, so a colleague "
                "must approve this.",
                hours,
            )
            % hours
        )
