"""Save a person, and forget them."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.models import Favourite, Transaction
from wallet.db.retries import committed
from wallet.errors import Refusal
from wallet.models import User

AT_MOST = 20


class TooManyFavourites(Refusal):
    code = "too_many_favourites"
    sentence = _("You can save up to {most} people. Remove one you don't need first.")


@committed
def save(user_id: int, payment: Transaction) -> Favourite:
    """Save the person that this member paid. Again: the same row, with the newer payment.

    Raises TooManyFavourites and Busy.
    """
    # Two at the same moment wait for each other, so there are never more than allowed.
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    mine = Favourite.objects.filter(user=user_id)
    if known := mine.filter(payee=payment.to_account_id).first():
        known.payment = payment
        known.save(update_fields=["payment"])
        return known
    if mine.count() >= AT_MOST:
        raise TooManyFavourites(most=AT_MOST)
    return Favourite.objects.create(
        user_id=user_id,
        payee_id=payment.to_account_id,
        payment=payment,
        created_at=timezone.now(),
    )


@committed
def forget(user_id: int, payment: Transaction) -> None:
    """Forget the person that this payment went to, if they are saved. Raises Busy."""
    Favourite.objects.filter(user=user_id, payee=payment.to_account_id).delete()
