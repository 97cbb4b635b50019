"""Daraja's result codes: what each means for a payment, and in words for its member.

A code means one thing for a deposit and another for a payout: 2001 is a wrong PIN in the one,
and a wrong password of ours in the other.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.rails.rail import Alarm, Answer, Outcome

SUCCESS = "0"


class Result(NamedTuple):
    """What a result code means. `words` are for the member."""

    words: str | Promise = ""
    alarm: Alarm = Alarm.NONE
    is_known: bool = True  # False: it may have been carried out all the same


class Kind(Enum):
    """Which of our two payments a code is about."""

    DEPOSIT = "deposit"
    PAYOUT = "payout"


OUR_SIDE = _("Something is wrong on our side. We are looking into it.")
OUT_OF_LIMITS = _("The amount is outside the limits of M-PESA.")
UNREACHABLE = _("We couldn't reach your phone. Check that it's on, then try again.")
BAD_PHONE = _("M-PESA doesn't serve this phone number. Check it on your profile.")

DEPOSITS = {
    "1": Result(_("Your M-PESA balance is too low.")),
    "2": Result(OUT_OF_LIMITS),
    "3": Result(OUT_OF_LIMITS),
    "4": Result(_("You have reached your daily limit at M-PESA.")),
    "8": Result(_("M-PESA can't take this payment now. Try again later."), Alarm.LOOK),
    "17": Result(_("You have just paid the same amount. Wait 2 minutes, then try again.")),
    "1019": Result(_("The request expired before it was confirmed. Try again.")),
    "1025": Result(UNREACHABLE),
    "1032": Result(_("You cancelled the request on your phone.")),
    "1037": Result(UNREACHABLE),
    "2001": Result(_("The M-PESA PIN was wrong.")),
    "2028": Result(OUR_SIDE, Alarm.STOP),
    "SFC_IC0003": Result(OUR_SIDE, Alarm.STOP),
    "8006": Result(_("M-PESA has locked your PIN. Call Safaricom on 100 or 200.")),
}
PAYOUTS = {
    "1": Result(_("We can't pay out just now. Try again later."), Alarm.FLOAT),
    "2": Result(OUT_OF_LIMITS),
    "3": Result(OUT_OF_LIMITS),
    "4": Result(_("You have reached your daily limit at M-PESA.")),
    "8": Result(_("Your M-PESA account can't hold that much.")),
    "11": Result(OUR_SIDE, Alarm.LOOK),
    "2006": Result(OUR_SIDE, Alarm.LOOK),
    "21": Result(OUR_SIDE, Alarm.STOP),
    "2001": Result(OUR_SIDE, Alarm.STOP),
    "2028": Result(OUR_SIDE, Alarm.STOP),
    "8006": Result(OUR_SIDE, Alarm.STOP),
    "2040": Result(_("Your phone number isn't registered with M-PESA.")),
    "SFC_IC0003": Result(BAD_PHONE),
}
# Daraja: duplicate, internal failure, traffic blocking; and the core's own codes, 1000000xx.
SYSTEM = {"15", "17", "26"}
SYSTEM_PREFIX = "1000000"
# Outcomes of a transaction status, where no result code is given.
STATUSES = {
    "Cancelled": _("M-PESA cancelled the payment."),
    "Declined": _("M-PESA declined the payment."),
    "Expired": _("M-PESA didn't carry the payment out in time."),
}
# Refusals of the gateway, and our own. Not Daraja's codes: it uses one code for several of these.
PHONE, BUSY_PHONE, SETTINGS, FIELD = "phone", "busy-phone", "settings", "field"
AMOUNT = "amount"
REFUSALS = {
    PHONE: BAD_PHONE,
    AMOUNT: OUT_OF_LIMITS,
    BUSY_PHONE: _("Finish the request that your phone shows now, wait a minute, then try again."),
    SETTINGS: OUR_SIDE,
    FIELD: OUR_SIDE,
}


def of(code: str, kind: Kind) -> Result:
    """What a failure code means.

    An unknown one ends a deposit, since money that comes in all the same goes to suspense. It
    doesn't end a payout, whose money would go back to the wallet.
    """
    if kind is Kind.PAYOUT and (code in SYSTEM or code.startswith(SYSTEM_PREFIX)):
        return Result(is_known=False)
    table = PAYOUTS if kind is Kind.PAYOUT else DEPOSITS
    return table.get(code) or Result(alarm=Alarm.LOOK, is_known=kind is Kind.DEPOSIT)


def failure(code: str, words: str, kind: Kind, *, rail_id: str = "") -> Answer:
    """The answer of a result that isn't success."""
    result = of(code, kind)
    outcome = Outcome.FAILED if result.is_known else Outcome.UNKNOWN
    return Answer(outcome, rail_id=rail_id, code=code, words=words, alarm=result.alarm)


def explain(code: str, kind: Kind) -> str | Promise:
    return STATUSES.get(code) or REFUSALS.get(code) or of(code, kind).words
