"""What messages are about, and the words of each.

To add one: a line in `Topic` and its words in `WORDS`. An SMS holds 160 characters, facts included.
`{at}` is when it happened; the caller of `alert` passes the other facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.conf import settings
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class Topic(TextChoices):
    NEW_DEVICE = "new_device", gettext_lazy("Sign-in on a new device")
    PASSWORD_CHANGED = "password_changed", gettext_lazy("Password changed")
    PHONE_CHANGED = "phone_changed", gettext_lazy("Phone number changed")
    EMAIL_CHANGED = "email_changed", gettext_lazy("Email changed")
    PIN_SET = "pin_set", gettext_lazy("PIN set")
    PIN_CHANGED = "pin_changed", gettext_lazy("PIN changed")
    PIN_LOCKED = "pin_locked", gettext_lazy("Wrong PINs")
    NAME_CHANGED = "name_changed", gettext_lazy("Name changed")
    NAME_KEPT = "name_kept", gettext_lazy("Name not changed")
    SECOND_FACTOR_CHANGED = "second_factor_changed", gettext_lazy("Two-step sign-in changed")
    OPERATOR_HELPED = "operator_helped", gettext_lazy("Helped by our staff")
    FROZEN = "frozen", gettext_lazy("Wallet frozen")
    UNFROZEN = "unfrozen", gettext_lazy("Wallet unfrozen")
    SENT = "sent", gettext_lazy("Money sent")
    RECEIVED = "received", gettext_lazy("Money received")
    WITHDRAWN = "withdrawn", gettext_lazy("Money withdrawn")
    DEPOSITED = "deposited", gettext_lazy("Money added")
    MONEY_OUT = "money_out", gettext_lazy("Money taken")
    MONEY_IN = "money_in", gettext_lazy("Money returned or added by us")
    PAYOUT_ORDERED = "payout_ordered", gettext_lazy("Withdrawal ordered")
    PAYOUT_RETURNED = "payout_returned", gettext_lazy("Withdrawal returned")
    SAVED = "saved", gettext_lazy("Money put into a goal")
    TAKEN_OUT = "taken_out", gettext_lazy("Money taken out of a goal")
    UNLOCK_ASKED = "unlock_asked", gettext_lazy("Asked to unlock a goal")
    SCHEDULE_SET = "schedule_set", gettext_lazy("Payment scheduled")
    SCHEDULE_MISSED = "schedule_missed", gettext_lazy("Scheduled payment missed")


class Words(NamedTuple):
    """The subject of a mail, and the text. `asks`: the member should act if it wasn't them."""

    subject: Promise
    text: Promise
    asks: bool = True

    def render(self, facts: Mapping[str, str]) -> str:
        text = str(self.text).format(**facts)
        return f"{text} {not_you()}".strip() if self.asks else text


def not_you() -> str:
    contact = settings.SUPPORT_CONTACT
    return _("Not you? Contact %(contact)s.") % {"contact": contact} if contact else ""


WORDS: Mapping[str, Words] = {
    Topic.NEW_DEVICE: Words(
        gettext_lazy("New sign-in to your wallet"),
        gettext_lazy("New sign-in to Nissmart: {device}, {at}. Not you? Sign it out: {link}"),
        asks=False,
    ),
    Topic.PASSWORD_CHANGED: Words(
        gettext_lazy("Your password was changed"),
        gettext_lazy("Your Nissmart password was changed, {at}."),
    ),
    Topic.PHONE_CHANGED: Words(
        gettext_lazy("Your phone number was changed"),
        gettext_lazy("The phone number of your Nissmart wallet was changed, {at}."),
    ),
    Topic.EMAIL_CHANGED: Words(
        gettext_lazy("Your email was changed"),
        gettext_lazy("The email of your Nissmart wallet was changed, {at}."),
    ),
    Topic.PIN_SET: Words(
        gettext_lazy("You have a PIN now"),
        gettext_lazy("A PIN was set for your Nissmart wallet, {at}."),
    ),
    Topic.PIN_LOCKED: Words(
        gettext_lazy("Wrong PINs were entered"),
        gettext_lazy("A wrong PIN was entered five times at Nissmart, {at}. Nothing was paid."),
    ),
    Topic.PIN_CHANGED: Words(
        gettext_lazy("Your PIN was changed"),
        gettext_lazy("Your Nissmart PIN was changed, {at}."),
    ),
    Topic.NAME_CHANGED: Words(
        gettext_lazy("Your name was changed"),
        gettext_lazy("Your name at Nissmart is now {name}, {at}, as you asked."),
    ),
    Topic.NAME_KEPT: Words(
        gettext_lazy("Your name stays as it is"),
        gettext_lazy("You asked Nissmart for another name. Your profile says why it can't be."),
        asks=False,
    ),
    Topic.SECOND_FACTOR_CHANGED: Words(
        gettext_lazy("Two-step sign-in was changed"),
        gettext_lazy("Two-step sign-in of your Nissmart wallet was changed, {at}."),
    ),
    Topic.OPERATOR_HELPED: Words(
        gettext_lazy("Our staff helped with your sign-in"),
        gettext_lazy("Nissmart staff changed how you sign in, {at}."),
    ),
    Topic.FROZEN: Words(
        gettext_lazy("Your wallet is frozen"),
        gettext_lazy("Your Nissmart wallet was frozen, {at}. Money can't leave it."),
    ),
    Topic.UNFROZEN: Words(
        gettext_lazy("Your wallet is unfrozen"),
        gettext_lazy("Your Nissmart wallet was unfrozen, {at}."),
    ),
    Topic.SENT: Words(
        gettext_lazy("You sent {amount}"),
        gettext_lazy("{reference} confirmed. {amount} sent to {name}, {at}. Balance {balance}."),
    ),
    Topic.RECEIVED: Words(
        gettext_lazy("You received {amount}"),
        gettext_lazy(
            "{reference} confirmed. {amount} received from {name}, {at}. Balance {balance}."
        ),
        asks=False,
    ),
    Topic.WITHDRAWN: Words(
        gettext_lazy("You withdrew {amount}"),
        gettext_lazy("{reference} confirmed. {amount} withdrawn, {at}."),
    ),
    Topic.DEPOSITED: Words(
        gettext_lazy("You added {amount}"),
        gettext_lazy(
            "{reference} confirmed. {amount} added to your wallet, {at}. Balance {balance}."
        ),
        asks=False,
    ),
    Topic.MONEY_OUT: Words(
        gettext_lazy("{amount} left your wallet"),
        gettext_lazy("{reference}: {amount} left your wallet, {at}. {what}. Balance {balance}."),
    ),
    Topic.MONEY_IN: Words(
        gettext_lazy("{amount} came into your wallet"),
        gettext_lazy(
            "{reference}: {amount} came into your wallet, {at}. {what}. Balance {balance}."
        ),
        asks=False,
    ),
    Topic.PAYOUT_ORDERED: Words(
        gettext_lazy("You asked to withdraw {amount}"),
        gettext_lazy("{reference}: {amount} is being withdrawn, {at}. Balance {balance}."),
    ),
    Topic.PAYOUT_RETURNED: Words(
        gettext_lazy("Your withdrawal didn't go through"),
        gettext_lazy(
            "{reference}: your withdrawal didn't go through. {amount} is back in your wallet, "
            "{at}. Balance {balance}."
        ),
        asks=False,
    ),
    Topic.SAVED: Words(
        gettext_lazy("You saved {amount}"),
        gettext_lazy("{reference} confirmed. {amount} saved for {name}, {at}. Balance {balance}."),
        asks=False,
    ),
    Topic.TAKEN_OUT: Words(
        gettext_lazy("You took {amount} out of your savings"),
        gettext_lazy(
            "{reference} confirmed. {amount} taken out of {name}, {at}. Balance {balance}."
        ),
        asks=False,
    ),
    Topic.UNLOCK_ASKED: Words(
        gettext_lazy("You asked to unlock a goal"),
        gettext_lazy("You asked to unlock {name}. Its money is free from {free_at}."),
    ),
    Topic.SCHEDULE_SET: Words(
        gettext_lazy("You scheduled {amount}"),
        gettext_lazy("Nissmart: {amount} to {name} is scheduled. {days}."),
    ),
    Topic.SCHEDULE_MISSED: Words(
        gettext_lazy("A scheduled payment wasn't made"),
        gettext_lazy("Your scheduled {amount} to {name}, due {days}, wasn't sent. {why}"),
        asks=False,
    ),
}
