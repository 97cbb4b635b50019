"""The simulated rail: every payment succeeds in the moment it is ordered, and no money moves."""

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
        _("The money the house holds at the rail: deposits come in here, payouts leave from here."),
    )

    is_simulated = True
    needs_phone = False
    site_note = _("Test mode: deposits and withdrawals run on a simulated rail.")
    ribbon = _("Test mode: simulated rail.")
    receipt_note = _("By the simulated rail, which pays out no real money.")
    payout_note = _("By the simulated rail: your wallet is debited, and no real money arrives.")
    no_phone_note = _(
        "There is no phone on your profile. On the simulated rail your wallet is debited all the "
        "same, and no real money arrives anywhere."
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
        """It sends none."""
        return None


def succeeded(reference: str) -> Answer:
    return Answer(Outcome.SUCCEEDED, receipt=f"SIM-{reference}")


SIMULATED = Simulated()
