"""The groups of staff, what each may see, and who has ever been in one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser

from wallet.models import AuditEvent, User
from wallet.staff import subjects

FINANCE = "finance"
AUDITOR = "auditor"
# Fields of a person that say what they may do.
ROLE_FIELDS = {"groups", "is_staff"}
Action = AuditEvent.Action


def reads_panel(user: User | AnonymousUser) -> bool:
    """Only these two groups see members' money: not operators, not even superusers."""
    return is_in(user, FINANCE, AUDITOR)


def acts_on_panel(user: User | AnonymousUser) -> bool:
    """Auditors read; only finance proposes, approves, freezes, notes and resolves."""
    return is_in(user, FINANCE)


def is_in(user: User | AnonymousUser, *groups: str) -> bool:
    if not user.is_authenticated or not user.is_active:
        return False
    return user.groups.filter(name__in=groups).exists()


def is_staff_now(user: User) -> bool:
    """Operators, finance and auditors, closed accounts of theirs included."""
    groups = user.groups.filter(name__in=(FINANCE, AUDITOR))
    return user.is_staff or user.is_superuser or groups.exists()


def was_ever_staff(user: User) -> bool:
    """Whether they are staff, or the audit knows that they were: it has acts of theirs, or an
    operator has given them a role or taken one."""
    return (
        is_staff_now(user)
        or AuditEvent.objects.filter(actor=user).exists()
        or bool(role_changes(user.pk))
    )


def role_changes(user_id: int) -> list[AuditEvent]:
    """Acts of operators that gave this person a role or took one away, newest first."""
    acts = AuditEvent.objects.filter(
        subject=str(subjects.member(user_id)),
        action__in=(Action.ADD_PERSON, Action.CHANGE_PERSON),
    )
    return [event for event in acts.order_by("-pk") if ROLE_FIELDS & fields_in(event.facts)]


def fields_in(facts: dict[str, Any]) -> set[str]:
    """What was changed; older acts name the fields alone, without what stood there."""
    return {*facts.get("changed", ()), *facts.get("after", ())}


def joined_at(group: str, user_id: int) -> datetime | None:
    """When an operator last put this person into the group, as the audit has it; None if none
    did."""
    for event in role_changes(user_id):
        before, after = event.facts.get("before", {}), event.facts.get("after", {})
        if group in after.get("groups", ()) and group not in before.get("groups", ()):
            return event.at
    return None
