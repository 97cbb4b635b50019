"""The phones, and what each does with a prompt. Only in memory; the caller holds the lock."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from nissmart.sandbox import results
from nissmart.sandbox.payments import Payment

PROMPT_LASTS_S = 60.0


class Act(StrEnum):
    PIN = "pin"
    CANCEL = "cancel"
    IGNORE = "ignore"
    WRONG_PIN = "wrong_pin"
    # Leave the prompt to a person on the phone page.
    ASK = "ask"


OUTCOMES = {
    Act.PIN: results.SUCCESS,
    Act.CANCEL: results.CANCELLED,
    Act.WRONG_PIN: results.BAD_INITIATOR,
}


@dataclass
class Phone:
    """`prompt` is the payment that waits for a PIN; `next_act` is the answer to the next prompt."""

    prompt: Payment | None = None
    is_ignored: bool = False
    next_act: Act | None = None


@dataclass
class Phones:
    default: Act = Act.ASK
    by_number: dict[str, Phone] = field(default_factory=dict)

    def get(self, number: str) -> Phone:
        return self.by_number.setdefault(number, Phone())

    def is_busy(self, number: str) -> bool:
        phone = self.by_number.get(number)
        return phone is not None and phone.prompt is not None

    def show(self, payment: Payment) -> None:
        phone = self.get(payment.phone)
        phone.prompt, phone.is_ignored = payment, False

    def close(self, payment: Payment) -> None:
        phone = self.get(payment.phone)
        if phone.prompt is payment:
            phone.prompt, phone.is_ignored = None, False

    def next_act(self, number: str) -> Act:
        """What this phone does with its new prompt. An act that was set counts once."""
        phone = self.get(number)
        act, phone.next_act = phone.next_act, None
        return act or self.default

    def waiting(self) -> list[Payment]:
        return [phone.prompt for phone in self.by_number.values() if phone.prompt]
