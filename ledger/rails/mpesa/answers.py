"""What Daraja's gateway says immediately: accepted, refused for a reason, or nothing to rely on.

No payment SUCCEEDED by an answer: a callback says what became of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ledger.rails.mpesa import results, wire
from ledger.rails.mpesa.client import Reply
from ledger.rails.mpesa.results import Kind
from ledger.rails.mpesa.wire import Body
from ledger.rails.rail import Alarm, Answer, Outcome

TOKEN_CODES = {"400.003.01", "404.001.03", "401.002.01", "401.001"}
NOT_FOUND_CODES = {"404.001.01", "404.002.01", "404.003.01", "404.001.04", "405.001"}
BAD_PAYLOAD_CODES = {"400.002.05", "400.003.02"}
BAD_FIELD, BUSY, QUOTA = "400.002.02", "500.003.02", "500.003.03"
# Ours: Daraja refused to give us a token.
NO_TOKEN = "token"
# Codes that each stand for several things: the message says which.
MERCHANT, CORE = "500.001.1001", "500.002.1001"

MEMBER_FIELDS = re.compile(r"invalid (phonenumber|party ?[ab]|msisdn)\b", re.IGNORECASE)
WRONG_SETTINGS = re.compile(r"merchant does not exist|wrong credentials", re.IGNORECASE)
BUSY_PHONE = re.compile(r"unable to lock subscriber", re.IGNORECASE)
AT_WORK = re.compile(r"(being|under) process", re.IGNORECASE)
STILL_WORKING_CODE = "4999"
DUPLICATE = re.compile(r"duplicate", re.IGNORECASE)
REGISTERED = re.compile(r"already registered", re.IGNORECASE)


class Said(NamedTuple):
    """A reply, read: its JSON object if it has one, and the gateway's error if it's one."""

    reply: Reply
    body: Body
    code: str
    words: str

    @property
    def is_accepted(self) -> bool:
        is_ok = self.reply.status_code is not None and 200 <= self.reply.status_code < 300
        return is_ok and wire.text(self.body.get("ResponseCode")) == "0"

    @property
    def refuses_token(self) -> bool:
        is_401 = self.reply.status_code == 401
        return is_401 or self.code in TOKEN_CODES or "invalid access token" in self.words.lower()

    def field(self, name: str) -> str:
        return wire.text(self.body.get(name))


def read(reply: Reply) -> Said:
    try:
        body = wire.read(reply.body) if reply.status_code else {}
    except ValueError:
        body = {}
    code = wire.text(body.get("errorCode"))
    words = wire.text(body.get("errorMessage")) or wire.text(body.get("ResponseDescription"))
    return Said(reply, body, code, words)


def without_token(words: str, *, is_refusal: bool) -> Said:
    """What takes the place of an answer to a request that was never sent."""
    reply = Reply(None, words.encode(), was_sent=False)
    return Said(reply, {}, NO_TOKEN if is_refusal else "", words)


def to_payment(said: Said, *, rail_id: str) -> Answer:
    """What an answer to a payment request means. `rail_id` is the field with Daraja's id."""
    if said.is_accepted:
        return Answer(Outcome.ACCEPTED, rail_id=said.field(rail_id))
    if not said.reply.was_sent and not said.code:
        return Answer(Outcome.NOT_TAKEN, code="connection", words=unread(said))
    if said.code == CORE and DUPLICATE.search(said.words):
        # Our first request with this id was taken; its answer was lost.
        return Answer(Outcome.ACCEPTED)
    if refused := refusal(said):
        return refused
    code, alarm = said.code, Alarm.NONE
    if response_code := said.field("ResponseCode"):
        code, alarm = response_code, Alarm.LOOK
    return Answer(Outcome.UNKNOWN, code=code, words=said.words or unread(said), alarm=alarm)


def refusal(said: Said) -> Answer | None:
    """The answer of a definite refusal: nothing was started. None for what leaves a doubt."""
    code, words = said.code, said.words
    if code == NO_TOKEN:
        return Answer(Outcome.NOT_TAKEN, code=code, words=words, alarm=Alarm.LOOK)
    if said.refuses_token or code in NOT_FOUND_CODES:
        return Answer(Outcome.NOT_TAKEN, code=code, words=words, alarm=Alarm.STOP)
    if code in (BUSY, QUOTA):
        alarm = Alarm.LOOK if code == QUOTA else Alarm.NONE
        return Answer(Outcome.NOT_TAKEN, code=code, words=words, alarm=alarm)
    if code == BAD_FIELD and MEMBER_FIELDS.search(words):
        return Answer(Outcome.REJECTED, code=results.PHONE, words=words)
    if code in BAD_PAYLOAD_CODES or code == BAD_FIELD:
        return Answer(Outcome.REJECTED, code=results.FIELD, words=words, alarm=Alarm.STOP)
    if code == MERCHANT and WRONG_SETTINGS.search(words):
        return Answer(Outcome.REJECTED, code=results.SETTINGS, words=words, alarm=Alarm.STOP)
    if code == MERCHANT and BUSY_PHONE.search(words):
        return Answer(Outcome.REJECTED, code=results.BUSY_PHONE, words=words)
    return None


def to_question(said: Said) -> Answer:
    """What an answer to a question means that Daraja answers by callback: PENDING, or UNKNOWN."""
    if said.is_accepted:
        return Answer(Outcome.PENDING, lookup_id=said.field("ConversationID"))
    return unanswered(said)


def to_stk_query(said: Said, rail_id: str) -> Answer:
    """What became of an STK push.

    Daraja: this answer has no receipt, so success is PENDING with the code 0, until the receipt
    comes by another way. While the prompt is open the answer is an error with a message.
    """
    code, words = said.field("ResultCode"), said.field("ResultDesc")
    if AT_WORK.search(words or said.words) or code == STILL_WORKING_CODE:
        return Answer(Outcome.PENDING, rail_id=rail_id, words=words or said.words)
    if not said.is_accepted or not code:
        return unanswered(said)
    if code == results.SUCCESS:
        return Answer(Outcome.PENDING, rail_id=rail_id, code=code, words=words)
    if code not in results.DEPOSITS:
        return Answer(Outcome.UNKNOWN, rail_id=rail_id, code=code, words=words, alarm=Alarm.LOOK)
    return results.failure(code, words, Kind.DEPOSIT, rail_id=rail_id)


def to_registration(said: Said) -> Answer:
    """Of the addresses for payments that members start. SUCCEEDED has no receipt: no money moves.

    Daraja: a second registration in production is an error with a message.
    """
    if said.is_accepted or REGISTERED.search(said.words):
        return Answer(Outcome.SUCCEEDED, words=said.words)
    return unanswered(said)


def unanswered(said: Said) -> Answer:
    """A question that wasn't answered says nothing about the payment."""
    refused = refusal(said)
    alarm = refused.alarm if refused else Alarm.NONE
    return Answer(Outcome.UNKNOWN, code=said.code, words=said.words or unread(said), alarm=alarm)


def unread(said: Said) -> str:
    """What staff see of an answer that can't be read: never its body."""
    status_code, body = said.reply.status_code, said.reply.body
    if status_code is None:
        return wire.text(body.decode(errors="replace"))
    return f"HTTP {status_code}, {len(body)} bytes that can't be read"
