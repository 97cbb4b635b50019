"""What messages are about: kinds that a member may choose a way for, and topics.

To add a topic: a line in `Topic`, and its words in `words.py`.
"""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy


class Kind(TextChoices):
    """Kinds of message that members may have by SMS, by email, or only in the inbox.

    To add one: a line here. The page `/profile/messages/` and its form follow.
    """

    PAYMENTS_IN = "payments_in", gettext_lazy("Payments to you")
    PAYMENTS_OUT = "payments_out", gettext_lazy("Payments you send")
    WITHDRAWALS = "withdrawals", gettext_lazy("Withdrawals")
    DEPOSITS = "deposits", gettext_lazy("Deposits")
    GOALS = "goals", gettext_lazy("Savings goals")
    SCHEDULES = "schedules", gettext_lazy("Missed scheduled payments")
    # Off until the member asks for it.
    STATEMENTS = "statements", gettext_lazy("Monthly statement")


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
    CHOICES_CHANGED = "choices_changed", gettext_lazy("Messages changed")
    FROZEN = "frozen", gettext_lazy("Wallet frozen")
    UNFROZEN = "unfrozen", gettext_lazy("Wallet unfrozen")
    SENT = "sent", gettext_lazy("Money sent")
    RECEIVED = "received", gettext_lazy("Money received")
    WITHDRAWN = "withdrawn", gettext_lazy("Money withdrawn")
    DEPOSITED = "deposited", gettext_lazy("Money added")
    MONEY_OUT = "money_out", gettext_lazy("Money taken")
    MONEY_IN = "money_in", gettext_lazy("Money returned or added by us")
    CLAIMED = "claimed", gettext_lazy("Taken from later deposits")
    CLAIM_ENDED = "claim_ended", gettext_lazy("Nothing taken any longer from deposits")
    PAYOUT_ORDERED = "payout_ordered", gettext_lazy("Withdrawal ordered")
    PAYOUT_RETURNED = "payout_returned", gettext_lazy("Withdrawal returned")
    STATEMENT_READY = "statement_ready", gettext_lazy("Monthly statement")
    SAVED = "saved", gettext_lazy("Money put into a goal")
    TAKEN_OUT = "taken_out", gettext_lazy("Money taken out of a goal")
    INTEREST_PAID = "interest_paid", gettext_lazy("Interest paid")
    SAVING_SKIPPED = "saving_skipped", gettext_lazy("Automatic saving skipped")
    UNLOCK_ASKED = "unlock_asked", gettext_lazy("Asked to unlock a goal")
    SCHEDULE_SET = "schedule_set", gettext_lazy("Payment scheduled")
    SCHEDULE_MISSED = "schedule_missed", gettext_lazy("Scheduled payment missed")
    SAVING_MISSED = "saving_missed", gettext_lazy("Saving missed")
