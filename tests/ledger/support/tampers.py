"""Every way to corrupt the books that verify_ledger must detect."""

from __future__ import annotations

LATER = "'2040-01-01 00:00:00+00:00'"

# The SQL that changes the rows, the check that must detect it, and the row it must name.
TAMPERS = {
    "amount of an entry": (
        "UPDATE ledger_entry SET amount_cents = amount_cents + 1 WHERE id = {paid}",
        ("running", "entry {paid}"),
    ),
    "sign of an entry": (
        "UPDATE ledger_entry SET amount_cents = -amount_cents WHERE id = {paid}",
        ("sums", "transaction {transfer}"),
    ),
    "account of an entry": (
        "UPDATE ledger_entry SET account_id = {carol} WHERE id = {received}",
        ("shapes", "transaction {transfer}"),
    ),
    "an entry deleted": (
        "DELETE FROM ledger_entry WHERE id = {received}",
        ("sums", "transaction {transfer}"),
    ),
    "all entries of a transaction deleted": (
        "DELETE FROM ledger_entry WHERE transaction_id = {transfer}",
        ("shapes", "transaction {transfer}"),
    ),
    "an entry between others deleted": (
        "DELETE FROM ledger_entry WHERE id = {funded}",
        ("running", "entry {paid}"),
    ),
    "an entry written twice": (
        """INSERT INTO ledger_entry
           (transaction_id, account_id, amount_cents, balance_after_cents, created_at)
           SELECT transaction_id, account_id, amount_cents, balance_after_cents, created_at
           FROM ledger_entry WHERE id = {received}""",
        ("shapes", "transaction {transfer}"),
    ),
    "an entry out of nothing": (
        """INSERT INTO ledger_entry
           (transaction_id, account_id, amount_cents, balance_after_cents, created_at)
           SELECT transaction_id, -4, 5, NULL, created_at FROM ledger_entry WHERE id = {paid}""",
        ("total", "table ledger_entry"),
    ),
    "two entries swapped": (
        """UPDATE ledger_entry
           SET account_id = CASE account_id WHEN {alice} THEN {bob} ELSE {alice} END
           WHERE transaction_id = {transfer}""",
        ("shapes", "transaction {transfer}"),
    ),
    "both entries made larger": (
        "UPDATE ledger_entry SET amount_cents = amount_cents * 2 WHERE transaction_id = {transfer}",
        ("shapes", "transaction {transfer}"),
    ),
    "a running balance": (
        "UPDATE ledger_entry SET balance_after_cents = balance_after_cents + 1 WHERE id = {paid}",
        ("running", "entry {paid}"),
    ),
    "a balance": (
        "UPDATE wallet_account SET balance_cents = balance_cents + 1 WHERE id = {bob}",
        ("balances", "account {bob}"),
    ),
    "an account that is locked without a lock": (
        "UPDATE wallet_account SET is_locked = TRUE WHERE id = {bob}",
        ("goals", "account {bob}"),
    ),
    "a wallet that is made a goal": (
        "UPDATE wallet_account SET kind = 'goal' WHERE id = {bob}",
        ("goals", "account {bob}"),
    ),
    "a balance below zero": (
        "UPDATE wallet_account SET balance_cents = -1 WHERE id = {bob}",
        ("overdrafts", "account {bob}"),
    ),
    "a balance stored on a house account": (
        "UPDATE wallet_account SET balance_cents = 1 WHERE id = -1",
        ("balances", "account -1"),
    ),
    "a running balance on a house account": (
        "UPDATE ledger_entry SET balance_after_cents = 1 WHERE id = {rail}",
        ("running", "entry {rail}"),
    ),
    "time of an entry": (
        f"UPDATE ledger_entry SET created_at = {LATER} WHERE id = {{paid}}",
        ("moments", "entry {paid}"),
    ),
    "time of a whole transaction": (
        f"""UPDATE ledger_entry SET created_at = {LATER} WHERE transaction_id = {{first}};
            UPDATE ledger_transaction SET created_at = {LATER}, settled_at = {LATER}
            WHERE id = {{first}}""",
        ("times", "entry {paid}"),
    ),
    "amount of a transaction": (
        "UPDATE ledger_transaction SET amount_cents = amount_cents + 1 WHERE id = {transfer}",
        ("shapes", "transaction {transfer}"),
    ),
    "accounts of a transaction": (
        """UPDATE ledger_transaction SET from_account_id = {bob}, to_account_id = {alice}
           WHERE id = {transfer}""",
        ("shapes", "transaction {transfer}"),
    ),
    "type of a transaction": (
        "UPDATE ledger_transaction SET type = 'DEPOSIT' WHERE id = {transfer}",
        ("orders", "transaction {transfer}"),
    ),
    "a transfer from a house account": (
        "UPDATE ledger_transaction SET from_account_id = -1 WHERE id = {transfer}",
        ("orders", "transaction {transfer}"),
    ),
    "settled before it was ordered": (
        "UPDATE ledger_transaction SET settled_at = '2001-01-01 00:00:00+00:00' WHERE id = {first}",
        ("orders", "transaction {first}"),
    ),
    "a payout declared done": (
        """UPDATE ledger_transaction SET status = 'SUCCESS', settled_at = created_at
           WHERE id = {open}""",
        ("shapes", "transaction {open}"),
    ),
    "a payout declared open": (
        "UPDATE ledger_transaction SET status = 'PENDING', settled_at = NULL WHERE id = {paid_out}",
        ("transit", "account -2"),
    ),
    "a payout declared failed": (
        "UPDATE ledger_transaction SET status = 'FAILED' WHERE id = {paid_out}",
        ("shapes", "transaction {paid_out}"),
    ),
    "accounts of a reversal": (
        "UPDATE ledger_transaction SET reverses_id = {first} WHERE id = {reversal}",
        ("reversals", "transaction {reversal}"),
    ),
    "a second reversal": (
        "UPDATE ledger_transaction SET reverses_id = {transfer} WHERE id = {last}",
        ("reversals", "transaction {last}"),
    ),
    "a reversal of a transaction that never settled": (
        "UPDATE ledger_transaction SET status = 'FAILED' WHERE id = {mistake}",
        ("reversals", "transaction {reversal}"),
    ),
    "a reversal said to be a part": (
        """UPDATE ledger_transaction SET type = 'PARTIAL', part_of_id = {first}, reverses_id = NULL
           WHERE id = {reversal}""",
        ("parts", "transaction {reversal}"),
    ),
    "a resolution of what isn't in suspense": (
        "UPDATE ledger_transaction SET resolves_id = {first} WHERE id = {last}",
        ("resolutions", "transaction {last}"),
    ),
    "a roll-up of a day": (
        "UPDATE ledger_dailytotal SET credit_cents = 1 WHERE house_id = -1 AND type = 'DEPOSIT'",
        ("rollups", "day {today} DEPOSIT -1"),
    ),
    "the sum of an account's day": (
        "UPDATE ledger_accountday SET in_cents = in_cents + 1 WHERE account_id = {alice}",
        ("account_days", "day {today} of {alice}"),
    ),
    "a running total of a house account": (
        "UPDATE ledger_housebalance SET balance_cents = 1 WHERE id = {total}",
        ("running_totals", "house balance {total}"),
    ),
    "a transaction deleted": (
        "DELETE FROM ledger_transaction WHERE id = {transfer}",
        ("parents", "entry {paid}"),
    ),
    "an entry on an account that does not exist": (
        "UPDATE ledger_entry SET account_id = 999999 WHERE id = {received}",
        ("parents", "entry {received}"),
    ),
    "a key used twice": (
        """UPDATE ledger_transaction SET idempotency_key = 'one', created_by_id = {actor}
           WHERE id IN ({first}, {transfer})""",
        ("keys", "transaction {transfer}"),
    ),
    "a reference used twice": (
        "UPDATE ledger_transaction SET reference = 'NS-00000000' WHERE id IN ({first}, {transfer})",
        ("references", "transaction {transfer}"),
    ),
    "a fee that was not paid": (
        "UPDATE ledger_transaction SET fee_cents = fee_cents + 1 WHERE id = {priced}",
        ("shapes", "transaction {priced}"),
    ),
    "a fee forgotten": (
        "UPDATE ledger_transaction SET fee_cents = 0 WHERE id = {priced}",
        ("shapes", "transaction {priced}"),
    ),
    "a fee posted to another house account": (
        """UPDATE ledger_entry SET account_id = -4
           WHERE transaction_id = {priced} AND account_id = -6""",
        ("shapes", "transaction {priced}"),
    ),
    "a fee for a transfer": (
        "UPDATE ledger_transaction SET fee_cents = 5 WHERE id = {transfer}",
        ("orders", "transaction {transfer}"),
    ),
    "an open payout's fee left out of transit": (
        "UPDATE ledger_transaction SET fee_cents = fee_cents + 1 WHERE id = {open}",
        ("transit", "account -2"),
    ),
    "a charge for a payout that was not paid": (
        "UPDATE ledger_transaction SET idempotency_key = 'charge NS-00000000' WHERE id = {charge}",
        ("charges", "transaction {charge}"),
    ),
    "a charge for a failed payout": (
        """UPDATE ledger_attempt SET state = 'FAILED' WHERE transaction_id = {charged}""",
        ("charges", "transaction {charge}"),
    ),
    "an attempt said to be open": (
        "UPDATE ledger_attempt SET state = 'SENT' WHERE transaction_id = {failed}",
        ("attempts", "transaction {failed}"),
    ),
    "an attempt on another rail": (
        "UPDATE ledger_attempt SET rail = 'pigeon' WHERE transaction_id = {open}",
        ("attempts", "transaction {open}"),
    ),
    "an open payout without its attempt": (
        "DELETE FROM ledger_attempt WHERE transaction_id = {open}",
        ("payouts", "account -2"),
    ),
    "an open transaction without its attempt": (
        "DELETE FROM ledger_attempt WHERE transaction_id = {open}",
        ("attempts", "transaction {open}"),
    ),
    "a payout sent without an approval": (
        "UPDATE ledger_attempt SET approvals_needed = 1 WHERE transaction_id = {open}",
        ("approvals", "transaction {open}"),
    ),
    "an approval that was never given": (
        "UPDATE ledger_attempt SET approvals_given = 1 WHERE transaction_id = {open}",
        ("approvals", "transaction {open}"),
    ),
    "a payment sent again that someone had judged": (
        """INSERT INTO ledger_verdict
           (attempt_id, person_id, person_name, outcome, receipt, evidence, at)
           SELECT id, {actor}, 'F', 'not_paid', '', 'x', created_at
           FROM ledger_attempt WHERE transaction_id = {open};
           UPDATE ledger_attempt SET state = 'READY' WHERE transaction_id = {open}""",
        ("verdicts", "transaction {open}"),
    ),
    "money that came in said to be more": (
        """UPDATE ledger_arrival SET amount_cents = amount_cents + 1
           WHERE transaction_id = {came}""",
        ("arrivals", "transaction {came}"),
    ),
    "money that came in without its receipt": (
        "DELETE FROM ledger_arrival WHERE transaction_id = {came}",
        ("arrivals", "transaction {came}"),
    ),
    "a stray ordered by no one said to be a deposit": (
        "UPDATE ledger_transaction SET created_by_id = NULL WHERE id = {last}",
        ("orders", "transaction {last}"),
    ),
    "an attempt that goes the other way": (
        "UPDATE ledger_attempt SET is_payout = NOT is_payout WHERE transaction_id = {open}",
        ("attempts", "transaction {open}"),
    ),
    "a receipt used twice": (
        "UPDATE ledger_attempt SET receipt = 'R1'",
        ("receipts", "transaction {failed}"),
    ),
}
