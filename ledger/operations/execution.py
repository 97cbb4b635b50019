"""Carry out orders: one by itself, or a batch in one database transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from itertools import count

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q
from django.utils import timezone

from ledger.errors import AlreadyReversed, AmountRefused, KeyReused, RestClaimed
from ledger.models import Attempt, Claim, Transaction
from ledger.operations import rules, statements
from ledger.operations.approvals import Check, check_by_people
from ledger.operations.most import name_most
from ledger.operations.orders import Order, PlacedOrder
from ledger.operations.rules import Holding
from ledger.operations.statements import Facts, Hold
from ledger.querysets import nairobi_day
from ledger.references import new_reference
from wallet import metrics
from wallet.db import pipeline
from wallet.db.preconditions import Unmet
from wallet.db.retries import ATTEMPTS, durable, is_lock_timeout, is_retryable, pause
from wallet.db.waits import OTHER, PROBE_AFTER_S, SQLITE, WAITS, Name, Wait
from wallet.errors import Busy, OutcomeUnknown, Refusal

logger = logging.getLogger(__name__)

HAS_ROW_LOCKS = connection.features.has_select_for_update

# The result of an order. After OutcomeUnknown it may have moved money; after the others it hasn't.
type Outcome = Transaction | Refusal | Unmet | OutcomeUnknown


def names_to_lock(placed: PlacedOrder) -> Collection[Name]:
    """The locks this order takes: its accounts, or SQLite's single write lock."""
    return placed.order.account_ids if HAS_ROW_LOCKS else (SQLITE,)


def run_alone(placed: PlacedOrder, wait: Wait) -> Transaction:
    """Carry out one order in its own transaction. Waits for accounts that others hold.

    After a lock timeout, a deadlock or a lost race for the key, it retries with fresh reads.
    Raises Busy when `wait` runs out, or when too many threads already wait for a blocked account.
    """
    WAITS.keep_waiting(wait, WAITS.known_blocked(wait.names))
    for attempt in count(1):
        if wait.left_s <= 0:
            break
        wait.attempt_at = time.monotonic()
        try:
            with durable(lock_timeout_s=wait.lock_timeout_s, deadline=wait.answer_by):
                return carry_out(placed)
        except (DatabaseError, InterfaceError) as error:
            if not is_retryable(error):
                raise
            if is_lock_timeout(error):
                metrics.LOCK_WAITS.inc()
                metrics.LOCK_WAIT_SECONDS.inc(time.monotonic() - wait.attempt_at)
                WAITS.keep_waiting(wait, wait.still_held(find_blockers(placed)))
            else:
                pause(min(attempt, ATTEMPTS))
    raise Busy


def find_blockers(placed: PlacedOrder) -> Mapping[Name, object]:
    """The locks that block this order, each with its version. Call it after a lock timeout."""
    if not HAS_ROW_LOCKS:
        return {SQLITE: pipeline.open_connection().connection.version()}
    with durable(lock_timeout_s=PROBE_AFTER_S):
        return statements.locked_versions(placed.order.account_ids) or {OTHER: None}


def carry_out(placed: PlacedOrder) -> Transaction:
    """Lock, replay, check, write: in the open database transaction."""
    day = nairobi_day(placed.at)
    holdings, [facts] = statements.read([placed], day, Hold.WAIT)
    WAITS.mark_free(names_to_lock(placed))
    check_precondition(placed, facts)
    now = in_order(placed.at or timezone.now(), facts)
    if (today := nairobi_day(now)) != day:
        # The order waited past midnight, so it counts towards the new day's limit.
        facts = statements.read_facts(placed, today)
    if facts.earlier_id is not None:
        return replay(placed.order, facts.earlier_id)
    if placed.order.reverses_id is not None:
        refuse_second_reversal(placed.order.reverses_id)
    record = decide(placed, holdings, facts, now)
    statements.write([(placed, record)], holdings)
    return record


def run_batch(batch: Sequence[PlacedOrder], answer_by: float) -> dict[PlacedOrder, Outcome]:
    """Carry out orders in one database transaction. Returns the outcome of each.

    No two orders share an account, or a key of the same actor, so no order affects the checks of
    another. An order that would have to wait, or whose key already exists, is skipped: it isn't
    in the result and has moved nothing. If the whole batch fails, all of them are skipped. Run
    skipped orders alone.
    """
    outcomes: dict[PlacedOrder, Outcome] = {}
    # Lowest key first, like accounts: two batches that write the same keys can't deadlock.
    batch = sorted(batch, key=lambda placed: (placed.actor_id, placed.key or ""))
    try:
        with durable(lock_timeout_s=PROBE_AFTER_S, deadline=answer_by):
            outcomes = decide_each(batch)
    except OutcomeUnknown as error:
        for placed, outcome in outcomes.items():
            if isinstance(outcome, Transaction):
                outcomes[placed] = OutcomeUnknown(*error.args)
    except Exception as error:
        # Nothing was committed. Rerun each order alone, so only the faulty one sees the error.
        if not is_retryable(error):
            logger.warning("a batch failed; its orders run alone", exc_info=True)
        return {}
    return outcomes


def decide_each(batch: Sequence[PlacedOrder]) -> dict[PlacedOrder, Outcome]:
    """Read once for the batch, decide each order, write once for those that go through."""
    day = nairobi_day()
    holdings, facts_of_each = statements.read(batch, day, Hold.SKIP)
    WAITS.mark_free(list(holdings) if HAS_ROW_LOCKS else (SQLITE,))
    now = timezone.now()
    outcomes: dict[PlacedOrder, Outcome] = {}
    carried_out = []
    for placed, facts in zip(batch, facts_of_each, strict=True):
        at = in_order(now, facts)
        is_held = all(id in holdings for id in placed.order.account_ids)
        if not is_held or facts.earlier_id is not None or nairobi_day(at) != day:
            continue
        try:
            check_precondition(placed, facts)
            outcomes[placed] = record = decide(placed, holdings, facts, at)
        except (Refusal, Unmet) as refusal:
            outcomes[placed] = refusal
        else:
            carried_out.append((placed, record))
    if carried_out:
        statements.write(carried_out, holdings)
    return outcomes


def in_order(now: datetime, facts: Facts) -> datetime:
    """The time for an order's entries: now, but never in a closed day nor before the last entry.

    Two web machines' clocks may differ, and time must not run backwards along an account. An order
    that comes too late for a closed day is dated to the first open moment.
    """
    return max(now, facts.not_before) if facts.not_before else now


def check_precondition(placed: PlacedOrder, facts: Facts) -> None:
    if placed.precondition and facts.answer is not None:
        placed.precondition.check(facts.answer)


def decide(
    placed: PlacedOrder, holdings: Mapping[int, Holding], facts: Facts, now: datetime
) -> Transaction:
    """Check an order and build its transaction: PENDING if its rail answers later.

    Raises a Refusal.
    """
    order, rail = placed.order, placed.order.rail
    rules.check_fee(order, facts.fee_cents)
    try:
        rules.check(order, holdings, facts.sent_cents, facts.fee_cents, now)
    except AmountRefused as refusal:
        raise name_most(refusal, order, holdings, facts, now) from None
    check = check_by_people(order, holdings, facts.sent_cents, now)
    is_instant = order.is_instant and check is None
    record = Transaction(
        id=facts.next_id,
        reference=new_reference(),
        type=order.kind.code,
        rail=rail.code if rail else "",
        status=Transaction.Status.SUCCESS if is_instant else Transaction.Status.PENDING,
        amount_cents=order.amount_cents,
        fee_cents=facts.fee_cents,
        from_account_id=order.source_id,
        to_account_id=order.target_id,
        description=order.description,
        created_by_id=placed.actor_id,
        idempotency_key=placed.key,
        reverses_id=order.reverses_id,
        created_at=now,
        settled_at=now if is_instant else None,
    )
    record._state.adding = False
    if not is_instant:
        begin_attempt(record, holdings, check)
    return record


def begin_attempt(
    record: Transaction, holdings: Mapping[int, Holding], check: Check | None
) -> None:
    """Give a transaction that waits for its rail the attempt that is written with it."""
    [owner_id] = [id for id in (record.from_account_id, record.to_account_id) if id is not None]
    record.attempt = Attempt(
        transaction=record,
        is_payout=record.to_account_id is None,
        rail=record.rail,
        phone=holdings[owner_id].phone or "",
        state=Attempt.State.HELD if check else Attempt.State.READY,
        approvals_needed=check.approvals if check else 0,
        held_because=check.because.value if check else None,
        held_above_cents=check.above_cents if check else None,
        created_at=record.created_at,
        next_look_at=None if check else record.created_at,
    )


def refuse_second_reversal(transaction_id: int) -> None:
    """Call it with the accounts locked, so that two reversals can't both pass."""
    whole, part = Q(reverses=transaction_id), Q(part_of=transaction_id)
    reversal = Transaction.objects.filter(whole | part).order_by("pk").first()
    if reversal:
        raise AlreadyReversed(reference=reversal.reference)
    if claim := Claim.objects.open().filter(original=transaction_id).first():
        raise RestClaimed(reference=claim.original.reference)


def replay(order: Order, earlier_id: int) -> Transaction:
    """The transaction this key already made. Raises KeyReused if that was another order."""
    record = Transaction.objects.get(pk=earlier_id)
    if Order.of(record) != order:
        raise KeyReused(reference=record.reference)
    record.is_replay = True
    return record
