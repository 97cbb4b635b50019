"""What goals earned, worked out again from the entries and the rates, for `verify_ledger`.

By stretches of days with one balance and one rate, while the operation counts day by day.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ledger.kinds import INTEREST, TAX
from ledger.verify.check import Check

# The number of a day: of a date, and of a time as it is in Nairobi.
DAY = {
    "postgresql": "({} - DATE '2000-01-01')",
    "sqlite": "CAST(julianday({}) - julianday('2000-01-01') AS INTEGER)",
}
DAY_OF_TIME = {
    "postgresql": "(({} AT TIME ZONE 'Africa/Nairobi')::date - DATE '2000-01-01')",
    "sqlite": "CAST(julianday(date({}, '+3 hours')) - julianday('2000-01-01') AS INTEGER)",
}
LAST, FIRST = {"postgresql": "LEAST", "sqlite": "MIN"}, {"postgresql": "GREATEST", "sqlite": "MAX"}
EVER = 10_000_000
UNITS = 10_000 * 365


def interest(engine: str) -> str:
    """SQL that finds rows of a month that aren't what their goal earned, and interest or tax that
    no row explains."""
    day, day_of_time = DAY[engine].format, DAY_OF_TIME[engine].format
    least, most = LAST[engine], FIRST[engine]
    return f"""
    WITH rated AS (
        SELECT rate.id, rate.purpose, rate.basis_points, {day("rate.from_date")} AS since,
               {day("rate.from_date")} * 1000000000000 + rate.id AS place
        FROM ledger_interestrate rate
        JOIN ledger_rateapproval agreed ON agreed.rate_id = rate.id),
    stretches AS (
        SELECT purpose, basis_points, since,
               LEAD(since, 1, {EVER}) OVER (PARTITION BY purpose ORDER BY place) - 1 AS until
        FROM rated),
    held AS (
        SELECT entry.account_id, entry.balance_after_cents AS cents,
               {day_of_time("entry.created_at")} AS since,
               LEAD({day_of_time("entry.created_at")}, 1, {EVER})
                   OVER (PARTITION BY entry.account_id ORDER BY entry.id) - 1 AS until
        FROM ledger_entry entry JOIN ledger_goal goal ON goal.account_id = entry.account_id),
    paid AS (
        SELECT one.*, {day("one.through_day")} AS last_day,
               LAG({day("one.through_day")}, 1, 0)
                   OVER (PARTITION BY one.goal_id ORDER BY one.month) + 1 AS first_day,
               LAG(one.carried_units, 1, 0)
                   OVER (PARTITION BY one.goal_id ORDER BY one.month) AS units_before,
               LAG(one.tax_carried, 1, 0)
                   OVER (PARTITION BY one.goal_id ORDER BY one.month) AS tax_before
        FROM ledger_interestpaid one),
    parts AS (
        SELECT paid.id, held.cents * stretches.basis_points
               * ({least}(paid.last_day, held.until, stretches.until)
                  - {most}(paid.first_day, held.since, stretches.since) + 1) AS units
        FROM paid
        JOIN held ON held.account_id = paid.goal_id
             AND held.since <= paid.last_day AND held.until >= paid.first_day
        JOIN stretches ON stretches.purpose = 'goals'
             AND stretches.since <= paid.last_day AND stretches.until >= paid.first_day
             AND stretches.since <= held.until AND stretches.until >= held.since),
    earned AS (SELECT id, SUM(units) AS units FROM parts GROUP BY id)
    SELECT paid.id, CAST(paid.month AS varchar(10)) AS month, paid.goal_id,
           paid.gross_cents, paid.tax_cents, paid.units, COALESCE(earned.units, 0) AS due
    FROM paid LEFT JOIN earned ON earned.id = paid.id
    LEFT JOIN stretches taxed ON taxed.purpose = 'tax'
         AND paid.last_day BETWEEN taxed.since AND taxed.until
    LEFT JOIN ledger_transaction gave ON gave.id = paid.interest_id
    LEFT JOIN ledger_transaction took ON took.id = paid.tax_id
    WHERE paid.units <> COALESCE(earned.units, 0)
       OR paid.units_before + paid.units <> paid.gross_cents * {UNITS} + paid.carried_units
       OR paid.tax_before + paid.gross_cents * COALESCE(taxed.basis_points, 0)
          <> paid.tax_cents * 10000 + paid.tax_carried
       OR paid.gross_cents <> COALESCE(gave.amount_cents, 0)
       OR paid.tax_cents <> COALESCE(took.amount_cents, 0)
       OR gave.type <> '{INTEREST.code}' OR gave.to_account_id <> paid.goal_id
       OR took.type <> '{TAX.code}' OR took.from_account_id <> paid.goal_id
    UNION ALL
    SELECT record.id, record.reference, COALESCE(record.to_account_id, record.from_account_id),
           record.amount_cents, 0, 0, 0
    FROM ledger_transaction record
    WHERE record.type IN ('{INTEREST.code}', '{TAX.code}') AND NOT EXISTS (
        SELECT 1 FROM ledger_interestpaid
        WHERE interest_id = record.id AND record.type = '{INTEREST.code}'
           OR tax_id = record.id AND record.type = '{TAX.code}')
    ORDER BY 1"""


CHECK = Check(
    "interest",
    _("Interest"),
    _("Each goal was paid what its balances and the rates make, once a month, with its tax."),
    _("{month}, goal {goal_id}: paid {gross_cents} less {tax_cents}, {units} units and not {due}"),
    "interest",
    interest,
)
