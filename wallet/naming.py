"""Names that change: a member asks, and an operator decides."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet import lookalikes
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal, TooLate
from wallet.messages import Topic, alert
from wallet.models import NameRequest, ProtectedName, User
from wallet.staff import audit, subjects
from wallet.staff.roles import RIGHTS, is_staff_now

State = NameRequest.State


class NameRefused(Refusal):
    """The name can't be taken. `field` is that of the form."""

    code = "invalid_request"
    field = "name"


class AskedAlready(Refusal):
    """The member's last request is still open."""

    sentence = _("You've asked for another name already. Wait for our answer.")


class ContactMissing(Refusal):
    """A name changes only once a phone number or an email is proved."""

    sentence = _("Confirm your phone number or your email first. Then ask for another name.")


@transaction.atomic
def ask(context: Context, *, name: str, reason: str) -> NameRequest:
    """Ask for another name. Raises NameRefused, AskedAlready or ContactMissing.

    A name that is only close to a protected one is left to the operator, who sees which.
    """
    assert context.actor_id is not None
    user = User.objects.get(pk=context.actor_id)
    if not (user.phone or user.email):
        raise ContactMissing
    refuse(user, name)
    near = ProtectedName.objects.near(name)
    try:
        with transaction.atomic():
            return NameRequest.objects.create(
                user=user,
                name_before=user.name,
                name=name,
                reason=reason,
                near=near.name if near else "",
            )
    except IntegrityError:
        raise AskedAlready from None


@committed
def show_in_full(user_id: int, shows: bool) -> None:
    """Show the whole name, or only the short one, to those who have dealt with the member.

    Raises Busy.
    """
    User.objects.filter(pk=user_id).update(shows_full_name=shows)


@transaction.atomic
def approve(context: Context, *, request_id: int) -> NameRequest:
    """Give the member the name, and alert them.

    The rules are checked again, since the list may have grown since. Raises NameRefused, TooLate,
    or Refusal for one's own request.
    """
    found = lock(context, request_id)
    user = User.objects.select_for_update().get(pk=found.user_id)
    refuse(user, found.name)
    before, user.name = user.name, found.name
    user.save(update_fields=["name"])
    audit.record(
        context,
        audit.Action.APPROVE_NAME,
        subjects.member(user.pk),
        before={"name": before},
        after={"name": user.name},
    )
    alert(user.pk, Topic.NAME_CHANGED, name=user.short_name)
    return decide(context, found, State.APPROVED)


@transaction.atomic
def deny(context: Context, *, request_id: int, answer: str) -> NameRequest:
    """Leave the name as it is. The member reads `answer`. Raises like `approve`."""
    found = lock(context, request_id)
    audit.record(
        context.because(answer),
        audit.Action.DENY_NAME,
        subjects.member(found.user_id),
        asked={"name": found.name},
    )
    alert(found.user_id, Topic.NAME_KEPT)
    return decide(context, found, State.DENIED, answer)


def lock(context: Context, request_id: int) -> NameRequest:
    found = NameRequest.objects.select_for_update().get(pk=request_id)
    if found.state != State.OPEN:
        raise TooLate(_("A colleague has already decided this request."))
    if found.user_id == context.actor_id:
        raise Refusal(_("You can't decide about your own name. Ask a colleague."))
    return found


def decide(context: Context, found: NameRequest, state: str, answer: str = "") -> NameRequest:
    found.state, found.answer = state, answer
    found.decided_by_id, found.decided_at = context.actor_id, timezone.now()
    found.save(update_fields=["state", "answer", "decided_by", "decided_at"])
    return found


def refuse(user: User, name: str) -> None:
    """Raise NameRefused for a name that this person can't have."""
    if name == user.name:
        raise NameRefused(_("This is your name already."))
    try:
        User._meta.get_field("name").run_validators(name)
    except ValidationError as error:
        raise NameRefused(error.messages[0]) from None
    if is_staff_now(user) and (other := staff_namesake(user.pk, name)):
        raise NameRefused(SAME_NAME, name=other.name)


SAME_NAME = _("A colleague's name reads the same: {name}. Staff names must differ.")


def staff_namesake(user_id: int | None, name: str) -> User | None:
    """Another member of staff whose name looks like this one. Names sign what staff do."""
    in_group = Q(groups__name__in=RIGHTS)
    staff = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True) | in_group)
    skeleton = lookalikes.words_of(name)
    others = staff.exclude(pk=user_id) if user_id else staff
    return others.filter(name_skeleton=skeleton).first()
