"""Why money is refused to move: each refusal is a code for programs and a sentence for people."""

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from wallet.errors import Refusal
from wallet.support import with_help


class AmountRefused(Refusal):
    """The amount is what's wrong, or what to change."""

    field = "amount"


class InvalidAmount(AmountRefused):
    code = "invalid_request"
    sentence = _("Enter an amount above zero.")


class TransactionLimitReached(AmountRefused):
    """`limit`: money text."""

    code = "limit_exceeded"
    sentence = _("You can move up to {limit} at a time. Enter that or less.")


class RailAmount(AmountRefused):
    """`rail`, `lowest` and `highest`: words and money texts."""

    code = "limit_exceeded"
    sentence = _("{rail} takes {lowest} to {highest} at a time. Enter another amount.")


class RailWholeAmount(RailAmount):
    sentence = _(
        "{rail} takes whole shillings, {lowest} to {highest} at a time. Enter another amount."
    )


class DailyLimitReached(AmountRefused):
    """`limit` and `left`: money texts."""

    code = "limit_exceeded"
    sentence = _("You can send and withdraw up to {limit} a day. You have {left} left today.")


class BalanceLimitReached(AmountRefused):
    """`limit` and `room`: money texts."""

    code = "limit_exceeded"
    sentence = _("A wallet holds up to {limit}. You can add {room} more.")


class RecipientLimitReached(AmountRefused):
    """Doesn't reveal how much the recipient holds."""

    code = "limit_exceeded"
    sentence = _("This person's wallet can't take that much right now. Send less, or ask them.")


class InsufficientFunds(AmountRefused):
    """`available`: money text."""

    code = "insufficient_balance"
    sentence = _("You have {available} available. Enter that or less.")


class AccountFrozen(Refusal):
    code = "account_frozen"
    sentence = _("This wallet is frozen, so money can't leave it.")

    def __str__(self) -> str:
        return with_help(super().__str__())

    @property
    def for_programs(self) -> str:
        return super().__str__()


class SelfTransfer(Refusal):
    code = "self_transfer"
    sentence = _("This is your own wallet. Enter the phone or email of someone else.")
    field = "recipient"

    @property
    def for_programs(self) -> str:
        return gettext("Money can't move from a wallet to itself. Name two different users.")


class UnknownAccount(Refusal):
    code = "not_found"
    sentence = _("There is no such wallet. Check who it is for.")
    field = "recipient"


class AccountClosed(Refusal):
    code = "account_closed"
    sentence = _("This account is closed, so money can't move in or out of it.")
    field = "recipient"


class ReversalRefused(Refusal):
    """Only staff read these: they reverse, and may know a member's balance."""


class NotReversible(ReversalRefused):
    """`reference`."""

    code = "not_reversible"
    sentence = _("{reference} can't be reversed: only a completed deposit or transfer can.")


class AlreadyReversed(ReversalRefused):
    """`reference`: the reversal's."""

    code = "already_reversed"
    sentence = _("This was reversed before, by {reference}. Nothing more has moved.")


class MoneyGone(ReversalRefused):
    """`available` and `wanted`: money texts."""

    code = "money_gone"
    sentence = _("The wallet holds {available}, so {wanted} can't be taken back from it.")


class SettledOtherwise(Refusal):
    """`reference` and `status`, in words. Its rail has said before how it ended."""

    code = "already_settled"
    sentence = _("{reference} ended before: {status}. Nothing more has moved.")


class PhoneMissing(Refusal):
    code = "phone_missing"
    sentence = _("Add a phone number to your profile first: that is where this payment goes.")


class NeverSent(Refusal):
    """`reference`. No worker has sent it to its rail, so the rail can't know how it ended."""

    code = "never_sent"
    sentence = _("{reference} was never sent, so it can't have ended.")


class AlreadySent(Refusal):
    """`reference`. The money may be on its way, so it can't be given back."""

    code = "already_sent"
    sentence = _("{reference} is on its way already, so it can't be cancelled.")


class Superseded(Refusal):
    """`reference`. Another worker has taken over, so this one's failure may be out of date."""

    code = "superseded"
    sentence = _("Another worker has taken over {reference}.")


class ReceiptTaken(Refusal):
    """`receipt` and `reference`: of the other payment that has it."""

    code = "receipt_taken"
    sentence = _("The receipt {receipt} is that of another payment, {reference}.")


class KeyReused(Refusal):
    """`reference`: the transaction that the key already names."""

    code = "idempotency_key_reused"
    sentence = _(
        "This was sent before as another order, {reference}. Nothing more has moved. "
        "Check it, then send a new one if you still want it."
    )

    @property
    def for_programs(self) -> str:
        sentence = gettext(
            "This key already belongs to another order, {reference}. Nothing has moved. "
            "Send a new order with a new key."
        )
        return sentence.format(**self.facts)
