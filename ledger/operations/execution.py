"""Orders become transactions: one alone, or several that came at the same time together."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.utils import timezone

from ledger.errors import AlreadyReversed, KeyReused
from ledger.models import Transaction
from ledger.operations import rules, statements
from ledger.operations.orders import Order, Placed
from ledger.operations.rules import Holding
from ledger.operations.statements import Facts, Hold
from ledger.querysets import NAIROBI
from ledger.references import new_reference
from wallet.db.pipeline import Unmet
from wallet.db.retries import committed, durable
from wallet.errors import OutcomeUnknown, Refusal

logger = logging.getLogger(__name__)

# What has become of an order. An OutcomeUnknown is the only error after which it may have moved.
type Outcome = Transaction | Refusal | Unmet | OutcomeUnknown


@committed
def alone(placed: Placed) -> Transaction:
    """Carry out one order in a transaction of its own, waiting for accounts that others hold."""
    day = nairobi_day(placed.at)
    holdings, [facts] = statements.read([placed], day, Hold.WAIT)
    check_condition(placed, facts)
    # Taken after the lock, so that an account's lines follow one another in time too.
    now = placed.at or timezone.now()
    if (today := nairobi_day(now)) != day:
        # The order waited over midnight, so it is of the new day.
        facts = statements.read_facts(placed, today)
    if facts.earlier_id is not None:
        return replay(placed.order, facts.earlier_id)
    if placed.order.reverses_id is not None:
        refuse_second_reversal(placed.order.reverses_id)
    record = decide(placed, holdings, facts, now)
    statements.write([(placed, record)], holdings)
    return record


def together(batch: Sequence[Placed]) -> dict[Placed, Outcome]:
    """Carry out orders in one transaction, and tell what has become of each.

    No two of them name the same account or the same key of one actor, so none changes what
    another one is judged by. An order that would have to wait, or whose key is known already, is
    not in the answer and has not moved; when the transaction fails, none has: they are to go alone.
    """
    outcomes: dict[Placed, Outcome] = {}
    # As accounts are: two batches that write the same keys would else wait for each other.
    batch = sorted(batch, key=lambda placed: (placed.actor_id, placed.key or ""))
    try:
        with durable():
            outcomes = decide_each(batch)
    except OutcomeUnknown as error:
        for placed, outcome in outcomes.items():
            if isinstance(outcome, Transaction):
                outcomes[placed] = OutcomeUnknown(*error.args)
    except Exception:
        # Nothing has moved. Whose order it was meets it again alone, and nobody else does.
        logger.warning("orders that came together go alone", exc_info=True)
        return {}
    return outcomes


def decide_each(batch: Sequence[Placed]) -> dict[Placed, Outcome]:
    """Read for all, decide one by one, write for all that are carried out."""
    day = nairobi_day()
    holdings, facts_of_each = statements.read(batch, day, Hold.SKIP)
    now = timezone.now()
    outcomes: dict[Placed, Outcome] = {}
    carried_out = []
    for placed, facts in zip(batch, facts_of_each, strict=True):
        is_held = all(id in holdings for id in placed.order.account_ids)
        if not is_held or facts.earlier_id is not None or nairobi_day(now) != day:
            continue
        try:
            check_condition(placed, facts)
            outcomes[placed] = record = decide(placed, holdings, facts, now)
        except (Refusal, Unmet) as refusal:
            outcomes[placed] = refusal
        else:
            carried_out.append((placed, record))
    if carried_out:
        statements.write(carried_out, holdings)
    return outcomes


def check_condition(placed: Placed, facts: Facts) -> None:
    if placed.condition and facts.answer is not None:
        placed.condition.check(facts.answer)


def decide(
    placed: Placed, holdings: Mapping[int, Holding], facts: Facts, now: datetime
) -> Transaction:
    """The transaction of an order that the simulated rail carries out at once. Raises the
    Refusal that refuses it."""
    order = placed.order
    rules.check(order, holdings, facts.sent_cents)
    record = Transaction(
        id=facts.next_id,
        reference=new_reference(),
        type=order.type,
        status=Transaction.Status.SUCCESS,
        amount_cents=order.amount_cents,
        from_account_id=order.source_id,
        to_account_id=order.target_id,
        description=order.description,
        created_by_id=placed.actor_id,
        idempotency_key=placed.key,
        reverses_id=order.reverses_id,
        created_at=now,
        settled_at=now,
    )
    record._state.adding = False
    return record


def refuse_second_reversal(transaction_id: int) -> None:
    """Asked under the lock of its accounts, so that two at once can't both see none."""
    reversal = Transaction.objects.filter(reverses=transaction_id).first()
    if reversal:
        raise AlreadyReversed(reference=reversal.reference)


def replay(order: Order, earlier_id: int) -> Transaction:
    """The transaction that this key made, if it was the same order."""
    record = Transaction.objects.get(pk=earlier_id)
    if Order.of(record) != order:
        raise KeyReused(reference=record.reference)
    record.is_replay = True
    return record


def nairobi_day(at: datetime | None = None) -> date:
    return timezone.localdate(at, NAIROBI)
