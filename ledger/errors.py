"""Reasons to refuse an order. Each has a code for programs and a sentence for people."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wallet.errors import Refusal
from wallet.support import with_help


class AmountRefused(Refusal):
    """A different amount would help, so the page marks that field."""

    field = "amount"


class InvalidAmount(AmountRefused):
    code = "invalid_request"
    sentence = _("Enter an amount above zero.")


class TransferTooSmall(AmountRefused):
    """`least` is formatted money."""

    code = "invalid_request"
    sentence = _("Send {least} or more.")


class TransactionLimitReached(AmountRefused):
    """`limit` is formatted money."""

    code = "limit_exceeded"
    sentence = _("You can move up to {limit} at a time. Enter that or less.")


class RailAmount(AmountRefused):
    """`rail` is the rail's label; `lowest` and `highest` are formatted money."""

    code = "limit_exceeded"
    sentence = _("{rail} takes {lowest} to {highest} at a time. Enter another amount.")


class RailWholeAmount(RailAmount):
    sentence = _(
        "{rail} takes whole shillings, {lowest} to {highest} at a time. Enter another amount."
    )


class DailyLimitReached(AmountRefused):
    """`limit` and `left` are formatted money."""

    code = "limit_exceeded"
    sentence = _("You can send and withdraw up to {limit} a day. You have {left} left today.")


class LessFitsToday(DailyLimitReached):
    """Also `most`: the largest amount that can leave over the rail."""

    sentence = _(
        "You can send and withdraw up to {limit} a day. You have {left} left today. "
        "You can withdraw up to {most} now."
    )


class LowerLimitReached(DailyLimitReached):
    """`until` is a time in words: when the lower limit after a change of sign-in ends."""

    sentence = _(
        "Your sign-in or PIN changed, so until {until} you can send and withdraw up to {limit} a "
        "day. You have {left} left today."
    )


class BalanceLimitReached(AmountRefused):
    """`limit` and `room` are formatted money."""

    code = "limit_exceeded"
    sentence = _("A wallet holds up to {limit}. You can add {room} more.")


class RecipientLimitReached(AmountRefused):
    """The sentence doesn't reveal how much the recipient holds."""

    code = "limit_exceeded"
    sentence = _("This person's wallet can't take that much right now. Send less, or ask them.")


class InsufficientFunds(AmountRefused):
    """`available` is formatted money."""

    code = "insufficient_balance"
    sentence = _("You have {available} available. Enter that or less.")


class LessFits(InsufficientFunds):
    """`most` is formatted money: the largest amount that can leave over the rail, with its fee."""

    sentence = _("You have {available} available. You can withdraw up to {most} now.")


class FeeNotCovered(InsufficientFunds):
    """The wallet holds the amount, but not its fee. The facts are formatted money."""

    sentence = _(
        "You have {available} available, and this takes {total} with its fee of {fee}. "
        "You can withdraw up to {most} now."
    )


class NothingFits(InsufficientFunds):
    """The wallet doesn't even hold the least that the rail takes, with its fee."""

    sentence = _("You have {available} available. That is too little to withdraw.")


class FeeChanged(Refusal):
    """`fee` is formatted money: what the tariff asks now. The member agreed to another fee."""

    code = "fee_changed"
    sentence = _("The fee is now {fee}. Nothing has moved yet. Check it, then confirm again.")


class AccountFrozen(Refusal):
    code = "account_frozen"
    sentence = _("This wallet is frozen, so money can't leave it.")

    def __str__(self) -> str:
        return with_help(super().__str__())

    @property
    def for_programs(self) -> str:
        return super().__str__()


class NothingProved(Refusal):
    """The wallet's owner hasn't proved a phone number or an email yet."""

    code = "contact_unproved"
    sentence = _("Verify your phone number or email first. Then your wallet can move money.")

    @property
    def for_programs(self) -> str:
        return gettext("This member hasn't verified a phone number or email yet.")


class RecipientUnproved(Refusal):
    """The same of the person it goes to."""

    code = "recipient_unproved"
    sentence = _("This person hasn't verified their phone number or email, so can't receive money.")
    field = "recipient"


class PayoutsOnHold(Refusal):
    """`until` is a time in words. An operator helped this member, who could be an impostor."""

    code = "payouts_on_hold"
    sentence = _("We changed how you sign in, so you can't send or withdraw until {until}.")


class SelfTransfer(Refusal):
    code = "self_transfer"
    sentence = _("This is your own wallet. Enter someone else's phone number or email.")
    field = "recipient"

    @property
    def for_programs(self) -> str:
        return gettext("Money can't move from a wallet to itself. Name two different users.")


class UnknownAccount(Refusal):
    code = "not_found"
    sentence = _("This wallet doesn't exist. Check who you're sending to.")
    field = "recipient"


class AccountClosed(Refusal):
    code = "account_closed"
    sentence = _("This account is closed, so money can't move in or out of it.")
    field = "recipient"


class ReversalRefused(Refusal):
    """Only staff see these, so a sentence may show a member's balance."""


class NotReversible(ReversalRefused):
    """`reference` is the transaction's."""

    code = "not_reversible"
    sentence = _("{reference} can't be reversed: only a completed deposit or transfer can.")


class AlreadyReversed(ReversalRefused):
    """`reference` is the reversal's."""

    code = "already_reversed"
    sentence = _("{reference} already reversed this. Nothing has moved now.")


class PartTooLarge(ReversalRefused):
    """`reference` is the transaction's; `left` and `wanted` are formatted money."""

    code = "already_reversed"
    sentence = _("{left} of {reference} is left to reverse, so {wanted} can't be.")


class RestClaimed(ReversalRefused):
    """`reference` is the transaction's."""

    code = "already_reversed"
    sentence = _("What is left of {reference} is claimed from later deposits.")


class ClaimOver(ReversalRefused):
    code = "claim_over"
    sentence = _("This claim is already paid or ended.")


class MoneyGone(ReversalRefused):
    """`available` and `wanted` are formatted money."""

    code = "money_gone"
    sentence = _("The wallet holds {available}, so {wanted} can't be taken back from it.")


class CorrectionRefused(Refusal):
    """Only staff see these."""


class NotInSuspense(CorrectionRefused):
    """`reference` is the transaction's."""

    code = "not_in_suspense"
    sentence = _("{reference} isn't an item in suspense, so there is nothing to resolve.")


class AlreadyResolved(CorrectionRefused):
    """`reference` is the transaction's that resolved the item."""

    code = "already_resolved"
    sentence = _("{reference} already resolved this item. Nothing has moved now.")


class NoWayBack(CorrectionRefused):
    code = "no_way_back"
    sentence = _("This money came over no rail, so it can't go back over one.")


class PayerUnknown(CorrectionRefused):
    code = "payer_unknown"
    sentence = _("Enter the payer's phone number: that is where the money goes.")
    field = "phone"


class NotAdjustable(CorrectionRefused):
    """The two accounts can't be adjusted against each other."""

    code = "not_adjustable"
    sentence = _("An adjustment can't move money between these two accounts.")


class SettledOtherwise(Refusal):
    """The rail has already given another outcome. `status` is its word, in lower case."""

    code = "already_settled"
    sentence = _("{reference} has already ended: {status}. Nothing has moved now.")


class PhoneMissing(Refusal):
    code = "phone_missing"
    sentence = _("Add a phone number to your profile first. Payments go to it and come from it.")


class KeyReused(Refusal):
    """`reference` is the transaction that has this key."""

    code = "idempotency_key_reused"
    sentence = _(
        "This form was already used for another transaction, {reference}. Nothing has moved now. "
        "Check that one, then send this again if you still want it."
    )

    @property
    def for_programs(self) -> str:
        sentence = gettext(
            "This key already belongs to another transaction, {reference}. Nothing has moved. "
            "Send a new request with a new key."
        )
        return sentence.format(**self.facts)
