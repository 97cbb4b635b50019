"""Compare the books in one table each with the same books partitioned by month.

A simulation: the tables and indexes are those of `Transaction` and `Entry`, filled with rows that
this program makes up. A partitioned table can't keep a unique key without its month, so keys and
references are in a separate table, `part_names`, which each insert writes too.

TRANSACTIONS is how many rows there are, each with two entries; ROUNDS how often each is measured,
in turns.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from uuid import uuid4

import psycopg

from tests.bench.workers import warn_if_busy
from tests.postgres import PostgresError, owner_of, server

TRANSACTIONS = int(os.environ.get("TRANSACTIONS", "500000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
MONTHS, ACCOUNTS = 24, 20_000
COMMITS, PAGES = 200, 200
FILL_TRANSACTIONS = """
    INSERT INTO ledger_transaction (id, reference, type, rail, status, amount_cents, fee_cents,
        from_account_id, to_account_id, description, created_by_id, idempotency_key, created_at,
        settled_at)
    SELECT n, 'NS-' || lpad(to_hex(n), 8, '0'), 'TRANSFER', '', 'SUCCESS', 100 + n %% 5000, 0, a,
        1 + (a + n %% (%(accounts)s - 1)) %% %(accounts)s, 'Lunch', a, gen_random_uuid()::text,
        at, at
    FROM (SELECT n, 1 + floor(random() * %(accounts)s)::bigint AS a, date_trunc('month', now())
            - make_interval(months => %(months)s) + n * (now() - date_trunc('month', now())
            + make_interval(months => %(months)s)) / %(transactions)s AS at
          FROM generate_series(1, %(transactions)s) AS n) AS made"""
FILL_ENTRIES = """
    INSERT INTO ledger_entry (id, transaction_id, account_id, amount_cents, balance_after_cents,
        created_at)
    SELECT 2 * id - side, id, CASE side WHEN 1 THEN from_account_id ELSE to_account_id END,
        CASE side WHEN 1 THEN -amount_cents ELSE amount_cents END, 100000, created_at
    FROM ledger_transaction, generate_series(0, 1) AS side ORDER BY id"""
HISTORY = """
    SELECT entry.id, entry.amount_cents, moved.reference FROM {entry} entry
    JOIN {transaction} moved ON moved.id = entry.transaction_id
    WHERE entry.account_id = %s{bound} ORDER BY entry.id DESC LIMIT 26"""
# A transaction is in its entries' month, so the join can name it.
BOUND = " AND entry.created_at >= %s AND moved.created_at >= %s"
VERIFY = (
    "SELECT count(*) FROM (SELECT account_id, sum(amount_cents) FROM {entry} GROUP BY 1) AS sums",
    """SELECT count(*) FROM (SELECT sum(amount_cents) AS cents FROM {entry}
        GROUP BY transaction_id) AS sums WHERE cents <> 0""",
)

type Connection = psycopg.Connection[tuple[object, ...]]


def main() -> int:
    try:
        with server() as application:
            # It makes its own tables, and reads only these.
            url = owner_of(application)
            os.environ |= {"DATABASE_URL": url, "DEBUG": "1"}
            os.environ["DJANGO_SETTINGS_MODULE"] = "nissmart.settings"
            create_tables()
            with psycopg.connect(url, autocommit=True) as connection:
                compare(connection)
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1
    warn_if_busy()
    return 0


def create_tables() -> None:
    """The product's two tables with their indexes, without the tables that they refer to."""
    import django

    django.setup()
    from django.db import connection

    from ledger.models import Entry, Transaction

    with connection.schema_editor() as editor:
        for model in (Transaction, Entry):
            editor.create_model(model)
        editor.deferred_sql = [one for one in editor.deferred_sql if "FOREIGN" not in str(one)]
    connection.close()


def compare(connection: Connection) -> None:
    filled = {"accounts": ACCOUNTS, "months": MONTHS, "transactions": TRANSACTIONS}
    connection.execute(FILL_TRANSACTIONS % filled)
    connection.execute(FILL_ENTRIES)
    partition(connection, "ledger_transaction", "part_transaction")
    partition(connection, "ledger_entry", "part_entry")
    connection.execute(
        "CREATE TABLE part_names AS SELECT id, created_by_id, idempotency_key, reference,"
        " created_at FROM ledger_transaction"
    )
    connection.execute("ALTER TABLE part_names ADD PRIMARY KEY (created_by_id, idempotency_key)")
    connection.execute("CREATE UNIQUE INDEX ON part_names (reference)")
    connection.execute("VACUUM ANALYZE")
    print(f"{TRANSACTIONS:,} transactions, {2 * TRANSACTIONS:,} entries, {MONTHS} months")
    sizes(connection)
    print(f"{'CPU of PostgreSQL, ms':<46}{'one table':>16}{'by month':>16}{'ratio':>8}")
    in_turns("one transfer's rows and their commit", connection, insert, each=COMMITS)
    in_turns("a page of history", connection, history, each=PAGES)
    in_turns("a page of the last 3 months", connection, recent_history, each=PAGES)
    in_turns("looking for a key", connection, look_up, each=PAGES)
    in_turns("sums of all accounts and transactions", connection, verify)
    in_turns("moving the oldest month out", connection, move_out)


def partition(connection: Connection, source: str, target: str) -> None:
    """Copy a table with its indexes into one that is partitioned by month."""
    connection.execute(
        f"CREATE TABLE {target} (LIKE {source} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
        " PARTITION BY RANGE (created_at)"
    )
    for number in range(MONTHS + 2):
        bounds = (
            f"date_trunc('month', now()) - make_interval(months => {MONTHS - number - shift})"
            for shift in (0, 1)
        )
        row = connection.execute(f"SELECT {', '.join(f'({one})::text' for one in bounds)}")
        first, after = row.fetchone() or ("", "")
        connection.execute(
            f"CREATE TABLE {target}_{number} PARTITION OF {target}"
            f" FOR VALUES FROM ('{first}') TO ('{after}')"
        )
    connection.execute(f"INSERT INTO {target} SELECT * FROM {source}")
    connection.execute(f"ALTER TABLE {target} ADD PRIMARY KEY (id, created_at)")
    plain = (
        "SELECT pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = %s::regclass AND NOT indisunique"
    )
    for (definition,) in connection.execute(plain, [source]).fetchall():
        _name, rest = str(definition).split(" ON ", 1)
        rest = rest.replace(f"public.{source}", target)
        connection.execute(f"CREATE INDEX ON {rest}")


def sizes(connection: Connection) -> None:
    total = "pg_total_relation_size('ledger_transaction') + pg_total_relation_size('ledger_entry')"
    parts = (
        "(SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('part_transaction'))"
        " + (SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('part_entry'))"
        " + pg_total_relation_size('part_names')"
    )
    row = connection.execute(f"SELECT {total}, {parts}").fetchone()
    assert row
    one, several = (int(str(size)) / TRANSACTIONS for size in row)
    print(f"Bytes of a transaction with two entries: {one:,.0f}, by month {several:,.0f}")


def in_turns(
    what: str, connection: Connection, job: Callable[[Connection, str], None], each: int = 1
) -> None:
    """Run the job on both, in alternate order, and print the medians of the server's CPU time.

    Unlike the time that passes, it stays true on a busy machine.
    """
    took: dict[str, list[float]] = {"ledger": [], "part": []}
    for number in range(ROUNDS):
        for prefix in sorted(took, reverse=number % 2 == 1):
            before = cpu_ms(connection)
            job(connection, prefix)
            took[prefix].append((cpu_ms(connection) - before) / each)
    one, several = (median(found) for found in took.values())
    ratio = several / one
    print(f"{what:<46}{one:>16,.3f}{several:>16,.3f}{ratio:>8.2f}", flush=True)


def cpu_ms(connection: Connection) -> float:
    """The processor time of the session's process so far."""
    place = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    return int(place.read_text().split()[0]) / 1e6


def insert(connection: Connection, prefix: str) -> None:
    """One transaction with two entries in each commit, as a transfer writes them."""
    draw = random.Random()
    next_id = "nextval('ledger_transaction_id_seq') + 1000000000"
    row = connection.execute("SELECT max(id) FROM ledger_entry").fetchone()
    assert row
    # The product's ids come from sequences, which partitions share.
    entry_id = int(str(row[0])) + draw.randrange(10**9, 10**12)
    for number in range(COMMITS):
        source, target = draw.randint(1, ACCOUNTS), draw.randint(1, ACCOUNTS)
        key, reference = str(uuid4()), f"NX-{draw.randrange(16**8):08x}"
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {prefix}_transaction (id, reference, type, rail, status,"
                " amount_cents, fee_cents, from_account_id, to_account_id, description,"
                f" created_by_id, idempotency_key, created_at, settled_at) VALUES ({next_id},"
                " %s, 'TRANSFER', '', 'SUCCESS', 100, 0, %s, %s, '', %s, %s, now(), now())"
                " RETURNING id",
                [reference, source, target + ACCOUNTS, source, key],
            )
            [made] = cursor.fetchone() or [0]
            if prefix == "part":
                cursor.execute(
                    "INSERT INTO part_names VALUES (%s, %s, %s, %s, now())",
                    [made, source, key, reference],
                )
            first = entry_id + 2 * number
            cursor.execute(
                f"INSERT INTO {prefix}_entry (id, transaction_id, account_id, amount_cents,"
                " balance_after_cents, created_at)"
                " VALUES (%s, %s, %s, -100, 0, now()), (%s, %s, %s, 100, 0, now())",
                [first, made, source, first + 1, made, target],
            )


def history(connection: Connection, prefix: str) -> None:
    sql = HISTORY.format(entry=f"{prefix}_entry", transaction=f"{prefix}_transaction", bound="")
    draw = random.Random(1)
    for _each in range(PAGES):
        connection.execute(sql, [draw.randint(1, ACCOUNTS)]).fetchall()


def recent_history(connection: Connection, prefix: str) -> None:
    """As the product would have to ask: of the last months, and of more if they hold too few."""
    row = connection.execute("SELECT date_trunc('month', now()) - interval '2 months'").fetchone()
    assert row
    names = {"entry": f"{prefix}_entry", "transaction": f"{prefix}_transaction"}
    sql = HISTORY.format(**names, bound=BOUND)
    draw = random.Random(1)
    for _each in range(PAGES):
        connection.execute(sql, [draw.randint(1, ACCOUNTS), row[0], row[0]]).fetchall()


def look_up(connection: Connection, prefix: str) -> None:
    table = "ledger_transaction" if prefix == "ledger" else "part_names"
    sql = f"SELECT id FROM {table} WHERE created_by_id = %s AND idempotency_key = %s"
    draw = random.Random(1)
    for _each in range(PAGES):
        connection.execute(sql, [draw.randint(1, ACCOUNTS), str(uuid4())]).fetchall()


def verify(connection: Connection, prefix: str) -> None:
    for sql in VERIFY:
        connection.execute(sql.format(entry=f"{prefix}_entry")).fetchall()


def move_out(connection: Connection, prefix: str) -> None:
    """Into an archive table: by copying and deleting, or by detaching its partition."""
    oldest = connection.execute(f"SELECT min(created_at) FROM {prefix}_entry").fetchone()
    assert oldest
    archive = f"archive_{prefix}_{time.monotonic_ns()}"
    if prefix == "ledger":
        month = "created_at < date_trunc('month', %s::timestamptz) + interval '1 month'"
        gone = f"WITH gone AS (DELETE FROM ledger_entry WHERE {month} RETURNING *)"
        connection.execute(f"CREATE TABLE {archive} (LIKE ledger_entry)")
        connection.execute(f"{gone} INSERT INTO {archive} SELECT * FROM gone", oldest)
        connection.execute("VACUUM ledger_entry")
        return
    of_month = connection.execute(
        "SELECT tableoid::regclass::text FROM part_entry WHERE created_at = %s LIMIT 1", oldest
    ).fetchone()
    assert of_month
    connection.execute(f"ALTER TABLE part_entry DETACH PARTITION {of_month[0]}")
    connection.execute(f"ALTER TABLE {of_month[0]} RENAME TO {archive}")


if __name__ == "__main__":
    sys.exit(main())
