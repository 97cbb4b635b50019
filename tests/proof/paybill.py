"""Payments that members start at the paybill, for `prove_deposits`, and where each must end."""

from __future__ import annotations

from typing import NamedTuple

from tests.bench.workers import manage
from tests.proof.stack import Stack

LOWEST_SHILLINGS, AMOUNTS = 10, 290
# One payment in so many names an account number that no one has.
ASTRAY_EVERY = 20
NO_ONES = "NS100000"


class Came(NamedTuple):
    """What came in at the paybill, in cents, by where it is now. `words` are for the report."""

    credited_cents: int
    astray_cents: int
    words: str


class Paybill:
    """The members' phones. Each pays for its own account number, spelt in several ways."""

    def __init__(self, it: Stack, phones: list[str]) -> None:
        manage(it.url, "register_callbacks")
        # We never answer in time whether a payment may be made, so M-PESA takes all of them.
        it.simulator.control("organisation", {"validation_timeout_s": 0.001})
        self.it, self.phones, self.paid = it, phones, 0
        self.numbers = list(it.desk.get(do="members_numbers"))

    def pay(self, count: int) -> int:
        """Pay so many times, one member after another. The total in shillings."""
        total = 0
        for serial in range(self.paid, self.paid + count):
            place = serial % len(self.phones)
            shillings = LOWEST_SHILLINGS + serial * 7 % AMOUNTS
            account = spellings(self.numbers[place])[serial % 3]
            if serial % ASTRAY_EVERY == 0:
                account = NO_ONES
            payment = {"account": account, "amount": shillings}
            self.it.simulator.control(f"phones/{self.phones[place]}/pay", payment)
            total += shillings
        self.paid += count
        return total

    def check(self) -> Came:
        """Each payment that we were notified of is booked once: in the wallet that was named, or in
        suspense if none was. M-PESA notified us of each only as often as its faults let it."""
        lines = [line for line in self.it.simulator.book() if line["kind"] == "c2b"]
        assert len(lines) == self.paid, (len(lines), self.paid)
        arrivals = {one["receipt"]: one for one in self.it.desk.get(do="arrivals")}
        credited = astray = unheard = 0
        for line in lines:
            arrival, cents = arrivals.get(line["receipt"]), line["amount"] * 100
            if arrival is None:
                assert not self.it.desk.get(do="is_heard", receipt=line["receipt"]), line
                unheard += 1
                continue
            number = spellings(line["reference"])[0]
            owner = number if number in self.numbers else None
            assert (arrival["amount_cents"], arrival["owner"]) == (cents, owner), (line, arrival)
            credited += cents if owner else 0
            astray += 0 if owner else cents
        words = f"{len(lines)} payments at the paybill, {unheard} of them never notified"
        return Came(credited, astray, words)


def spellings(number: str) -> list[str]:
    plain = "".join(filter(str.isalnum, number)).upper()
    return [plain, f"{plain[:2].lower()} {plain[2:5]} {plain[5:]}", f"{plain[:2]}-{plain[2:]}"]
