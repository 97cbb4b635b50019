"""Operations on people and their accounts. `ledger.operations` moves money."""

import hashlib
from typing import NamedTuple

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from wallet import house, messages, safety
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import FrozenByStaff, OpenedAlready, Refusal, Taken
from wallet.messages import Topic
from wallet.models import Account, Channel, Claim, Opening, User
from wallet.staff import audit, subjects

FrozenBy = Account.FrozenBy


def freeze(context: Context, account_id: int) -> bool:
    """Stop money from leaving the member's account. Money may still come in.

    The actor is staff. Their freeze replaces the member's own, which the member could lift. Returns
    False, and records nothing, if staff had frozen it already. Raises Refusal for the actor's own
    account, and Account.DoesNotExist for an account that is no wallet.
    """
    return _set_frozen(context, account_id, True, audit.Action.FREEZE)


def unfreeze(context: Context, account_id: int) -> bool:
    """Let money leave the member's account again. Returns and raises like `freeze`."""
    return _set_frozen(context, account_id, False, audit.Action.UNFREEZE)


@transaction.atomic
def _set_frozen(context: Context, account_id: int, is_frozen: bool, action: audit.Action) -> bool:
    # The lock waits for running payments, so no payment leaves after this commits.
    wallets = Account.objects.filter(kind=Account.Kind.WALLET)
    account = wallets.select_for_update().get(pk=account_id)
    assert account.user_id
    if account.user_id == context.actor_id:
        raise Refusal(_("You can't freeze or unfreeze your own wallet. Ask a colleague."))
    frozen_by = FrozenBy.STAFF if is_frozen else FrozenBy.NOT_FROZEN
    if account.frozen_by == frozen_by:
        return False
    account.is_frozen = is_frozen
    account.frozen_by = frozen_by
    account.frozen_at = timezone.now() if is_frozen else None
    account.save(update_fields=["is_frozen", "frozen_by", "frozen_at"])
    audit.record(context, action, subjects.member(account.user_id))
    messages.alert(account.user_id, Topic.FROZEN if is_frozen else Topic.UNFROZEN)
    return True


@committed
def freeze_own(context: Context) -> bool:
    """Stop money from leaving the actor's own wallet. False if it was frozen already.

    Raises Busy.
    """
    return _set_frozen_own(context, FrozenBy.MEMBER)


@committed
def unfreeze_own(context: Context) -> bool:
    """Lift the actor's own freeze. The caller has checked who they are. False if there is none.

    Raises FrozenByStaff and Busy.
    """
    return _set_frozen_own(context, FrozenBy.NOT_FROZEN)


def _set_frozen_own(context: Context, frozen_by: Account.FrozenBy) -> bool:
    assert context.actor_id
    wallet = Account.objects.select_for_update().get(pk=Account.objects.wallet_id(context.actor_id))
    if frozen_by == FrozenBy.NOT_FROZEN and wallet.frozen_by == FrozenBy.STAFF:
        raise FrozenByStaff
    if wallet.is_frozen == bool(frozen_by):
        return False
    wallet.is_frozen, wallet.frozen_by = bool(frozen_by), frozen_by
    wallet.frozen_at = timezone.now() if frozen_by else None
    wallet.save(update_fields=["is_frozen", "frozen_by", "frozen_at"])
    action = audit.Action.FREEZE_OWN if frozen_by else audit.Action.UNFREEZE_OWN
    audit.record(context, action, subjects.member(context.actor_id))
    messages.alert(context.actor_id, Topic.FROZEN if frozen_by else Topic.UNFROZEN)
    return True


def keep_only_email(user: User) -> None:
    """Make `user.email` the only email that sign-in and password reset know for this person.

    allauth keeps its own list of emails, which would keep the old one for ever.
    """
    EmailAddress.objects.filter(user=user).delete()
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, primary=True)


@transaction.atomic
def make_password_key(context: Context, user: User) -> str:
    """Make the key of a link that sets a new password. It works once.

    The actor is the operator who hands over the link. The reason says how they identified the
    person.
    """
    safety.changed(context, user.pk, safety.Change.HELP)
    audit.record(context, audit.Action.PASSWORD_LINK, subjects.member(user.pk))
    return f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"


@transaction.atomic
def remove_second_step(context: Context, user: User) -> bool:
    """Turn off two-step sign-in for this person. Takes the context of `make_password_key`.

    Returns False, and records nothing, if it was off.
    """
    mine = Authenticator.objects.filter(user=user)
    if not mine.exists():
        return False
    # First, since it locks the wallet, as every other change of a factor does.
    safety.changed(context, user.pk, safety.Change.HELP)
    mine.delete()
    audit.record(context, audit.Action.REMOVE_TWO_STEP, subjects.member(user.pk))
    return True


class Person(NamedTuple):
    """The details of a new member. The phone number is E.164, the email lower case."""

    name: str
    email: str | None = None
    phone: str | None = None
    # Must the member prove these contacts with codes? Otherwise the caller vouches for them.
    must_prove: bool = False

    @property
    def digest(self) -> str:
        # Without the flag if it's off: keys from before it still find their member.
        asked = tuple(self) if self.must_prove else tuple(self)[:3]
        return hashlib.sha256(repr(asked).encode()).hexdigest()


@committed
def open_member(context: Context, person: Person) -> tuple[User, bool]:
    """Open a member with an empty wallet, once per key. Returns the member, and if it's a replay.

    The same actor, key and person find the member again. Raises OpenedAlready if the key opened
    another person, Taken if another member has the phone number or email, and Busy. When two such
    calls run at the same time, the database's unique key makes one rerun and find the other's
    member.
    """
    actor_id, key = context.actor_id, context.key
    assert actor_id is not None
    taken = taken_field(person)
    # Read after `taken_field`: another call with this key may commit between the two reads.
    openings = Opening.objects.filter(actor_id=actor_id, key=key).select_related("user")
    if key and (opening := openings.first()):
        if opening.digest != person.digest:
            raise OpenedAlready(member_id=opening.user_id)
        return opening.user, True
    if taken:
        raise Taken(taken)
    user = open_unproved(person) if person.must_prove else open_proved(person)
    if key:
        Opening.objects.create(actor_id=actor_id, key=key, digest=person.digest, user=user)
    return user, False


def open_proved(person: Person) -> User:
    return User.objects.create_user(name=person.name, email=person.email, phone=person.phone)


def open_unproved(person: Person) -> User:
    """A member whose wallet is stopped until they prove a contact. No code is sent yet: they have
    no password, and begin by setting one with a code."""
    user = User(name=person.name, prove_by=timezone.now(), password=make_password(None))
    User.objects.save_with_wallet(user)
    for channel, value in ((Channel.SMS, person.phone), (Channel.EMAIL, person.email)):
        if value:
            Claim.objects.create(user=user, channel=channel, value=value)
    return user


def taken_field(person: Person) -> str | None:
    """The field, email or phone, whose value another member already has."""
    for field in ("email", "phone"):
        value = getattr(person, field)
        if value and User.objects.filter(**{field: value}).exists():
            return field
    return None


def open_house_accounts() -> None:
    """Create missing house accounts."""
    Account.objects.bulk_create(
        (Account(pk=one.id, kind=one.kind) for one in house.all_accounts()),
        ignore_conflicts=True,
    )
