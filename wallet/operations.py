"""Operations on people and their accounts. Money moves in `ledger.operations`."""

import hashlib
from typing import NamedTuple

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from wallet import house
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import OpenedAlready, Refusal, Taken
from wallet.models import Account, Opening, User
from wallet.staff import audit, subjects
from wallet.staff.roles import was_ever_staff


def freeze(context: Context, account_id: int) -> bool:
    """Stop money from leaving the member's account. Money may still come in.

    False, and nothing in the audit, when it was frozen already. Raises a Refusal for the actor's
    own account, and Account.DoesNotExist for a house account.
    """
    return _set_frozen(context, account_id, True, audit.Action.FREEZE)


def unfreeze(context: Context, account_id: int) -> bool:
    """Let money leave the member's account again. Answers and raises as `freeze` does."""
    return _set_frozen(context, account_id, False, audit.Action.UNFREEZE)


@transaction.atomic
def _set_frozen(context: Context, account_id: int, is_frozen: bool, action: audit.Action) -> bool:
    # The lock makes a payment under way end first, so that "frozen" means frozen from now on.
    account = Account.objects.select_for_update().get(pk=account_id, user__isnull=False)
    assert account.user_id
    if account.user_id == context.actor_id:
        raise Refusal(_("Nobody freezes or unfreezes their own wallet. Ask a colleague."))
    if account.is_frozen == is_frozen:
        return False
    account.is_frozen = is_frozen
    account.save(update_fields=["is_frozen"])
    audit.record(context, action, subjects.member(account.user_id))
    return True


def record_own_changes(context: Context, user: User, name_before: str) -> None:
    """Write down that a member of staff has changed their name: colleagues know them by it, and
    notes and proposals are signed with it. Other members call themselves what they like."""
    if user.name != name_before and was_ever_staff(user):
        audit.record(
            context,
            audit.Action.CHANGE_PERSON,
            subjects.member(user.pk),
            before={"name": name_before},
            after={"name": user.name},
        )


def keep_only_email(user: User) -> None:
    """Make `user.email` the only address that sign-in and password reset know for this person.

    allauth reads a list of its own, where an old address would stay for ever.
    """
    EmailAddress.objects.filter(user=user).delete()
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, primary=True)


@transaction.atomic
def make_password_key(context: Context, user: User) -> str:
    """The end of the URL of a link that sets a new password. It works once.

    The actor is the operator who hands the link over; the reason says how they knew the person.
    """
    audit.record(context, audit.Action.PASSWORD_LINK, subjects.member(user.pk))
    return f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"


@transaction.atomic
def remove_second_step(context: Context, user: User) -> bool:
    """Let the person sign in by password alone again. The context is as in `make_password_key`.

    False, and nothing in the audit, when there was no second step.
    """
    removed, _by_model = Authenticator.objects.filter(user=user).delete()
    if not removed:
        return False
    audit.record(context, audit.Action.REMOVE_TWO_STEP, subjects.member(user.pk))
    return True


class Person(NamedTuple):
    """A member to be opened. The phone is E.164, the email in lower case."""

    name: str
    email: str | None = None
    phone: str | None = None

    @property
    def digest(self) -> str:
        return hashlib.sha256(repr(tuple(self)).encode()).hexdigest()


@committed
def open_member(context: Context, person: Person) -> tuple[User, bool]:
    """Open a member with an empty wallet, once, and say whether this is a replay.

    The same key for the same person by the same actor finds the member again. Raises
    OpenedAlready when the key opened another person, Taken when another member has the phone or
    the email, and Busy. Two calls at the same time: the database's unique key makes one of them
    run again, and find the member of the other.
    """
    actor_id, key = context.actor_id, context.key
    assert actor_id is not None
    taken = taken_field(person)
    # After the contacts: a call with this key may commit its member between the two reads.
    openings = Opening.objects.filter(actor_id=actor_id, key=key).select_related("user")
    if key and (opening := openings.first()):
        if opening.digest != person.digest:
            raise OpenedAlready(member_id=opening.user_id)
        return opening.user, True
    if taken:
        raise Taken(taken)
    user = User.objects.create_user(**person._asdict())
    if key:
        Opening.objects.create(actor_id=actor_id, key=key, digest=person.digest, user=user)
    return user, False


def taken_field(person: Person) -> str | None:
    """The contact that another member has already."""
    for field in ("email", "phone"):
        value = getattr(person, field)
        if value and User.objects.filter(**{field: value}).exists():
            return field
    return None


def open_house_accounts() -> None:
    """Make the house accounts that are missing."""
    Account.objects.bulk_create(
        (Account(pk=one.id, kind=one.kind) for one in house.all_accounts()),
        ignore_conflicts=True,
    )
