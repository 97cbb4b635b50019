"""The SQL of the longer checks: entries and columns by kind.

It's built from the `books` that each kind declares (`ledger/kinds/`), never from the code that
writes entries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ledger import kinds, rails
from ledger.kinds import Kind, Place, Resolves, Shape, Side
from ledger.kinds.shapes import Line, Measure
from ledger.status import Status


def text(value: str) -> str:
    """A text literal in SQL."""
    return "'" + value.replace("'", "''") + "'"


def in_list(values: Iterable[str]) -> str:
    """The list after IN. If there are no values, one that matches nothing."""
    return f"({', '.join(map(text, values)) or 'NULL'})"


def is_at(place: Place) -> str:
    """An SQL condition: the entry is on this account of its transaction."""
    match place:
        case Place.SOURCE:
            return "entry.account_id = record.from_account_id"
        case Place.TARGET:
            return "entry.account_id = record.to_account_id"
        case Place.FLOAT:
            whens = (
                f"WHEN {text(rail.code)} THEN {text(rail.float_account.kind)}"
                for rail in rails.every()
            )
            return f"account.kind = CASE record.rail {' '.join(whens)} END"
    # A house account that the transaction names is its source or its target.
    return (
        f"account.kind = {text(place)} AND entry.account_id <> COALESCE(record.from_account_id, 0)"
        " AND entry.account_id <> COALESCE(record.to_account_id, 0)"
    )


def count(line: Line) -> str:
    """SQL that counts a transaction's entries that match this line and the exact amount or fee."""
    sign = "" if line.sign > 0 else "-"
    cents = f"{sign}record.{line.measure}_cents"
    return f"SUM(CASE WHEN {is_at(line.place)} AND entry.amount_cents = {cents} THEN 1 ELSE 0 END)"


def name_of(line: Line) -> str:
    return f"{line.place}_{'in' if line.sign > 0 else 'out'}_{line.measure}"


def is_as_demanded(line: Line, known: Sequence[Line]) -> str:
    """An SQL condition: as many entries match this line as the books demand.

    Without a fee none may be for it. If the fee equals the amount, an entry of either matches both.
    """
    name = name_of(line)
    demanded = f"demanded.{name}"
    other = Measure.AMOUNT if line.measure == Measure.FEE else Measure.FEE
    if (twin := line._replace(measure=other)) in known:
        is_same = "written.fee_cents = written.amount_cents"
        demanded += f" + CASE WHEN {is_same} THEN demanded.{name_of(twin)} ELSE 0 END"
    if line.measure == Measure.FEE:
        demanded = f"CASE WHEN written.fee_cents = 0 THEN 0 ELSE {demanded} END"
    return f"written.{name} = {demanded}"


def all_books() -> Iterator[tuple[Kind, Shape, Status, Counter[Line]]]:
    """The entries a transaction must have, for each kind, shape and status."""
    for kind in kinds.every():
        for shape in kind.shapes:
            for status, lines in shape.books.items():
                yield kind, shape, status, Counter(lines)


def shapes(engine: str) -> str:
    """SQL that finds the transactions whose entries don't fit their kind."""
    books = list(all_books())
    known = sorted({line for _kind, _shape, _status, lines in books for line in lines})
    names = [name_of(line) for line in known]
    demanded = ", ".join(
        f"({text(kind.code)}, {text(status)}, {int(shape.names[1])}, {int(shape.uses_rail)}, "
        f"{how_many(lines, Measure.AMOUNT)}, {how_many(lines, Measure.FEE)}, "
        f"{', '.join(str(lines[line]) for line in known)})"
        for kind, shape, status, lines in books
    )
    columns = ", ".join(names)
    sums = ", ".join(f"{count(line)} AS {name}" for line, name in zip(known, names, strict=True))
    same = " AND ".join(is_as_demanded(line, known) for line in known)
    return f"""
    WITH demanded (type, status, has_target, has_rail, lines, fee_lines, {columns})
         AS (VALUES {demanded}),
    written AS (
        SELECT record.id, record.reference, record.type, record.status, record.amount_cents,
               record.fee_cents,
               CASE WHEN record.to_account_id IS NULL THEN 0 ELSE 1 END AS has_target,
               CASE WHEN record.rail = '' THEN 0 ELSE 1 END AS has_rail,
               COUNT(entry.id) AS lines, {sums}
        FROM ledger_transaction record
        LEFT JOIN ledger_entry entry ON entry.transaction_id = record.id
        LEFT JOIN wallet_account account ON account.id = entry.account_id
        GROUP BY record.id, record.reference, record.type, record.status, record.amount_cents,
                 record.fee_cents, record.to_account_id, record.rail)
    SELECT id, reference, type, status, amount_cents, fee_cents, lines FROM written
    WHERE NOT EXISTS (
        SELECT 1 FROM demanded
        WHERE demanded.type = written.type AND demanded.status = written.status
          AND demanded.has_target = written.has_target AND demanded.has_rail = written.has_rail
          AND written.lines = demanded.lines
              + CASE WHEN written.fee_cents = 0 THEN 0 ELSE demanded.fee_lines END
          AND {same})
    ORDER BY id"""


def how_many(lines: Counter[Line], measure: Measure) -> int:
    return sum(count for line, count in lines.items() if line.measure == measure)


def side(account: str, row: str, side: Side) -> str:
    """An SQL condition: this side of a transaction has a wallet, a goal, any of ours, or none."""
    match side:
        case Side.ACCOUNT:
            return f"{row}.id IS NOT NULL AND {row}.kind <> 'goal'"
        case Side.MEMBER:
            return f"{row}.kind = 'wallet'"
        case Side.GOAL:
            return f"{row}.kind = 'goal'"
    return f"{account} IS NULL"


RESOLVES = {
    Resolves.NEVER: " AND record.resolves_id IS NULL",
    Resolves.MAYBE: "",
    Resolves.ALWAYS: " AND record.resolves_id IS NOT NULL",
}


def takes_fee(shape: Shape) -> bool:
    return any(line.measure == Measure.FEE for lines in shape.books.values() for line in lines)


def orders(engine: str) -> str:
    """SQL that finds the transactions whose columns don't fit their kind."""
    known_rails = in_list(rail.code for rail in rails.every())
    right = " OR ".join(
        f"record.type = {text(kind.code)} AND record.status IN {in_list(shape.books)}"
        f" AND {side('record.from_account_id', 'source', shape.source)}"
        f" AND {side('record.to_account_id', 'target', shape.target)}"
        f" AND record.rail {f'IN {known_rails}' if shape.uses_rail else "= ''"}"
        f"{RESOLVES[kind.resolves]}"
        f"{' AND source.user_id = target.user_id' if kind.moves_own else ''}"
        f" AND {'record.fee_cents >= 0' if takes_fee(shape) else 'record.fee_cents = 0'}"
        for kind in kinds.every()
        for shape in kind.shapes
    )
    return f"""
        SELECT record.id, record.reference, record.type, record.status, record.rail,
               record.from_account_id AS source, record.to_account_id AS target,
               record.fee_cents, record.created_at, record.settled_at
        FROM ledger_transaction record
        LEFT JOIN wallet_account source ON source.id = record.from_account_id
        LEFT JOIN wallet_account target ON target.id = record.to_account_id
        LEFT JOIN wallet_user actor ON actor.id = record.created_by_id
        WHERE record.amount_cents <= 0
           OR actor.id IS NULL
              AND (record.created_by_id IS NOT NULL OR record.type <> {text(kinds.STRAY_IN.code)})
           OR NOT ({right})
           OR record.from_account_id = record.to_account_id
           OR CASE WHEN record.status = 'PENDING' THEN record.settled_at IS NOT NULL
                   ELSE record.settled_at IS NULL END
           OR record.settled_at < record.created_at
        ORDER BY record.id"""


def reversals(engine: str) -> str:
    """SQL that finds wrong reversals, and other transactions that claim to reverse one."""
    takes_back = in_list(kind.code for kind in kinds.every() if kind.takes_back)
    reversible = in_list(kind.code for kind in kinds.every() if kind.is_reversible)
    return f"""
        SELECT record.id, record.reference, record.reverses_id AS reverses
        FROM ledger_transaction record
        LEFT JOIN ledger_transaction earlier ON earlier.id = record.reverses_id
        WHERE CASE WHEN record.type NOT IN {takes_back} THEN record.reverses_id IS NOT NULL
                   ELSE earlier.id IS NULL OR earlier.type NOT IN {reversible}
                        OR earlier.status <> 'SUCCESS' OR earlier.id > record.id
                        OR earlier.amount_cents <> record.amount_cents
                        OR record.rail <> '' AND earlier.rail <> record.rail
                        OR earlier.to_account_id <> record.from_account_id
                        OR COALESCE(earlier.from_account_id, 0) <> COALESCE(record.to_account_id, 0)
                        OR EXISTS (SELECT 1 FROM ledger_transaction other
                                   WHERE other.reverses_id = record.reverses_id
                                     AND other.id < record.id) END
        ORDER BY record.id"""


def transit(engine: str) -> str:
    """SQL that finds the in-transit account if it doesn't hold the sum of the pending payouts."""
    waiting = {
        measure: " OR ".join(
            f"type = {text(kind.code)} AND status = {text(status)}"
            for kind in kinds.every()
            for status in Status
            if any(shape.rests(status, measure)[Place.TRANSIT] > 0 for shape in kind.shapes)
        )
        for measure in Measure
    }
    sums = " + ".join(
        f"COALESCE((SELECT SUM({measure}_cents) FROM ledger_transaction WHERE {where}), 0)"
        for measure, where in waiting.items()
    )
    return f"""
        SELECT id, held_cents, open_cents FROM (
            SELECT account.id,
                   COALESCE((SELECT SUM(amount_cents) FROM ledger_entry
                             WHERE account_id = account.id), 0) AS held_cents,
                   {sums} AS open_cents
            FROM wallet_account account WHERE account.kind = {text(Place.TRANSIT)}) transit
        WHERE held_cents <> open_cents"""


# An entry's day in Nairobi, which is UTC+3 all year.
DAY = {
    "sqlite": "date(entry.created_at, '+3 hours')",
    "postgresql": "CAST(entry.created_at AT TIME ZONE 'Africa/Nairobi' AS date)",
}


def rollups(engine: str) -> str:
    """SQL that finds the days whose stored totals differ from their folded entries."""
    day = DAY[engine]
    return f"""
    SELECT day || ' ' || type || ' ' || house_id AS name, SUM(debit_cents) AS debit_cents,
           SUM(credit_cents) AS credit_cents, SUM(lines) AS lines
    FROM (
        SELECT {day} AS day, record.type,
               CASE WHEN entry.account_id < 0 THEN entry.account_id ELSE 0 END AS house_id,
               CASE WHEN entry.amount_cents < 0 THEN entry.amount_cents ELSE 0 END AS debit_cents,
               CASE WHEN entry.amount_cents > 0 THEN -entry.amount_cents ELSE 0 END AS credit_cents,
               -1 AS lines
        FROM ledger_entry entry JOIN ledger_transaction record ON record.id = entry.transaction_id
        WHERE entry.id <= (SELECT through_id FROM ledger_rollupmark)
        UNION ALL
        SELECT day, type, house_id, debit_cents, credit_cents, debit_count + credit_count
        FROM ledger_dailytotal) both_sides
    GROUP BY day, type, house_id
    HAVING SUM(debit_cents) <> 0 OR SUM(credit_cents) <> 0 OR SUM(lines) <> 0
    ORDER BY name"""


# The stored balances of the house accounts, each a step from the one before.
RUNNING_TOTALS = """
    SELECT id, account, balance_cents, sum_cents FROM (
        SELECT step.id, step.house_id AS account, step.balance_cents,
               step.before_cents + COALESCE(SUM(entry.amount_cents), 0) AS sum_cents
        FROM (SELECT id, house_id, through_id, balance_cents,
                     LAG(through_id, 1, CAST(0 AS bigint))
                         OVER (PARTITION BY house_id ORDER BY through_id) AS before_id,
                     LAG(balance_cents, 1, CAST(0 AS bigint))
                         OVER (PARTITION BY house_id ORDER BY through_id) AS before_cents
              FROM ledger_housebalance) step
        LEFT JOIN ledger_entry entry ON entry.account_id = step.house_id
         AND entry.id > step.before_id AND entry.id <= step.through_id
        GROUP BY step.id, step.house_id, step.balance_cents, step.before_cents) summed
    WHERE balance_cents <> sum_cents
    ORDER BY id"""
