"""The simulated rail: every payment succeeds instantly, and no real money moves."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ledger.rails.rail import Answer, Callback, Instruction, Lookup, Outcome, Rail
from wallet.house import HouseAccount


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
    site_note = _("Test mode: deposits and withdrawals are simulated.")
    ribbon = _("Test mode.")
    receipt_note = _("Test mode: no real money is paid out.")
    payout_note = _("Test mode: your wallet is debited, but no real money arrives.")
    no_phone_note = _(
        "There is no phone number on your profile. In test mode your wallet is debited anyway, "
        "but no real money arrives."
    )

    def answers_instantly(self, amount_cents: int) -> bool:
        return True

    def collect(self, instruction: Instruction) -> Answer:
        return succeeded(instruction.reference)

    def disburse(self, instruction: Instruction) -> Answer:
        return succeeded(instruction.reference)

    def query(self, lookup: Lookup) -> Answer:
        return succeeded(lookup.reference)

    def parse_callback(self, kind: str, body: bytes) -> Callback | None:
        """This rail sends no messages."""
        return None


def succeeded(reference: str) -> Answer:
    return Answer(Outcome.SUCCEEDED, receipt=f"SIM-{reference}")


SIMULATED = Simulated()
