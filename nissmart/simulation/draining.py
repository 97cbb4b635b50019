"""The end of a run: all goes well until nothing is open. Then both books are compared."""

from __future__ import annotations

from adminpanel.models import ClaimEnding, ClosingProposal, Correction, ReversalProposal
from adminpanel.models.proposals import State as ProposalState
from adminpanel.reversals import operations as reversals
from ledger import claims
from ledger.models import Arrival, Attempt, Claim, ClaimTaking, Pause
from ledger.models.attempts import OPEN, State
from ledger.payouts import operations as payouts
from nissmart.sandbox.payments import PAID
from nissmart.simulation import checks, outside, processes, staff
from nissmart.simulation.clock import CLOCK
from nissmart.simulation.faults import FAULTS
from nissmart.simulation.model import SUCCESS, Broken, name
from nissmart.simulation.rail import InProcess, says_two_things
from nissmart.simulation.world import Nothing, World
from wallet.context import Context
from wallet.errors import Refusal

ROUNDS = 90
PAUSES_S = (31, 61, 200, 700, 3700)
ALWAYS = [
    "payouts.callbacks.apply_waiting",
    "nissmart.work.confirm_due_arrivals",
    "nissmart.work.send_due_payments",
]
PROPOSALS = {
    ReversalProposal: "nissmart.work.post_reversals",
    ClaimEnding: "nissmart.work.end_claims",
    Correction: "nissmart.work.post_corrections",
    ClosingProposal: "nissmart.work.close_days",
}
EVERY = [*outside.PAYMENTS, *PROPOSALS.values()]
# People look up what the rail has no answer about.
PEOPLE_AFTER = 20


def drain(world: World) -> str:
    """Raises Broken if anything is still open in the end."""
    FAULTS.arm()
    processes.restart()
    CLOCK.wrong_by *= 0
    world.rail.hands.rate = 0.0
    world.rail.hands.named = {}
    for number in range(ROUNDS):
        if not number % 5:
            let_go(world)
            checks.compare(world.model, world.rail)
        for job in ALWAYS if number % 5 else EVERY:
            outside.JOBS[job]()
        outside.wait(world, {"s": PAUSES_S[number % len(PAUSES_S)] * (1 if number < 40 else 8)})
        if number >= PEOPLE_AFTER:
            look_up(world)
        checks.compare(world.model, world.rail)
        if number > 3 and not still_open(world):
            outside.wait(world, {"s": 4000})
            outside.turn(world, {"job": "payouts.callbacks.apply_waiting"})
            checks.compare(world.model, world.rail)
            return f"drained in {number} rounds {sorted(world.model.held.items())}"
    raise Broken(f"still open after {ROUNDS} rounds: {still_open(world)}")


def still_open(world: World) -> list[str]:
    attempts = Attempt.objects.filter(state__in=OPEN).order_by("pk")
    arrivals = Arrival.objects.waiting().select_related("attempt").order_by("pk")
    waiting = [each for each in arrivals if not never_came(world.rail, each)]
    approved = [
        model.__name__
        for model in PROPOSALS
        if model._default_manager.filter(state=ProposalState.APPROVED).exists()
    ]
    unpaid = [f"deposit {cause} for claim {claim}" for claim, cause in claims.due()]
    states = map(str, attempts.values_list("state", flat=True))
    return [*states, *(["arrival"] * len(waiting)), *approved, *unpaid]


def never_came(rail: InProcess, arrival: Arrival) -> bool:
    """M-PESA said that a prompt was paid, and then that it wasn't, which is in its book.

    We ask about the receipt for a month, and finance knows.
    """
    payment = rail.find(arrival.attempt.reference) if arrival.attempt else None
    return payment is not None and says_two_things(payment) and payment.state != PAID


def let_go(world: World) -> None:
    """Nothing is paused, frozen or waiting for approval any more."""
    while Pause.objects.filter(lifted_at__isnull=True).exists():
        staff.pause(world, {"which": 0, "no": 0, "who": 0})
    staff.unfreeze_all(world)
    for attempt in Attempt.objects.filter(state=State.HELD).order_by("pk"):
        for person in world.staff[: attempt.approvals_needed + 1]:
            try:
                payouts.approve(
                    Context(person), attempt_id=attempt.pk, fingerprint=attempt.fingerprint
                )
            except Refusal:
                continue


def look_up(world: World) -> None:
    for number in range(Attempt.objects.filter(state=State.UNKNOWN).count()):
        try:
            staff.judge(world, {"which": number, "who": 0, "no": 0})
        except (Nothing, Refusal):
            continue


def compare_claims(world: World) -> None:
    """What a reversal couldn't take back is claimed, whatever crashed in between."""
    agreed = ReversalProposal.objects.filter(state=ProposalState.POSTED, may_claim=True)
    for one in agreed.select_related("posted"):
        claim = Claim.objects.filter(key=reversals.key_of(one)).first()
        made = [each.amount_cents for each in (one.posted, claim) if each]
        if sum(made) != one.amount_cents:
            raise Broken(f"reversal {one.pk}: {made} were taken or claimed of {one.amount_cents}")
    taken = ClaimTaking.objects.filter(cents__gt=0)
    world.counts["deposit that paid a claim"] += taken.count()


def compare_book(world: World) -> None:
    """The rail's book and ours: each payment once, on the same side, or in suspense."""
    model, rail = world.model, world.rail
    strays = {row.key: row for row in model.rows.values() if row.type.startswith("STRAY")}
    for row in model.rows.values():
        if row.reference is None or (row.key or "").startswith("paid "):
            continue
        payment = rail.find(row.reference)
        is_paid = payment is not None and payment.state == PAID
        if is_paid == (row.status == SUCCESS):
            continue
        assert payment
        if not says_two_things(payment):
            raise Broken(f"{name(row)}: in the rail's book it is {payment.state}")
        keys = (f"stray {row.reference}", f"stray mpesa {payment.receipt}")
        if is_paid and not any(key in strays for key in keys):
            raise Broken(f"{name(row)}: the rail paid it after all, and suspense knows nothing")
    came = Arrival.objects.filter(transaction__isnull=False)
    booked = dict(came.values_list("receipt", "amount_cents"))
    for payment in rail.arrivals():
        is_notified = payment.receipt in rail.notified
        world.counts[f"paid in, and {'notified' if is_notified else 'never notified'}"] += 1
        is_booked = booked.get(payment.receipt) == payment.amount * 100
        if is_notified != is_booked:
            raise Broken(f"what was paid in as {payment.receipt} is booked: {is_booked}")
