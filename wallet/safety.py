"""What follows from a change of someone's phone number, email, PIN, password or second factor.

A thief changes these first and empties the wallet next. So for a day less may leave it, and after
help by an operator nothing leaves: time for its owner to see the alert and to freeze it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet import messages
from wallet.context import Context
from wallet.messages import Topic
from wallet.models import Account
from wallet.staff import audit, subjects


class Change(models.TextChoices):
    """What was changed. `HELP` is an operator's: a password link, or two-step sign-in removed."""

    PHONE = "phone", _("Phone number")
    EMAIL = "email", _("Email")
    PIN = "pin", _("PIN")
    FIRST_PIN = "first_pin", _("First PIN")
    PASSWORD = "password", _("Password")
    SECOND_FACTOR = "second_factor", _("Two-step sign-in")
    HELP = "help", _("Help by an operator")


# Not of a contact: that alert also goes to the old one, and only its caller knows that.
TOPICS = {
    Change.PIN: Topic.PIN_CHANGED,
    Change.FIRST_PIN: Topic.PIN_SET,
    Change.PASSWORD: Topic.PASSWORD_CHANGED,
    Change.SECOND_FACTOR: Topic.SECOND_FACTOR_CHANGED,
}
# A first PIN replaces nothing, and a new member couldn't pay without one.
HARMLESS = frozenset({Change.FIRST_PIN})


@transaction.atomic
def changed(
    context: Context, user_id: int, change: Change, *, also: Sequence[messages.Contact] = ()
) -> None:
    """Audit the change, alert the person, and lower what may leave for LOWER_LIMIT_HOURS.

    If anyone but that person made the change, it's an operator's help: for the same time nothing
    leaves, and a change by the person meanwhile begins that time again. `also` are contacts that
    hear of it too, such as the new one.

    Call it once for each change, in its transaction, and before the person's row is written: an
    order locks the wallet first and its owner next, so the other order could deadlock with it.
    """
    is_help = change is Change.HELP or context.actor_id != user_id
    until = timezone.now() + how_long(is_help)
    columns = {} if change in HARMLESS else {"lower_limit_until": until}
    if is_help:
        columns |= {"no_payouts_until": until}
    if columns:
        # This takes the lock that an order holds, so it waits for a running one.
        accounts = Account.objects.filter(user_id=user_id)
        accounts.update(**columns)
        # What the help made possible, such as a password set with a link of yesterday.
        accounts.filter(no_payouts_until__gt=timezone.now()).update(no_payouts_until=until)
    if topic := Topic.OPERATOR_HELPED if is_help else TOPICS.get(change):
        messages.alert(user_id, topic, also=also)
    if context.actor_id == user_id:
        # An operator's act has an event with its reason.
        subject = subjects.member(user_id)
        audit.record(context, audit.Action.CHANGE_SECURITY, subject, what=change.value)


def how_long(is_help: bool) -> timedelta:
    """How long the change counts. After help at least as long as a password link works, and a
    moment more, so that the link can't be used when the time is over."""
    usual = timedelta(hours=settings.LOWER_LIMIT_HOURS)
    link = timedelta(seconds=settings.PASSWORD_RESET_TIMEOUT)
    return max(usual, link) + timedelta(minutes=1) if is_help else usual
