"""The simulated rail: payments succeed instantly, and no real money moves.

Three amounts behave otherwise, so that anyone can see each state.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.rails import recording
from ledger.rails.rail import Answer, Callback, Instruction, Lookup, Outcome, Rail
from ledger.rails.recording import Event
from wallet.house import HouseAccount

# The amounts, and how many seconds after it was sent such a payment ends.
FAILS, IS_SLOW, STAYS_UNKNOWN = 4_001_00, 4_002_00, 4_003_00
ENDS_AFTER_S = {FAILS: 2, IS_SLOW: 10}
FAILURE_CODE = "simulated"


class Simulated(Rail):
    code = "simulated"
    label = _("Simulated rail")
    float_account = HouseAccount(
        -1,
        "simulated_float",
        _("Float at the simulated rail"),
        _("The money we hold at the rail. Deposits arrive here, and payouts leave from here."),
    )

    is_simulated = True
    needs_phone = False
    site_note = _("Test mode: deposits and withdrawals are simulated.")
    ribbon = _("Test mode.")
    receipt_note = _("Test mode: no real money is paid out.")
    payout_note = _("Test mode: your wallet is debited, but no real money arrives.")
    no_phone_note = _(
        "There is no phone number on your profile. In test mode your wallet is debited anyway, "
        "but no real money arrives."
    )

    # What was sent is in the rail's id for it, so sending it again changes nothing.
    pays_a_reference_once = True

    @property
    def name(self) -> str | Promise:
        """It stands in for M-PESA. Pages say beside it that no real money moves."""
        return _("M-PESA")

    def explain(self, code: str, *, is_payout: bool) -> str | Promise:
        return _("In test mode this amount always fails.") if code == FAILURE_CODE else ""

    def answers_instantly(self, amount_cents: int) -> bool:
        return amount_cents not in (FAILS, IS_SLOW, STAYS_UNKNOWN)

    def collect(self, instruction: Instruction) -> Answer:
        return self.pay(instruction)

    def disburse(self, instruction: Instruction) -> Answer:
        return self.pay(instruction)

    def pay(self, instruction: Instruction) -> Answer:
        reference, cents = instruction.reference, instruction.amount_cents
        recording.record(Event("payment-request", f"{cents} cents", reference))
        answer = succeeded(reference)
        if not self.answers_instantly(cents):
            is_unknown = cents == STAYS_UNKNOWN
            outcome = Outcome.UNKNOWN if is_unknown else Outcome.ACCEPTED
            answer = Answer(outcome, rail_id=rail_id(cents, time.time()))
        return said("payment", reference, answer)

    def query(self, lookup: Lookup) -> Answer:
        recording.record(Event("status-request", "", lookup.reference))
        return said("status", lookup.reference, self.find(lookup))

    def find(self, lookup: Lookup) -> Answer:
        """What became of a payment: its amount and the time it was sent are in its id."""
        if not lookup.rail_id:
            return Answer(Outcome.NOT_TAKEN)
        _name, cents, sent_at = lookup.rail_id.split("-")
        ends_after_s = ENDS_AFTER_S.get(int(cents))
        if ends_after_s is None:
            return Answer(Outcome.UNKNOWN)
        if time.time() < float(sent_at) + ends_after_s:
            return Answer(Outcome.PENDING)
        if int(cents) == FAILS:
            return Answer(Outcome.FAILED, code=FAILURE_CODE, words="This amount always fails.")
        return succeeded(lookup.reference)

    def look_after_s(self) -> Sequence[int]:
        return (2, 5, 10, 12, 20, 60, 300, 1800)

    def parse_callback(self, kind: str, body: bytes) -> Callback | None:
        """This rail sends no messages."""
        return None


def rail_id(amount_cents: int, sent_at: float) -> str:
    """Our id of a payment, from which `find` reads what becomes of it. `sent_at` is in seconds."""
    return f"SIM-{amount_cents}-{sent_at:.3f}"


def succeeded(reference: str) -> Answer:
    return Answer(Outcome.SUCCEEDED, receipt=f"SIM-{reference}")


def said(kind: str, reference: str, answer: Answer) -> Answer:
    recording.record(Event(f"{kind}-answer", answer.outcome, reference, 200))
    return answer


SIMULATED = Simulated()
