"""What is done to accounts. Money moves in `ledger.operations`."""

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from wallet import house
from wallet.models import Account, User
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


def open_house_accounts() -> None:
    """Make the house's own accounts that are missing."""
    Account.objects.bulk_create(
        (Account(pk=one.id, kind=one.kind) for one in house.every()),
        ignore_conflicts=True,
    )
