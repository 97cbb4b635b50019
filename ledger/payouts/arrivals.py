"""Find out whose money came in, and book it: a deposit that was asked for, a wallet, or suspense.

A payment that its payer started has only what they typed: never their phone number, which the rail
hides. A deposit that we asked for is reported this way too, under the reference that we gave it.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from ledger import operations, rails
from ledger.errors import SettledOtherwise
from ledger.kinds import STRAY_IN
from ledger.models import Arrival, Attempt, RailEvent, Transaction
from ledger.models.arrivals import NUMBER_LENGTH
from ledger.models.rail_events import Finding
from ledger.operations import Paid
from ledger.payment_errors import NeverSent, ReceiptTaken
from ledger.payouts import alarms, outcomes, receipts
from ledger.rails import Callback, Outcome, Rail
from wallet import account_numbers, names
from wallet.models import Account
from wallet.models.people import stopped
from wallet.text import clean_paste

# How long a message waits for the one that says which payment it is about.
MATCHED_WITHIN = timedelta(minutes=5)
# A rail may give the beginning of our reference only.
OURS = re.compile(r"NSP([0-9A-Z]{8,16})", re.ASCII)


class Booked(NamedTuple):
    """What a payment turned out to be. None while it may still find its owner."""

    finding: Finding | None
    attempt: Attempt | None = None


def take_in(event: RailEvent, callback: Callback) -> Booked:
    """Book a payment that a message reports, once, or keep it until its rail confirms it.

    Of a payment that is only asked about, say whether it may be made. Raises Busy.
    """
    rail, receipt = rails.of(event.rail), callback.answer.receipt
    number = "".join(filter(str.isprintable, callback.account_number))[:NUMBER_LENGTH]
    assert callback.amount_cents is not None
    if is_anothers(rail, callback):
        return Booked(Finding.UNMATCHED)
    if callback.answer.outcome != Outcome.SUCCEEDED:
        return Booked(Finding.NOT_OURS if is_payable(rail, callback) else Finding.REFUSED)
    attempt = attempt_of(rail.code, number)
    paid = Paid(
        rail.code,
        receipt,
        callback.amount_cents,
        number,
        names.short_name(callback.payer)[:80],
        callback.paid_at,
        event.pk,
        attempt.pk if attempt else None,
    )
    known = receipts.arrival_of(rail.code, receipt)
    if receipts.has_to_be_confirmed(rail, receipt, paid.amount_cents, known):
        operations.expect(paid)
        return Booked(Finding.CONFIRMING, attempt)
    if known:
        # What the rail confirmed counts, until it is booked.
        first = paid_of(known) if known.transaction_id is None else paid
        return book(first, known.attempt, event.at)
    return book(paid, attempt, event.at)


def is_payable(rail: Rail, callback: Callback) -> bool:
    """May this payment be made, that its rail asks us about? By its account number alone."""
    if attempt_of(rail.code, callback.account_number):
        return True
    # No one could use what a closed wallet holds.
    return wallet_of(callback.account_number, user__is_active=True) is not None


def hear(arrival: Arrival, callback: Callback, at: datetime) -> Booked:
    """Take in the rail's answer about an arrival that waits for one. `at` is when it came.

    Without the amount it confirms nothing: the one we know is the message's claim. Nor does it if
    someone else got the money.
    """
    answer, cents = callback.answer, callback.amount_cents
    alarms.raise_alarm(arrival.rail, arrival.attempt, answer)
    if arrival.transaction_id is not None:
        return Booked(Finding.DUPLICATE, arrival.attempt)
    is_other = answer.receipt not in ("", arrival.receipt) or went_out(arrival.rail, callback)
    is_other = is_other or is_anothers(rails.of(arrival.rail), callback)
    if answer.outcome != Outcome.SUCCEEDED or is_other or cents is None:
        return Booked(Finding.NO_NEWS, arrival.attempt)
    is_same = cents == arrival.amount_cents or arrival.confirmed_at is not None
    arrival = operations.confirm(arrival, cents)
    paid = paid_of(arrival)
    if not is_same and arrival.attempt is None:
        # The message and the rail itself disagree, so people decide.
        return Booked(hold(paid, None, Finding.WRONG_AMOUNT), arrival.attempt)
    return book(paid, arrival.attempt, at)


def is_anothers(rail: Rail, callback: Callback) -> bool:
    """Did someone else get the money, by what the message says? Not all say it."""
    return bool(callback.paybill and rail.paybill and callback.paybill != rail.paybill)


def went_out(rail_code: str, callback: Callback) -> bool:
    """Is it about a payout of ours? Its receipt is known to the payee before we hear of it."""
    named = Attempt.objects.filter(rail=rail_code, reference=callback.reference)
    return named.filter(is_payout=True).exists()


def paid_of(arrival: Arrival) -> Paid:
    return Paid(*(getattr(arrival, name) for name in Paid._fields))


# --- Whose it is


def book(paid: Paid, attempt: Attempt | None, at: datetime) -> Booked:
    """`attempt` is the deposit that it says it pays. `at` is when we heard of it.

    Nothing comes in under the receipt of a payout. One that ends in the meantime is for people.
    """
    payout = receipts.payout_with(paid.rail, paid.receipt)
    booked = None if payout else book_once(paid, attempt, at)
    if booked and booked.finding:
        payout = receipts.payout_with(paid.rail, paid.receipt)
    if payout:
        return Booked(Finding.RECEIPT_TAKEN, payout)
    assert booked
    return booked


def book_once(paid: Paid, attempt: Attempt | None, at: datetime) -> Booked:
    if booked := booked_amount(paid):
        # Another amount than the first time is for people.
        is_same = booked == paid.amount_cents
        return Booked(Finding.DUPLICATE if is_same else Finding.WRONG_AMOUNT, attempt)
    if attempt:
        return Booked(book_for(attempt, paid), attempt)
    if account_id := wallet_of(paid.account_number):
        try:
            made = operations.credit(paid, account_id=account_id)
        except ReceiptTaken:
            taken = Attempt.objects.filter(rail=paid.rail, receipt=paid.receipt).first()
            return Booked(Finding.RECEIPT_TAKEN, taken)
        return Booked(Finding.DUPLICATE if made.is_replay else Finding.APPLIED)
    if may_be_ours(paid.account_number) and timezone.now() - at < MATCHED_WITHIN:
        return Booked(None)
    return Booked(hold(paid, None, Finding.UNMATCHED))


def booked_amount(paid: Paid) -> int | None:
    """What was booked under this receipt before, in cents. None if nothing was."""
    came = Arrival.objects.filter(rail=paid.rail, receipt=paid.receipt)
    booked = came.filter(transaction__isnull=False)
    return booked.values_list("amount_cents", flat=True).first()


def wallet_of(typed: str, **conditions: object) -> int | None:
    """The id of the wallet whose account number this is, if there is one that fits.

    Not one whose owner has proved no contact: it may not receive money.
    """
    if (account_id := account_numbers.parse(typed)) is None:
        return None
    wallets = Account.objects.filter(pk=account_id, kind=Account.Kind.WALLET, **conditions)
    return wallets.exclude(stopped("user__")).values_list("pk", flat=True).first()


def may_be_ours(typed: str) -> bool:
    """May this be the beginning of our reference for a deposit, or have been lost on the way?"""
    return not typed or bool(OURS.match(plain(typed)))


def attempt_of(rail_code: str, typed: str) -> Attempt | None:
    """The deposit that was asked for under this reference, or under one that begins so."""
    if not (named := OURS.fullmatch(plain(typed))):
        return None
    start = f"NSP-{named[1]}"
    begins = Q(reference__startswith=start)
    if connection.vendor == "sqlite":
        # Its LIKE uses no index.
        begins = Q(reference__gte=start, reference__lte=f"{start}~")
    found = Attempt.objects.filter(begins, rail=rail_code, is_payout=False)
    attempts = list(found.select_related("transaction")[:2])
    return attempts[0] if len(attempts) == 1 else None


def plain(typed: str) -> str:
    return "".join(filter(str.isalnum, clean_paste(typed))).upper()


# --- A deposit that was asked for


def book_for(attempt: Attempt, paid: Paid) -> Finding:
    """Settle the deposit, if this is the payment that it waits for. All besides is a stray."""
    record = attempt.transaction
    if paid.amount_cents != record.amount_cents:
        outcomes.end_with_other_amount(attempt)
        return hold(paid, record, Finding.WRONG_AMOUNT)
    try:
        ended = operations.settle(
            transaction_id=record.pk, receipt=paid.receipt, may_be_forged=True
        )
    except NeverSent:
        return hold(paid, record, Finding.NEVER_SENT)
    except ReceiptTaken:
        return Finding.DUPLICATE
    except SettledOtherwise:
        return hold(paid, record, Finding.LATE_SUCCESS)
    if not ended.is_replay:
        return Finding.APPLIED
    return hold(paid, record, Finding.OTHER_RECEIPT)


def hold(paid: Paid, record: Transaction | None, finding: Finding) -> Finding:
    """Put it into suspense, once for each receipt."""
    made = operations.hold_in_suspense(
        STRAY_IN,
        paid=paid,
        actor_id=record.created_by_id if record else None,
        key=f"stray {paid.rail} {paid.receipt}",
        description=f"Stray payment of {record.reference}" if record else "",
        may_be_forged=True,
    )
    return Finding.DUPLICATE if made.is_replay else finding
