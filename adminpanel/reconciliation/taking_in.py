"""Take in statement lines and entries of floats as movements, and match them. The worker does this.

Entries of an account are taken in from the beginning of its first imported statement. Each batch is
one transaction, so a worker that dies leaves whole batches behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Sum

from adminpanel.models import Cutoff, Movement, ReconciledAccount, Statement, StatementLine
from adminpanel.models.matches import Place, Rule
from adminpanel.reconciliation import naming, suggesting
from adminpanel.reconciliation.matching import match_by
from adminpanel.reconciliation.our_balance import balance_before
from ledger.models import Entry
from wallet.db.retries import committed
from wallet.errors import Busy

# Small, since on SQLite payments wait for the commit.
BATCH = 500
# Clocks of web machines differ, and a commit may come after one with a later time.
LATE_AT_MOST = timedelta(minutes=10)


def take_in_due() -> int:
    """Take in new entries, then new statements. Returns how many movements that made."""
    count = 0
    imported = Statement.objects.filter(state=Statement.State.IMPORTED, cutoff__isnull=True)
    # A statement that is imported meanwhile waits for the next turn, since it hasn't begun.
    fresh = list(imported.order_by("pk"))
    try:
        for statement in fresh:
            begin(statement)
        for account_id in ReconciledAccount.objects.values_list("pk", flat=True):
            while taken := take_entries(account_id):
                count += taken
        for statement in fresh:
            count += take_lines(statement)
            write_cutoffs(statement)
    except Busy:
        # The next turn goes on where this one stopped.
        return count
    return count


@committed
def begin(statement: Statement) -> None:
    """Make sure the account's entries are taken in from the beginning of this statement."""
    lines = statement.lines.order_by("at").values_list("at", flat=True)
    since = min(filter(None, (statement.first_at, lines.first())), default=statement.created_at)
    known, is_new = ReconciledAccount.objects.select_for_update().get_or_create(
        account_id=statement.account_id, defaults={"since": since, "taken_through": since}
    )
    if not is_new and since < known.since:
        known.since = known.taken_through = since
        known.save(update_fields=["since", "taken_through"])


@committed
def take_entries(account_id: int) -> int:
    """Take in the next batch of entries, and match them. Returns how many."""
    known = ReconciledAccount.objects.select_for_update().get(pk=account_id)
    since = max(known.since, known.taken_through - LATE_AT_MOST)
    fresh = Entry.objects.filter(
        account=account_id,
        balance_after_cents__isnull=True,
        created_at__gte=since,
        movement__isnull=True,
    )
    entries = list(fresh.select_related("transaction").order_by("created_at", "pk")[:BATCH])
    if not entries:
        return 0
    names = naming.names_of(entries)
    Movement.objects.bulk_create(
        Movement(
            account_id=account_id,
            entry=entry,
            transaction_id=entry.transaction_id,
            at=entry.created_at,
            # Money that came in at the rail is below zero in our float account.
            amount_cents=-entry.amount_cents,
            receipt=names[entry.transaction_id][0],
            reference=names[entry.transaction_id][1],
            place=Place.OURS,
        )
        for entry in entries
    )
    match_by(account_id, "receipt", {receipt for receipt, _name in names.values()}, Rule.RECEIPT)
    match_by(account_id, "reference", {name for _receipt, name in names.values()}, Rule.REFERENCE)
    suggesting.for_amounts(account_id, {-entry.amount_cents for entry in entries})
    known.taken_through = max(known.taken_through, entries[-1].created_at)
    known.save(update_fields=["taken_through"])
    return len(entries)


def take_lines(statement: Statement) -> int:
    """Take in all lines of a statement that count."""
    count, last_id = 0, 0
    while lines := take_some_lines(statement, last_id):
        count, last_id = count + len(lines), lines[-1].pk
    return count


@committed
def take_some_lines(statement: Statement, after_id: int) -> Sequence[StatementLine]:
    """Take in the next batch of lines, and match them. Lines that are movements already are
    skipped. Returns the whole batch."""
    account_id = statement.account_id
    ReconciledAccount.objects.select_for_update().get(pk=account_id)
    lines = statement.lines.filter(counts=True, pk__gt=after_id).order_by("pk")
    batch = list(lines.select_related("movement")[:BATCH])
    fresh = [line for line in batch if not hasattr(line, "movement")]
    made = Movement.objects.bulk_create(
        Movement(
            account_id=account_id,
            line=line,
            at=line.at,
            amount_cents=line.amount_cents,
            receipt=line.receipt,
            place=Place.CHARGE if naming.is_charge(line) else Place.THEIRS,
        )
        for line in fresh
    )
    match_by(account_id, "receipt", {line.receipt for line in fresh}, Rule.RECEIPT)
    match_by_reference(statement, [one.pk for one in made])
    suggesting.for_movements(account_id, [one.pk for one in made])
    return batch


def match_by_reference(statement: Statement, ids: Sequence[int]) -> None:
    """Match the lines that no receipt matched, by our reference in their text."""
    left = Movement.objects.filter(pk__in=ids, match__isnull=True).select_related("line")
    names = set()
    for movement in left.exclude(place=Place.DUPLICATE):
        assert movement.line
        if name := naming.reference_in(movement.line, statement.rail):
            Movement.objects.filter(pk=movement.pk).update(reference=name)
            names.add(name)
    match_by(statement.account_id, "reference", names, Rule.REFERENCE)


@committed
def write_cutoffs(taken: Statement) -> None:
    """Write the gap at the end of this statement, whose lines are all taken in, and of those
    before it. Lines never change, so a gap only changes with another statement.

    A cutoff says that its statement is done. One whose lines still wait doesn't get one here.
    """
    account_id = taken.account_id
    known = ReconciledAccount.objects.select_for_update().get(pk=account_id)
    statements = Statement.objects.filter(account=account_id, state=Statement.State.IMPORTED)
    done = set(statements.filter(cutoff__isnull=False).values_list("pk", flat=True)) | {taken.pk}
    dated = [(last_of(one), one) for one in statements.exclude(last_at=None)]
    dated.sort(key=lambda pair: (pair[0], pair[1].pk))
    first = min(dated, key=lambda pair: (pair[1].first_at or pair[0], pair[1].pk), default=None)
    if first is None:
        return
    ours_cents = balance_before(account_id, known.since)
    opening_cents = first[1].opening_cents
    if opening_cents is None:
        opening_cents = ours_cents
    known.before_cents = opening_cents - ours_cents
    known.save(update_fields=["before_cents"])
    explained_cents, since = opening_cents, known.since
    for at, statement in dated:
        explained_cents += sum_of_lines(account_id, since, at)
        since = max(since, at + timedelta(microseconds=1))
        if statement.pk not in done:
            continue
        closing_cents = statement.closing_cents
        if closing_cents is None:
            closing_cents = explained_cents
        Cutoff.objects.update_or_create(
            statement=statement,
            defaults={
                "account_id": account_id,
                "at": at,
                "closing_cents": closing_cents,
                "gap_cents": closing_cents - explained_cents,
            },
        )


def last_of(statement: Statement) -> datetime:
    assert statement.last_at
    return statement.last_at


def sum_of_lines(account_id: int, since: datetime, until: datetime) -> int:
    lines = StatementLine.objects.filter(account=account_id, counts=True)
    found = lines.filter(at__gte=since, at__lte=until).aggregate(cents=Sum("amount_cents"))
    return int(found["cents"] or 0)
