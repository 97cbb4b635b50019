"""What is done to accounts. Money moves in `ledger.operations`."""

from allauth.account.models import EmailAddress
from django.db import transaction

from wallet.models import Account, User


@transaction.atomic
def freeze(account_id: int) -> None:
    """Stop money from leaving the member's account. Money may still come in."""
    _set_frozen(account_id, True)


@transaction.atomic
def unfreeze(account_id: int) -> None:
    """Let money leave the member's account again."""
    _set_frozen(account_id, False)


def _set_frozen(account_id: int, is_frozen: bool) -> None:
    # The lock makes a payment under way end first, so that "frozen" means frozen from now on.
    account = Account.objects.select_for_update().get(pk=account_id, user__isnull=False)
    account.is_frozen = is_frozen
    account.save(update_fields=["is_frozen"])


def keep_only_email(user: User) -> None:
    """Make `user.email` the one address that sign-in and password reset know for this person.

    allauth reads a list of its own, where an address that was given up would stay for ever.
    """
    EmailAddress.objects.filter(user=user).delete()
    if user.email:
        EmailAddress.objects.create(user=user, email=user.email, primary=True)


def open_house_accounts() -> None:
    """Make the house's own accounts that are missing."""
    Account.objects.bulk_create(
        (Account(pk=pk, kind=kind) for kind, pk in Account.HOUSE_IDS.items()),
        ignore_conflicts=True,
    )
