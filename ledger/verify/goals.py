"""What must hold of savings goals and schedules, said once more, for `verify_ledger`."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ledger.kinds import SAVE, TAX, TRANSFER
from ledger.verify.check import Check

# An account of a goal without what it is for, a goal on another account, money in a closed one, or
# an open goal of someone who has left.
GOALS = """
    SELECT account.id, account.kind, account.balance_cents, account.closed_at, account.is_locked
    FROM wallet_account account LEFT JOIN ledger_goal goal ON goal.account_id = account.id
    WHERE (account.kind = 'goal') <> (goal.account_id IS NOT NULL)
       OR account.closed_at IS NOT NULL AND (account.kind <> 'goal' OR account.balance_cents <> 0)
       OR account.closed_at IS NOT NULL AND EXISTS (
            SELECT 1 FROM ledger_entry entry
            WHERE entry.account_id = account.id AND entry.created_at > account.closed_at)
       OR account.kind = 'goal' AND account.closed_at IS NULL AND EXISTS (
            SELECT 1 FROM wallet_formermember gone WHERE gone.user_id = account.user_id)
       OR account.is_locked <> EXISTS (
            SELECT 1 FROM ledger_goallock kept
            WHERE kept.goal_id = account.id AND kept.ended_at IS NULL)
    ORDER BY account.id"""

# A lock that ended before its time, or an open one under which money left its goal.
LOCKS = f"""
    SELECT kept.id, kept.goal_id, kept.ended_by, kept.ended_at
    FROM ledger_goallock kept
    WHERE kept.ended_by = 'day' AND (kept.opens_at IS NULL OR kept.ended_at < kept.opens_at)
       OR kept.ended_by = 'wait' AND (kept.free_at IS NULL OR kept.ended_at < kept.free_at)
       OR kept.ended_by = 'target'
            AND (kept.target_cents IS NULL OR kept.held_cents < kept.target_cents)
       OR kept.ended_by = 'empty' AND kept.held_cents <> 0
       OR EXISTS (
            SELECT 1 FROM ledger_transaction record
            WHERE record.from_account_id = kept.goal_id AND record.created_at > kept.locked_at
              AND kept.ended_at IS NULL AND record.type <> '{TAX.code}')
    ORDER BY kept.id"""

# Something saved by itself that isn't the move that its row says.
AUTO_SAVED = f"""
    SELECT run.id, run.wanted_cents, made.amount_cents AS made_cents
    FROM ledger_autosaved run
    JOIN ledger_autosaving rule ON rule.id = run.rule_id
    JOIN ledger_transaction made ON made.id = run.made_id
    WHERE made.type <> '{SAVE.code}' OR made.to_account_id <> rule.goal_id
       OR made.amount_cents <> run.wanted_cents
    ORDER BY run.id"""

# A scheduled run that was done by another order than its schedule's. Its payee, and what the next
# one moves, may have been changed since.
RUNS = f"""
    SELECT run.id, run.amount_cents, made.amount_cents AS made_cents
    FROM ledger_scheduledrun run
    JOIN ledger_schedule schedule ON schedule.id = run.schedule_id
    JOIN ledger_transaction made ON made.id = run.transaction_id
    WHERE made.from_account_id <> schedule.source_id OR made.amount_cents <> run.amount_cents
       OR made.type <>
            CASE schedule.kind WHEN 'saving' THEN '{SAVE.code}' ELSE '{TRANSFER.code}' END
    ORDER BY run.id"""

CHECKS = (
    Check(
        "goals",
        _("Savings goals"),
        _("Each goal has an account, a closed one stays empty, and a locked one has a lock."),
        _("of kind {kind} holds {balance_cents}, closed {closed_at}, locked: {is_locked}"),
        "account",
        GOALS,
    ),
    Check(
        "goal-locks",
        _("Locks of savings goals"),
        _("Each lock ended by its rule, and no money left under one that holds."),
        _("of goal {goal_id}, ended {ended_at}: {ended_by}"),
        "lock",
        LOCKS,
    ),
    Check(
        "auto-saved",
        _("Automatic savings"),
        _("What was saved by itself moved into its goal, as much as its row says."),
        _("should be {wanted_cents}, is {made_cents}"),
        "automatic saving",
        AUTO_SAVED,
    ),
    Check(
        "schedules",
        _("Scheduled runs"),
        _("Each run that was done moved what it says, from its schedule's wallet."),
        _("should be {amount_cents}, is {made_cents}"),
        "scheduled run",
        RUNS,
    ),
)
