"""Staff groups: who is in one, who ever was, and what each may do."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser

from wallet.models import AuditEvent, User
from wallet.staff import subjects

FINANCE = "finance"
AUDITOR = "auditor"
# The fields of a user that give them rights.
ROLE_FIELDS = {"groups", "is_staff"}
Action = AuditEvent.Action
BY_MEMBERS = AuditEvent.BY_MEMBERS


def reads_panel(user: User | AnonymousUser) -> bool:
    """Only finance and auditors see members' money. Operators and superusers don't."""
    return is_in(user, FINANCE, AUDITOR)


def acts_on_panel(user: User | AnonymousUser) -> bool:
    """Only finance proposes, approves, freezes, notes and resolves. Auditors just read."""
    return is_in(user, FINANCE)


def is_in(user: User | AnonymousUser, *groups: str) -> bool:
    if not user.is_authenticated or not user.is_active:
        return False
    return user.groups.filter(name__in=groups).exists()


def is_staff_now(user: User) -> bool:
    """Is this an operator, finance or an auditor, even with a closed account?"""
    groups = user.groups.filter(name__in=(FINANCE, AUDITOR))
    return user.is_staff or user.is_superuser or groups.exists()


def was_ever_staff(user: User) -> bool:
    """Are they staff, or were they ever, according to the audit?

    They were if the audit has an action of theirs, other than about their own security, or a change
    to their role.
    """
    return (
        is_staff_now(user)
        or AuditEvent.objects.filter(actor=user).exclude(action__in=BY_MEMBERS).exists()
        or bool(role_changes(user.pk))
    )


def role_changes(user_id: int) -> list[AuditEvent]:
    """Audit events in which an operator changed this person's role, newest first."""
    acts = AuditEvent.objects.filter(
        subject=str(subjects.member(user_id)),
        action__in=(Action.ADD_PERSON, Action.CHANGE_PERSON),
    )
    return [event for event in acts.order_by("-pk") if ROLE_FIELDS & fields_in(event.facts)]


def fields_in(facts: dict[str, Any]) -> set[str]:
    """The names of the changed fields. Older events have only those, without the values."""
    return {*facts.get("changed", ()), *facts.get("after", ())}


def joined_at(group: str, user_id: int) -> datetime | None:
    """When an operator last put this person into the group, or None. Read from the audit."""
    for event in role_changes(user_id):
        before, after = event.facts.get("before", {}), event.facts.get("after", {})
        if group in after.get("groups", ()) and group not in before.get("groups", ()):
            return event.at
    return None
