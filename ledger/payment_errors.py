"""Reasons to refuse a decision about a payment on a rail. Only staff and workers see them."""

from django.utils.translation import gettext_lazy as _

from wallet.errors import Refusal


class PaymentRefused(Refusal):
    """A payment on a rail can't be ended or decided this way now. Programs never see these."""


class NeverSent(PaymentRefused):
    """`reference`. No worker has sent it to its rail, so the rail can't know how it ended."""

    code = "never_sent"
    sentence = _("{reference} was never sent, so it can't have ended.")


class AlreadySent(PaymentRefused):
    """`reference`. The money may be on its way, so it can't be given back."""

    code = "already_sent"
    sentence = _("{reference} is on its way already, so it can't be cancelled.")


class Superseded(PaymentRefused):
    """`reference`. Another worker has taken over, so this one's failure may be out of date."""

    code = "superseded"
    sentence = _("Another worker has taken over {reference}.")


class ReceiptTaken(PaymentRefused):
    """`receipt` and `reference`: of the other payment that has it."""

    code = "receipt_taken"
    sentence = _("The receipt {receipt} is that of another payment, {reference}.")
