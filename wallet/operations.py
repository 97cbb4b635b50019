"""What is done to accounts. Money moves in `ledger.operations`."""

import hashlib
from typing import NamedTuple

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from wallet.db.retries import committed
from wallet.errors import OpenedAlready, Taken
from wallet.models import Account, Opening, User
from wallet.staff import audit
from wallet.staff.roles import was_ever_staff


class Refused(Exception):
    """Its text says why, to the member of staff who asked."""


def freeze(
    account_id: int, *, actor_id: int | None = None, reason: str = "", address: str = ""
) -> bool:
    """Stop money from leaving the member's account. Money may still come in.

    `actor_id` is the member of staff who does it, from `address`, and why; all of it goes into
    the audit. False, and nothing written, when it was frozen already.
    Raises Refused for one's own, and Account.DoesNotExist for an account that is no member's.
    """
    return _set_frozen(account_id, True, audit.Action.FREEZE, actor_id, reason, address)


def unfreeze(
    account_id: int, *, actor_id: int | None = None, reason: str = "", address: str = ""
) -> bool:
    """Let money leave the member's account again. Arguments as in `freeze`."""
    return _set_frozen(account_id, False, audit.Action.UNFREEZE, actor_id, reason, address)


@transaction.atomic
def _set_frozen(
    account_id: int,
    is_frozen: bool,
    action: audit.Action,
    actor_id: int | None,
    reason: str,
    address: str,
) -> bool:
    # The lock makes a payment under way end first, so that "frozen" means frozen from now on.
    account = Account.objects.select_for_update().get(pk=account_id, user__isnull=False)
    if account.user_id == actor_id:
        raise Refused(_("Nobody freezes or unfreezes their own wallet. Ask a colleague."))
    if account.is_frozen == is_frozen:
        return False
    account.is_frozen = is_frozen
    account.save(update_fields=["is_frozen"])
    subject = f"member {account.user_id}"
    audit.record(action, subject, actor_id=actor_id, reason=reason, address=address)
    return True


def record_own_changes(user: User, before: str, *, address: str) -> None:
    """Write down that one of staff has taken another name than `before`: colleagues know them,
    and notes and proposals are signed, by it. Members call themselves what they like."""
    if user.name != before and was_ever_staff(user):
        audit.record(
            audit.Action.CHANGE_PERSON,
            f"member {user.pk}",
            actor_id=user.pk,
            address=address,
            before={"name": before},
            after={"name": user.name},
        )


def keep_only_email(user: User) -> None:
    """Make `user.email` the one address that sign-in and password reset know for this person.

    allauth reads a list of its own, where an address that was given up would stay for ever.
    """
    EmailAddress.objects.filter(user=user).delete()
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, primary=True)


@transaction.atomic
def make_password_key(user: User, *, actor_id: int, reason: str, address: str) -> str:
    """What the address of a link that sets a new password ends in. It works once.

    `actor_id` is the operator who hands it to the person, from `address`, and `reason` how they
    knew them; all of it goes into the audit.
    """
    subject = f"member {user.pk}"
    audit.record(
        audit.Action.PASSWORD_LINK, subject, actor_id=actor_id, reason=reason, address=address
    )
    return f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"


@transaction.atomic
def remove_second_step(user: User, *, actor_id: int, reason: str, address: str) -> bool:
    """Let the person sign in by password alone again. Arguments as in `make_password_key`.

    False, and nothing written, when there was no second step.
    """
    removed, _by_model = Authenticator.objects.filter(user=user).delete()
    if not removed:
        return False
    subject = f"member {user.pk}"
    audit.record(
        audit.Action.REMOVE_TWO_STEP, subject, actor_id=actor_id, reason=reason, address=address
    )
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
def open_member(person: Person, *, actor_id: int, key: str | None) -> tuple[User, bool]:
    """Open a member with an empty wallet, once, and say whether this is a replay.

    The same key for the same person by the same actor finds the member again. Raises
    OpenedAlready when the key opened another person, Taken when another member has the phone or
    the email, and Busy. Two calls at the same time: the database's unique key makes one of them
    run again, and find the member of the other.
    """
    openings = Opening.objects.filter(actor_id=actor_id, key=key).select_related("user")
    if key and (opening := openings.first()):
        if opening.digest != person.digest:
            raise OpenedAlready(member_id=opening.user_id)
        return opening.user, True
    for field in ("email", "phone"):
        value = getattr(person, field)
        if value and User.objects.filter(**{field: value}).exists():
            raise Taken(field)
    user = User.objects.create_user(**person._asdict())
    if key:
        Opening.objects.create(actor_id=actor_id, key=key, digest=person.digest, user=user)
    return user, False


def open_house_accounts() -> None:
    """Make the house's own accounts that are missing."""
    Account.objects.bulk_create(
        (Account(pk=pk, kind=kind) for kind, pk in Account.HOUSE_IDS.items()),
        ignore_conflicts=True,
    )
