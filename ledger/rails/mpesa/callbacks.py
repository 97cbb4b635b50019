"""What Daraja says by itself: results, timeouts, and payments that members started.

Nothing is signed, so a callback is believed only as far as it fits a payment of ours. Daraja: a
TransactionID comes with a failure as well, and only result code 0 means success.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ledger.rails.mpesa import results, wire
from ledger.rails.mpesa.results import Kind
from ledger.rails.mpesa.wire import Body
from ledger.rails.rail import Alarm, Answer, Callback, Outcome
from wallet.money import parse_plain

ORIGINATOR = "OriginatorConversationID"
# How our references of payments begin.
OURS = "NSP-"
# Daraja: of a transaction status. The others (Initiated, Authorized, ...) aren't final.
COMPLETED = "completed"
# The transaction that we asked about doesn't exist.
NOT_FOUND = "2032"
# Daraja: ten letters and digits.
LONGEST_RECEIPT = 64
# Daraja: an invalid account number, and any other reason.
REFUSALS, OTHER = {"account": "C2B00012"}, "C2B00016"
# Daraja: a number, then the name.
PARTY = re.compile(r"\+?[0-9*]{5,15}(?=\s*(-|$))")
OUR_SETTINGS = {"21", "2001", "2028", "8006"}


def parse(kind: str, raw: bytes) -> Callback | None:
    """Read a callback of this kind. Raises ValueError for a body that can't be one."""
    if kind not in READERS:
        raise ValueError(f"no kind of callback: {kind}")
    return READERS[kind](wire.read(raw))


def stk(body: Body) -> Callback:
    said = wire.part(wire.part(body, "Body"), "stkCallback")
    rail_id = needed(said, "CheckoutRequestID")
    code, words = needed(said, "ResultCode"), wire.text(said.get("ResultDesc"))
    if code != results.SUCCESS:
        return Callback(results.failure(code, words, Kind.DEPOSIT, rail_id=rail_id))
    details = wire.items(wire.part(said, "CallbackMetadata").get("Item"), "Name")
    amount_cents = wire.cents(details.get("Amount"))
    # It goes into a wallet, so without its amount it can't be booked yet either.
    receipt = details.get("MpesaReceiptNumber", "") if amount_cents else ""
    return Callback(
        success(receipt, rail_id),
        amount_cents=amount_cents,
        paid_at=wire.moment(details.get("TransactionDate")),
    )


def success(receipt: str, rail_id: str) -> Answer:
    """Without a receipt a payment can't be booked yet: it is looked up."""
    if len(receipt) > LONGEST_RECEIPT:
        raise ValueError("has no receipt")
    if not receipt:
        return Answer(Outcome.PENDING, rail_id=rail_id, code=results.SUCCESS, alarm=Alarm.LOOK)
    # Daraja: in capitals. Another spelling is the same payment.
    return Answer(Outcome.SUCCEEDED, receipt=receipt.upper(), rail_id=rail_id)


def b2c_result(body: Body) -> Callback:
    said = wire.part(body, "Result")
    reference = wire.text(said.get(ORIGINATOR))
    rail_id = wire.text(said.get("ConversationID"))
    if not reference and not rail_id:
        raise ValueError("names no payment")
    code, words = needed(said, "ResultCode"), wire.text(said.get("ResultDesc"))
    if code != results.SUCCESS:
        return Callback(results.failure(code, words, Kind.PAYOUT, rail_id=rail_id), reference)
    details = parameters(said)
    receipt = details.get("TransactionReceipt") or wire.text(said.get("TransactionID"))
    return Callback(
        success(receipt, rail_id),
        reference,
        wire.cents(details.get("TransactionAmount")),
        paid_at=wire.moment(details.get("TransactionCompletedDateTime")),
    )


def b2c_timeout(body: Body) -> Callback:
    """Daraja: no format is documented; an echo of the request and a result were both seen. It
    isn't a failure, and the result may still come."""
    reference, rail_id = (
        anywhere(body, ORIGINATOR),
        anywhere(body, "ConversationID"),
    )
    if not reference and not rail_id:
        raise ValueError("names no payment")
    return Callback(Answer(Outcome.UNKNOWN, rail_id=rail_id, code="timeout"), reference)


def status_result(body: Body) -> Callback:
    """The result code says whether the question worked, TransactionStatus what the money did.

    The outer ids are the question's; those of the payment are among the parameters.
    """
    said = wire.part(body, "Result")
    lookup_id = needed(said, "ConversationID")
    code, words = needed(said, "ResultCode"), wire.text(said.get("ResultDesc"))
    if code == NOT_FOUND:
        return Callback(Answer(Outcome.NOT_TAKEN, code=code, words=words, lookup_id=lookup_id))
    if code != results.SUCCESS:
        alarm = Alarm.STOP if code in OUR_SETTINGS else Alarm.NONE
        answer = Answer(Outcome.UNKNOWN, code=code, words=words, alarm=alarm, lookup_id=lookup_id)
        return Callback(answer)
    details = parameters(said)
    answer = payment_status(details.get("TransactionStatus", ""), details.get("ReceiptNo", ""))
    rail_id, asked_by = (details.get(name, "") for name in ("ConversationID", ORIGINATOR))
    return Callback(
        answer._replace(
            rail_id=rail_id,
            lookup_id=lookup_id,
            charge_cents=charge(details.get("DebitPartyCharges", "")),
        ),
        # Of an STK push it is an id that Daraja made.
        asked_by if asked_by.startswith(OURS) else "",
        wire.cents(details.get("Amount")),
        paid_at=wire.moment(details.get("FinalisedTime")),
        paybill=credited(details.get("CreditPartyName", "")),
    )


def credited(written: str) -> str:
    """`600310 - Safaricom333`: who got the money, a shortcode or a (masked) phone number. Empty if
    it names no number."""
    number = PARTY.match(written)
    return number[0] if number else ""


def payment_status(status: str, receipt: str) -> Answer:
    if status.lower() == COMPLETED:
        return success(receipt, "")
    if status.title() in results.STATUSES:
        return Answer(Outcome.FAILED, code=status.title(), words=status)
    return Answer(Outcome.PENDING, words=status)


def charge(written: str) -> int | None:
    """`Fee For B2C Payment|KES|22.40`: what it took from the paying side. None if it isn't said."""
    _name, currency, amount, *_more = [*written.split("|"), "", ""]
    if currency != "KES":
        return None
    return 0 if amount in ("0", "0.00") else wire.cents(amount)


def status_timeout(body: Body) -> Callback:
    lookup_id = anywhere(body, "ConversationID")
    return Callback(Answer(Outcome.UNKNOWN, code="timeout", lookup_id=lookup_id))


def c2b(body: Body) -> Callback:
    """A payment to the paybill, asked by its validation or reported by its confirmation.

    Daraja: the payer's number is masked or hashed, so `account_number` alone names the member.
    """
    receipt, amount_cents = needed(body, "TransID"), wire.cents(body.get("TransAmount"))
    if amount_cents is None:
        raise ValueError("has no amount")
    names = (wire.text(body.get(name)) for name in ("FirstName", "MiddleName", "LastName"))
    return Callback(
        success(receipt, ""),
        amount_cents=amount_cents,
        account_number=wire.text(body.get("BillRefNumber")),
        payer=" ".join(name for name in names if name),
        paid_at=wire.moment(body.get("TransTime")),
        is_arrival=True,
        paybill=wire.text(body.get("BusinessShortCode")),
    )


def c2b_validation(body: Body) -> Callback:
    """Nothing has moved yet."""
    asked = c2b(body)
    return asked._replace(answer=Answer(Outcome.PENDING, rail_id=asked.answer.receipt))


def acknowledge(kind: str, refusal: str) -> Mapping[str, object]:
    """Daraja: the answer to a validation has its code as text. A refused payment never leaves its
    payer.
    """
    if kind != "c2b-validation":
        return {"ResultCode": 0, "ResultDesc": "Accepted"}
    if not refusal:
        return {"ResultCode": "0", "ResultDesc": "Accepted"}
    return {"ResultCode": REFUSALS.get(refusal, OTHER), "ResultDesc": "Rejected"}


def balance_result(body: Body) -> Callback | None:
    said = wire.part(body, "Result")
    code, words = needed(said, "ResultCode"), wire.text(said.get("ResultDesc"))
    lookup_id = wire.text(said.get("ConversationID"))
    if code != results.SUCCESS:
        alarm = Alarm.STOP if code in OUR_SETTINGS else Alarm.NONE
        answer = Answer(Outcome.UNKNOWN, code=code, words=words, alarm=alarm, lookup_id=lookup_id)
        return Callback(answer)
    answer = Answer(Outcome.PENDING, lookup_id=lookup_id)
    return Callback(answer, balances=balances(parameters(said).get("AccountBalance", "")))


def balances(written: str) -> Mapping[str, int]:
    """`Utility Account|KES|228037.00|228037.00|0.00|0.00&...`: the first amount is the balance."""
    held: dict[str, int] = {}
    for account in written.split("&"):
        name, currency, amount, *_more = [*account.split("|"), "", ""]
        if name and currency == "KES":
            held[name] = parse_plain(amount)
    if not held:
        raise ValueError("has no balance")
    return held


def balance_timeout(body: Body) -> None:
    """There will be no balance this time."""


def parameters(said: Body) -> dict[str, str]:
    return wire.items(wire.part(said, "ResultParameters").get("ResultParameter"), "Key")


def needed(body: Body, name: str) -> str:
    if not (value := wire.text(body.get(name))):
        raise ValueError(f"has no {name}")
    return value


def anywhere(body: Body, name: str) -> str:
    found = (wire.text(value) for key, value in wire.every_field(body) if key == name)
    return next((value for value in found if value), "")


READERS: dict[str, Callable[[Body], Callback | None]] = {
    "stk": stk,
    "c2b-confirmation": c2b,
    "c2b-validation": c2b_validation,
    "b2c-result": b2c_result,
    "b2c-timeout": b2c_timeout,
    "status-result": status_result,
    "status-timeout": status_timeout,
    "balance-result": balance_result,
    "balance-timeout": balance_timeout,
}
