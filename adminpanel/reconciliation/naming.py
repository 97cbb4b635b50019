"""The names by which lines and entries find each other: the rail's receipt, and our reference."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from adminpanel.models import Correction, StatementLine
from ledger import kinds
from ledger.models import Arrival, Attempt, Entry, Transaction
from ledger.payouts.arrivals import attempt_of
from ledger.references import PATTERN, REFERENCE

# `NSP-...` is our name of a payment at its rail, `NS-...` the transaction. A rail may drop hyphens.
OURS = re.compile(rf"NSP-?[0-9A-Z]{{8,16}}|{PATTERN}", re.ASCII)
STRAY_RECEIPT = re.compile(r", receipt (\S{1,64})$")
RECEIPT = re.compile(r"\b[A-Z0-9]{8,12}\b", re.ASCII)
CHARGE = re.compile(r"\b(charges?|fees?|tariff)\b", re.I)

type Names = tuple[str, str]


def is_charge(line: StatementLine) -> bool:
    """Does the rail take money for its services with this line?

    A reason in words decides alone: the details of a payout may be a member's "school fees". A
    bank's reason is a code, or missing.
    """
    words = line.kind if " " in line.kind else f"{line.kind} {line.details}"
    return line.amount_cents < 0 and bool(CHARGE.search(words))


def names_of(entries: Sequence[Entry]) -> dict[int, Names]:
    """(receipt, our reference) of each entry by its transaction's id. A few queries for all.

    A charge has those of its payout, and a correction the receipt that its evidence names.
    """
    records = {entry.transaction_id: entry.transaction for entry in entries}
    payouts = payouts_of_charges(records.values())
    wanted = {payouts.get(pk, pk) for pk in records}
    attempts = {one.transaction_id: one for one in Attempt.objects.filter(transaction__in=wanted)}
    arrivals = dict(
        Arrival.objects.filter(transaction__in=wanted).values_list("transaction", "receipt")
    )
    evidence = dict(Correction.objects.filter(posted__in=wanted).values_list("posted", "evidence"))
    found = {}
    for pk, record in records.items():
        named = payouts.get(pk, pk)
        attempt = attempts.get(named)
        receipt = (attempt and attempt.receipt) or arrivals.get(named) or ""
        receipt = receipt or receipt_in(record, evidence.get(pk, ""))
        found[pk] = (receipt[:64], attempt.reference if attempt else record.reference)
    return found


def receipt_in(record: Transaction, evidence: str) -> str:
    """The receipt in the words of a stray payment or of a correction."""
    if stray := STRAY_RECEIPT.search(record.description):
        return stray[1]
    words = RECEIPT.findall(evidence)
    found = {word for word in words if not (word.isdigit() or word.isalpha())}
    return found.pop() if len(found) == 1 else ""


def payouts_of_charges(records: Iterable[Transaction]) -> dict[int, int]:
    """The payout of each charge, by the ids of both."""
    named = {
        (record.idempotency_key or "").removeprefix("charge "): record.pk
        for record in records
        if record.type == kinds.CHARGE.code
    }
    found = Transaction.objects.by_reference(*named).values_list("reference", "pk")
    return {named[reference]: pk for reference, pk in found}


def reference_in(line: StatementLine, rail: str) -> str:
    """Our reference in the text of a line, as `names_of` writes it. Empty if there is none."""
    for text in OURS.findall(f"{line.account_number} {line.details}".upper()):
        if REFERENCE.fullmatch(text):
            attempt = Attempt.objects.filter(transaction__reference=text).first()
            return attempt.reference if attempt else text
        exact = Attempt.objects.filter(reference=text, rail=rail).first()
        if attempt := exact or attempt_of(rail, text):
            return attempt.reference
    return ""
