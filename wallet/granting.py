"""Give someone a role with rights over money or people: two operators agree, or a day passes.

One operator alone could otherwise make two people of finance and empty every wallet. The finance
team and the operators hear of each request, and any operator can deny it. Taking a role away needs
no one else: the admin's form for people does that.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wallet import messages, naming
from wallet.context import SYSTEM, Context
from wallet.errors import NotAllowed, Refusal, TooLate
from wallet.models import Channel, RoleRequest, Session, User
from wallet.staff import audit, subjects
from wallet.staff.roles import FINANCE_TEAM

Role, State = RoleRequest.Role, RoleRequest.State
Action = audit.Action

# A bound, so that one turn of the worker ends.
GRANTED_AT_MOST = 100
ONLY_OPERATORS = gettext_lazy("Only an operator decides about roles.")


@transaction.atomic
def ask(context: Context, *, user_id: int, role: str) -> RoleRequest:
    """Request a role for someone, for a reason. The team gets a mail.

    The same role asked for again returns the open request. Raises NotAllowed for all but operators
    and for one's own role, and a Refusal without a reason or for a role that the person has.
    """
    assert context.actor_id is not None
    refuse_outsider(context.actor_id)
    if user_id == context.actor_id:
        raise NotAllowed(_("You can't give yourself a role. Ask a colleague."))
    if not context.reason:
        raise Refusal(_("Enter a reason."))
    user = User.objects.get(pk=user_id)
    if has(user, role):
        raise Refusal(_("{name} has this role."), name=user.name)
    now = timezone.now()
    try:
        with transaction.atomic():
            made = RoleRequest.objects.create(
                user=user,
                role=role,
                reason=context.reason,
                asked_by_id=context.actor_id,
                asked_at=now,
                due_at=now + timedelta(hours=settings.ROLE_AFTER_HOURS),
            )
    except IntegrityError:
        return RoleRequest.objects.get(user=user, role=role, state=State.OPEN)
    record(context, Action.ASK_ROLE, made)
    tell_team(
        made,
        _("{asker} wants to make {name} {role}"),
        _(
            "Reason: {reason}\nIt comes into force on {due}, or when a second operator approves it."
            "\nIf that isn't right, have an operator deny it under Role requests."
        ),
    )
    return made


@transaction.atomic
def approve(context: Context, *, request_id: int) -> RoleRequest:
    """Give the role, as a colleague requested. The person's sessions end.

    Raises NotAllowed for all but operators, for the one who requested it and the one it's for;
    TooLate; and a Refusal for an `obstacle`.
    """
    found = lock(context, request_id)
    if context.actor_id == found.asked_by_id:
        raise NotAllowed(_("You requested this, so another operator approves it."))
    if context.actor_id == found.user_id:
        raise NotAllowed(_("This role is for you, so another operator approves it."))
    user = User.objects.select_for_update().get(pk=found.user_id)
    if problem := obstacle(found, user):
        raise Refusal(problem)
    return grant(context, found, user)


@transaction.atomic
def deny(context: Context, *, request_id: int, answer: str) -> RoleRequest:
    """Give no role. Who requested it may do that too. Raises NotAllowed and TooLate."""
    found = lock(context, request_id)
    return refuse(context, found, answer)


def grant_due() -> int:
    """Give the roles that no one has denied in time. Returns how many requests it ended.

    The worker calls this; several may do so at the same time.
    """
    due = RoleRequest.objects.filter(state=State.OPEN, due_at__lte=timezone.now())
    return sum(end_due(pk) for pk in list(due.values_list("pk", flat=True)[:GRANTED_AT_MOST]))


@transaction.atomic
def end_due(request_id: int) -> bool:
    found = RoleRequest.objects.select_for_update().get(pk=request_id)
    if found.state != State.OPEN:
        return False
    user = User.objects.select_for_update().get(pk=found.user_id)
    if problem := obstacle(found, user):
        refuse(SYSTEM, found, problem)
    else:
        grant(SYSTEM, found, user)
    return True


def lock(context: Context, request_id: int) -> RoleRequest:
    assert context.actor_id is not None
    refuse_outsider(context.actor_id)
    found = RoleRequest.objects.select_for_update().get(pk=request_id)
    if found.state != State.OPEN:
        raise TooLate(_("This request was decided before."))
    return found


def obstacle(found: RoleRequest, user: User) -> str:
    """Why the role can't be given now, as a sentence. Empty if it can."""
    if not user.is_active:
        return _("This account is closed.")
    if not is_operator(found.asked_by):
        return _("Who requested this is no operator any longer.")
    if other := naming.staff_namesake(user.pk, user.name):
        return str(naming.SAME_NAME).format(name=other.name)
    return ""


def grant(context: Context, found: RoleRequest, user: User) -> RoleRequest:
    before = facts_of(user)
    if found.role == Role.OPERATOR:
        user.is_staff = user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])
    else:
        user.groups.add(Group.objects.get(name=found.role))
    after = facts_of(user)
    changed = [name for name in after if before[name] != after[name]]
    record(
        context,
        Action.GRANT_ROLE,
        found,
        before={name: before[name] for name in changed},
        after={name: after[name] for name in changed},
    )
    Session.objects.of(user.pk).delete()
    end(context, found, State.GRANTED)
    by = found.decided_by.name if found.decided_by else _("No one denied it in time")
    tell_team(found, _("{name} is now {role}"), _("Requested by {asker}. Approved: {by}."), by=by)
    return found


def refuse(context: Context, found: RoleRequest, answer: str) -> RoleRequest:
    found.answer = answer
    record(context.because(answer), Action.DENY_ROLE, found)
    return end(context, found, State.DENIED)


def end(context: Context, found: RoleRequest, state: str) -> RoleRequest:
    found.state, found.decided_by_id = state, context.actor_id
    found.decided_at = timezone.now()
    found.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    return found


def has(user: User, role: str) -> bool:
    if role == Role.OPERATOR:
        return is_operator(user)
    return user.groups.filter(name=role).exists()


def is_operator(user: User) -> bool:
    return user.is_active and user.is_staff and user.is_superuser


def refuse_outsider(person_id: int) -> None:
    if not is_operator(User.objects.get(pk=person_id)):
        raise NotAllowed(ONLY_OPERATORS)


def facts_of(user: User) -> dict[str, object]:
    groups = sorted(user.groups.values_list("name", flat=True))
    return {"groups": groups, "is_staff": user.is_staff}


def record(context: Context, action: audit.Action, found: RoleRequest, **facts: object) -> None:
    """Under the reason of the request, unless the context has one."""
    why = context if context.reason else context.because(found.reason)
    subject = subjects.member(found.user_id)
    audit.record(why, action, subject, role=found.role, role_request=found.pk, **facts)


# --- Mail


def team() -> QuerySet[User]:
    """Everyone of finance, and the operators."""
    people = User.objects.filter(is_active=True)
    is_in = Q(groups__name__in=FINANCE_TEAM) | Q(is_staff=True) | Q(is_superuser=True)
    return people.filter(is_in).distinct().order_by("pk")


def tell_of_removal(context: Context, user: User, roles: list[str]) -> None:
    """Someone has lost these roles: the operators may be fewer now than the team thinks."""
    assert context.actor_id is not None
    actor = User.objects.get(pk=context.actor_id)
    names = ", ".join(str(Role(role).label) for role in roles)
    facts = {"actor": actor.name, "name": user.name, "roles": names, "reason": context.reason}
    subject = _("{name} is no longer {roles}").format(**facts)
    send(user, subject, _("Removed by {actor}. Reason: {reason}").format(**facts))


def tell_team(found: RoleRequest, subject: str, text: str, **more: str) -> None:
    facts = more | {
        "asker": found.asked_by.name,
        "name": found.user.name,
        "role": str(found.get_role_display()),
        "reason": found.reason,
        "due": messages.date_in_words(found.due_at),
    }
    send(found.user, subject.format(**facts), text.format(**facts))


def send(user: User, subject: str, text: str) -> None:
    """Mail the team and this person. Who has no email gets an SMS."""
    for person in dict.fromkeys([user, *team()]):
        mails = [one for one in messages.contacts_of(person) if one.channel == Channel.EMAIL]
        for contact in mails or messages.contacts_of(person)[:1]:
            messages.send_text(person.pk, contact, subject, f"{subject}.\n\n{text}")
