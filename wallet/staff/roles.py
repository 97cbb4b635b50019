"""Staff roles: which rights each has, who is in one, and who ever was.

A role is a Django group, and what it may do is written here and not in the database: so no operator
can give a role more, and a superuser, who has every Django permission, still sees no money.
`docs/roles.md` says the same for readers, and a test compares the two.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy as _

from wallet.errors import NotAllowed
from wallet.models import AuditEvent, RoleRequest, User
from wallet.staff import subjects


class Right(StrEnum):
    """What a role may do. Operators' rights are Django admin's: `is_staff` and `is_superuser`."""

    FIND = "find"  # find members and see who they are, masked, without their money
    READ = "read"  # read every page of the panel, and the API for finance
    WORK = "work"  # note, freeze, reveal, pause, handle incidents
    PROPOSE = "propose"  # propose what a colleague decides
    DECIDE = "decide"  # approve or refuse what a colleague, or a member, wants


SUPPORT = "support"
# The makers. The group is older than the split of making and approving, and so is its name.
FINANCE = "finance"
APPROVER = "finance approver"
AUDITOR = "auditor"

RIGHTS = {
    SUPPORT: frozenset({Right.FIND}),
    FINANCE: frozenset({Right.FIND, Right.READ, Right.WORK, Right.PROPOSE}),
    APPROVER: frozenset({Right.FIND, Right.READ, Right.WORK, Right.DECIDE}),
    AUDITOR: frozenset({Right.FIND, Right.READ}),
}
FINANCE_TEAM = (FINANCE, APPROVER)

ONLY = {
    Right.READ: _("Only finance and auditors can see this."),
    Right.WORK: _("Only the finance team can do this."),
    Right.PROPOSE: _("Only a finance maker can propose this."),
    Right.DECIDE: _("Only a finance approver can decide this."),
}

# The fields of a user that give them rights.
ROLE_FIELDS = {"groups", "is_staff"}
Action = AuditEvent.Action
BY_MEMBERS = AuditEvent.BY_MEMBERS


def rights_of(user: User | AnonymousUser) -> frozenset[Right]:
    """What this person may do, by all their roles. None for operators and superusers.

    Looked up once for each object: a request has one, and an operation loads its own.
    """
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    known: frozenset[Right] | None = getattr(user, "_rights", None)
    if known is None:
        names = user.groups.filter(name__in=RIGHTS).values_list("name", flat=True)
        known = frozenset().union(*(RIGHTS[name] for name in names))
        setattr(user, "_rights", known)  # noqa: B010
    return known


def may(user: User | AnonymousUser, *rights: Right) -> bool:
    """Has this person one of these rights?"""
    return not rights_of(user).isdisjoint(rights)


def require(person_id: int | None, *rights: Right) -> None:
    """Raises NotAllowed for a person without one of these rights. The system may do anything."""
    if person_id is not None and not may(User.objects.get(pk=person_id), *rights):
        raise NotAllowed(str(ONLY[rights[0]]))


def reads_panel(user: User | AnonymousUser) -> bool:
    """Only finance and auditors see members' money. Operators and superusers don't."""
    return may(user, Right.READ)


def is_staff_now(user: User) -> bool:
    """Has this person a role of staff, even with a closed account?"""
    groups = user.groups.filter(name__in=RIGHTS)
    return user.is_staff or user.is_superuser or groups.exists()


def was_ever_staff(user: User) -> bool:
    """Are they staff, or were they ever, according to the audit?

    They were if the audit has an action of theirs, other than about their own security, or a change
    to their role. Someone who is to become staff counts too.
    """
    return (
        is_staff_now(user)
        or user.role_requests.filter(state=RoleRequest.State.OPEN).exists()
        or AuditEvent.objects.filter(actor=user).exclude(action__in=BY_MEMBERS).exists()
        or bool(role_changes(user.pk))
    )


def role_changes(user_id: int) -> list[AuditEvent]:
    """Audit events in which an operator changed this person's role, newest first."""
    acts = AuditEvent.objects.filter(
        subject=str(subjects.member(user_id)),
        action__in=(Action.ADD_PERSON, Action.CHANGE_PERSON, Action.GRANT_ROLE),
    )
    return [event for event in acts.order_by("-pk") if ROLE_FIELDS & fields_in(event.facts)]


def fields_in(facts: dict[str, Any]) -> set[str]:
    """The names of the changed fields. Older events have only those, without the values."""
    return {*facts.get("changed", ()), *facts.get("after", ())}


def joined_at(user_id: int, *groups: str) -> datetime | None:
    """When this person last came into one of these groups, or None. Read from the audit."""
    for event in role_changes(user_id):
        before, after = event.facts.get("before", {}), event.facts.get("after", {})
        added = {*after.get("groups", ())} - {*before.get("groups", ())}
        if not added.isdisjoint(groups):
            return event.at
    return None
