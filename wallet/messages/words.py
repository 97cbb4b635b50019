"""The words of each topic of messages.

An SMS holds 160 characters, facts included; money is reported in the form that M-PESA's own SMS
have. `{at}` is when it happened; the caller of `alert` passes the other facts. The inbox says when
and links to what it's about, so its words (`inbox`) may be shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wallet.messages.topics import Kind, Topic


class Words(NamedTuple):
    """The subject, and the text. `asks`: the member should act if it wasn't them.

    `inbox` is the text below the subject in the inbox, if it isn't the same. `page` names the URL
    that a message leads to if it has no `reference`, whose receipt it would be. A fact `query` goes
    into that URL. Without a `kind` it is about security, and goes to all contacts.
    """

    subject: Promise
    text: Promise
    asks: bool = True
    inbox: Promise | None = None
    page: str = "wallet:security"
    kind: Kind | None = None

    def render(self, facts: Mapping[str, str]) -> str:
        text = str(self.text).format(**facts)
        return f"{text} {not_you()}".strip() if self.asks else text


def not_you() -> str:
    contact = settings.SUPPORT_CONTACT
    return _("Not you? %(contact)s.") % {"contact": contact} if contact else ""


YOU_HAVE = gettext_lazy("You now have {balance}.")

WORDS: Mapping[str, Words] = {
    Topic.NEW_DEVICE: Words(
        gettext_lazy("New sign-in to your wallet"),
        gettext_lazy("New sign-in to Nissmart: {device}, {at}. Not you? Sign it out: {link}"),
        asks=False,
        inbox=gettext_lazy("{device}. Not you? Sign it out."),
        page="wallet:sessions",
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
        page="wallet:profile",
    ),
    Topic.NAME_KEPT: Words(
        gettext_lazy("Your name stays as it is"),
        gettext_lazy("You asked Nissmart for another name. Your profile says why it can't be."),
        asks=False,
        page="wallet:profile",
    ),
    Topic.SECOND_FACTOR_CHANGED: Words(
        gettext_lazy("Two-step sign-in was changed"),
        gettext_lazy("Two-step sign-in of your Nissmart wallet was changed, {at}."),
    ),
    Topic.OPERATOR_HELPED: Words(
        gettext_lazy("Our staff helped with your sign-in"),
        gettext_lazy("Nissmart staff changed how you sign in, {at}."),
    ),
    Topic.CHOICES_CHANGED: Words(
        gettext_lazy("What we send you was changed"),
        gettext_lazy("Which messages Nissmart sends you was changed, {at}."),
        page="wallet:message_choices",
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
        gettext_lazy(
            "{reference} Confirmed. {amount} sent to {name} {phone} on {at}. Fee {fee}. "
            "Balance {balance}."
        ),
        inbox=gettext_lazy("To {name}, and you now have {balance}."),
        kind=Kind.PAYMENTS_OUT,
    ),
    Topic.RECEIVED: Words(
        gettext_lazy("{name} sent you {amount}"),
        gettext_lazy(
            "{reference} Confirmed. You have received {amount} from {name} {phone} on {at}. "
            "Balance {balance}."
        ),
        asks=False,
        inbox=YOU_HAVE,
        kind=Kind.PAYMENTS_IN,
    ),
    Topic.WITHDRAWN: Words(
        gettext_lazy("You withdrew {amount}"),
        gettext_lazy("{reference} Confirmed. {amount} withdrawn on {at}. Fee {fee}."),
        inbox=gettext_lazy("It's paid."),
        kind=Kind.WITHDRAWALS,
    ),
    Topic.DEPOSITED: Words(
        gettext_lazy("You added {amount}"),
        gettext_lazy(
            "{reference} Confirmed. {amount} added to your wallet on {at}. Balance {balance}."
        ),
        asks=False,
        inbox=YOU_HAVE,
        kind=Kind.DEPOSITS,
    ),
    Topic.MONEY_OUT: Words(
        gettext_lazy("{amount} left your wallet"),
        gettext_lazy("{reference}: {amount} left your wallet on {at}. {what}. Balance {balance}."),
        inbox=gettext_lazy("{what}. You now have {balance}."),
    ),
    Topic.MONEY_IN: Words(
        gettext_lazy("{amount} came into your wallet"),
        gettext_lazy(
            "{reference}: {amount} came into your wallet on {at}. {what}. Balance {balance}."
        ),
        asks=False,
        inbox=gettext_lazy("{what}. You now have {balance}."),
        kind=Kind.PAYMENTS_IN,
    ),
    Topic.CLAIMED: Words(
        gettext_lazy("We'll take {amount} from your next deposits"),
        gettext_lazy(
            "{reference} is being reversed, but your wallet holds too little. "
            "Your next deposits pay {amount} first. Your inbox says whom to ask."
        ),
        asks=False,
        inbox=gettext_lazy(
            "This payment to you is being reversed by our team, and your wallet held too little. "
            "Each deposit that you make pays for it first, until it's paid. {contact}"
        ),
    ),
    Topic.CLAIM_ENDED: Words(
        gettext_lazy("We won't take {amount} from your deposits"),
        gettext_lazy("{reference}: Nissmart no longer takes {amount} from your next deposits."),
        asks=False,
        inbox=gettext_lazy("Your deposits are all yours again."),
    ),
    Topic.PAYOUT_ORDERED: Words(
        gettext_lazy("Your withdrawal of {amount} is on its way"),
        gettext_lazy(
            "{reference}: {amount} is being withdrawn, {at}. Fee {fee}. Balance {balance}."
        ),
        inbox=gettext_lazy("We'll write when it's paid. You now have {balance}."),
        kind=Kind.WITHDRAWALS,
    ),
    Topic.PAYOUT_RETURNED: Words(
        gettext_lazy("Your withdrawal didn't go through"),
        gettext_lazy(
            "{reference}: your withdrawal didn't go through. {amount} is back in your wallet, "
            "{at}. Balance {balance}."
        ),
        asks=False,
        inbox=gettext_lazy("{amount} is back in your wallet. You now have {balance}."),
        kind=Kind.WITHDRAWALS,
    ),
    Topic.STATEMENT_READY: Words(
        gettext_lazy("Your statement of {month} is ready"),
        gettext_lazy("Your Nissmart statement of {month} is ready. Sign in and open Statements."),
        asks=False,
        inbox=gettext_lazy("All that came in and went out, to read or to download."),
        page="ledger:statement",
        kind=Kind.STATEMENTS,
    ),
    Topic.SAVED: Words(
        gettext_lazy("You saved {amount}"),
        gettext_lazy(
            "{reference} Confirmed. {amount} saved for {name} on {at}. Balance {balance}."
        ),
        asks=False,
        inbox=gettext_lazy("For {name}. You now have {balance} available."),
        kind=Kind.GOALS,
    ),
    Topic.TAKEN_OUT: Words(
        gettext_lazy("You took {amount} out of your savings"),
        gettext_lazy(
            "{reference} Confirmed. {amount} taken out of {name} on {at}. Balance {balance}."
        ),
        asks=False,
        inbox=gettext_lazy("From {name}. You now have {balance} available."),
        kind=Kind.GOALS,
    ),
    Topic.INTEREST_PAID: Words(
        gettext_lazy("{name} earned {amount} interest"),
        gettext_lazy(
            "{reference} Confirmed. {amount} interest for {name} on {at}, less {tax} tax. "
            "It holds {balance}."
        ),
        asks=False,
        inbox=gettext_lazy("Less {tax} tax. It now holds {balance}."),
        kind=Kind.GOALS,
    ),
    Topic.SAVING_SKIPPED: Words(
        gettext_lazy("An automatic saving was skipped"),
        gettext_lazy("Nissmart: {amount} for {name} wasn't saved, and costs nothing. {why}"),
        asks=False,
        page="ledger:goals",
        kind=Kind.GOALS,
    ),
    Topic.UNLOCK_ASKED: Words(
        gettext_lazy("You asked to unlock a goal"),
        gettext_lazy("You asked to unlock {name}. Its money is free from {free_at}."),
        page="ledger:goals",
    ),
    Topic.SCHEDULE_SET: Words(
        gettext_lazy("You scheduled {amount}"),
        gettext_lazy("Nissmart: {amount} to {name} is scheduled. {days}."),
        inbox=gettext_lazy("For {name}: {days}."),
        page="ledger:schedules",
    ),
    Topic.SAVING_MISSED: Words(
        gettext_lazy("Nothing was saved this time"),
        gettext_lazy("{amount} for {name}, due {days}, wasn't saved. {why}"),
        asks=False,
        page="ledger:goals",
        kind=Kind.GOALS,
    ),
    Topic.SCHEDULE_MISSED: Words(
        gettext_lazy("A scheduled payment wasn't made"),
        gettext_lazy("Your scheduled {amount} to {name}, due {days}, wasn't sent. {why}"),
        asks=False,
        page="ledger:schedules",
        kind=Kind.SCHEDULES,
    ),
}
