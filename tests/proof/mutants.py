"""Mistakes that someone could make in the product, each of which the simulator has to find."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """`changes` are (file, what is there, what takes its place)."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    is_visible: bool = True


SETTLEMENT = "ledger/operations/settlement.py"
RULES = "ledger/operations/rules.py"
WITHDRAWAL = "ledger/kinds/withdrawal.py"
OUTCOMES = "ledger/payouts/outcomes.py"
LEASES = "ledger/payouts/leases.py"
CLAIMS = "ledger/operations/claims.py"

MUTANTS = (
    Mutant(
        "an order's key is dropped",
        (
            (
                "ledger/operations/moves.py",
                "PlacedOrder(order, context.actor_id, context.key, at, precondition)",
                "PlacedOrder(order, context.actor_id, None, at, precondition)",
            ),
        ),
    ),
    Mutant(
        "a failed payout is given back twice",
        (
            (
                SETTLEMENT,
                "    postings = order.post(lines, record.fee_cents)\n",
                "    postings = order.post(lines, record.fee_cents)\n"
                "    postings = postings * (1 + (ending.status == Status.FAILED))\n",
            ),
        ),
    ),
    Mutant(
        "a payout that no one heard of is given back",
        (
            (
                OUTCOMES,
                "        case Outcome.FAILED:\n            return fail(attempt, heard)",
                "        case Outcome.FAILED | Outcome.UNKNOWN:\n"
                "            return fail(attempt, heard)",
            ),
        ),
    ),
    Mutant(
        "a worker's fence is ignored when it answers and when it sends",
        (
            (
                SETTLEMENT,
                "if ending.fence is not None and ending.fence != fence:",
                "if ending.fence is None and ending.fence == fence:",
            ),
            (
                LEASES,
                "Permission(fences.get(claimed.attempt.pk) == claimed.fence, looked_at)",
                "Permission(True, looked_at)",
            ),
            (OUTCOMES, "mine.filter(fence=heard.fence)", "mine"),
        ),
    ),
    Mutant(
        "a worker that has lost its claim sends all the same",
        (
            (
                LEASES,
                "Permission(fences.get(claimed.attempt.pk) == claimed.fence, looked_at)",
                "Permission(True, looked_at)",
            ),
        ),
    ),
    Mutant(
        "an answer from before a payout was sent again counts",
        (
            (
                "ledger/payouts/callbacks.py",
                "asked.filter(body=named(attempt.fence)).exists()",
                "asked.exists()",
            ),
        ),
    ),
    Mutant(
        "what has no answer is sent again",
        (
            (
                OUTCOMES,
                "        case Outcome.NOT_TAKEN:\n",
                "        case Outcome.NOT_TAKEN | Outcome.UNKNOWN:\n",
            ),
        ),
    ),
    Mutant(
        "a deposit is credited when the prompt is accepted",
        (
            (
                "ledger/rails/mpesa/answers.py",
                "return Answer(Outcome.ACCEPTED, rail_id=said.field(rail_id))",
                "return Answer(Outcome.SUCCEEDED, receipt=said.field(rail_id))",
            ),
        ),
    ),
    Mutant(
        "a paid payout stays in transit",
        (
            (
                WITHDRAWAL,
                "*(out_of(Place.TRANSIT), into(Place.FLOAT)),\n                *(out_of",
                "*(out_of(Place.SUSPENSE), into(Place.FLOAT)),\n                *(out_of",
            ),
        ),
    ),
    Mutant(
        "a failed payout keeps its fee",
        (
            (
                WITHDRAWAL,
                "*(out_of(Place.TRANSIT, FEE), into(Place.SOURCE, FEE)),\n            ],",
                "*(out_of(Place.TRANSIT, FEE), into(Place.FEES, FEE)),\n            ],",
            ),
        ),
    ),
    Mutant(
        "a wallet may be overdrawn",
        (
            (
                RULES,
                "if source.balance_cents < order.amount_cents + fee_cents:",
                "if source.balance_cents < 0:",
            ),
        ),
    ),
    Mutant(
        "the daily limit isn't checked",
        ((RULES, "    if order.amount_cents <= left_cents:\n", "    if order.amount_cents:\n"),),
    ),
    Mutant(
        "a payment is rounded down, not up",
        (
            (
                "ledger/models/auto_savings.py",
                "return -moved_cents % self.step_cents",
                "return moved_cents % self.step_cents",
            ),
        ),
    ),
    Mutant(
        "a run of a schedule has another key each time",
        (
            (
                "ledger/models/schedules.py",
                'return f"schedule:{self.schedule_id}:{self.due_on:%Y-%m-%d}"',
                "from django.utils import timezone\n"
                '        return f"schedule:{self.schedule_id}:{timezone.now():%Y-%m-%d}"',
            ),
        ),
    ),
    Mutant(
        "what has failed may still succeed",
        (
            (SETTLEMENT, "    if record.status != Status.PENDING:\n", "    if False:\n"),
            (SETTLEMENT, "    if held.status != Status.PENDING:\n", "    if False:\n"),
        ),
    ),
    Mutant(
        "an answer that is lost counts as a failed order",
        (
            (
                "wallet/db/retries.py",
                "        if is_done and not is_refusal(error):\n"
                "            raise OutcomeUnknown(*error.args) from error\n",
                "        if is_done and not is_refusal(error):\n"
                "            raise Busy from error\n",
            ),
            (
                "ledger/operations/moves.py",
                "        record = GROUP_COMMIT.carry_out(placed)\n",
                "        from wallet.errors import Busy\n"
                "        try:\n"
                "            record = GROUP_COMMIT.carry_out(placed)\n"
                "        except Busy:\n"
                "            record = GROUP_COMMIT.carry_out(\n"
                "                PlacedOrder(order, context.actor_id, None, at, precondition)\n"
                "            )\n",
            ),
        ),
    ),
    Mutant(
        "accounts aren't locked",
        (("ledger/operations/settlement.py", 'lock = " FOR UPDATE" if', 'lock = "" if'),),
        # One thread never waits for another: tests/ledger/test_locks.py sees it.
        is_visible=False,
    ),
    Mutant(
        "a claim takes more of a deposit than it brought",
        ((CLAIMS, "left_of(original), of_deposit, held_cents", "left_of(original), held_cents"),),
    ),
    Mutant(
        "a deposit pays a claim twice",
        (
            (
                CLAIMS,
                "if claim.state != Claim.State.OPEN or "
                "claim.takings.filter(cause=cause_id).exists():",
                "if claim.state != Claim.State.OPEN:",
            ),
            ("ledger/claims.py", "entries.filter(~Exists(seen))", "entries"),
        ),
    ),
    Mutant(
        "partial reversals take back more than is left",
        (
            ("ledger/operations/parts.py", "if amount_cents > left_cents:", "if left_cents < 0:"),
            (
                "adminpanel/reversals/operations.py",
                "if not 0 < amount_cents <= left_cents:",
                "if amount_cents <= 0:",
            ),
        ),
    ),
    Mutant(
        "a crash after a reversal loses the claim of the rest",
        (
            (
                "adminpanel/reversals/operations.py",
                '        record = Transaction.objects.select_related("to_account")',
                "        if self.reversal_of(proposal):\n            return\n"
                '        record = Transaction.objects.select_related("to_account")',
            ),
        ),
    ),
    Mutant(
        "the worker forgets what is claimed",
        (("ledger/claims.py", "in due():", "in ():"),),
    ),
    Mutant(
        "the worker forgets approved proposals",
        (
            (
                "adminpanel/proposals/life.py",
                "waiting = self.in_state(State.APPROVED).order_by",
                "waiting = self.in_state(State.APPROVED).none().order_by",
            ),
        ),
    ),
)
