"""What staff do. They look things up in the rail's book, as in its statement."""

from __future__ import annotations

from datetime import timedelta

from adminpanel.claims import operations as claim_endings
from adminpanel.close import operations as closings
from adminpanel.corrections import operations as corrections
from adminpanel.corrections.operations import Wanted
from adminpanel.integrity import operations as integrity
from adminpanel.models import ClaimEnding, ClosingProposal, Correction, ReversalProposal
from adminpanel.models.corrections import Act
from adminpanel.models.proposals import State as ProposalState
from adminpanel.reversals import operations as reversals
from ledger.closing import periods
from ledger.models import Attempt, Claim, Pause, Transaction, Verdict
from ledger.models.attempts import State
from ledger.payouts import asking
from ledger.payouts import operations as payouts
from ledger.querysets import nairobi_day
from nissmart.sandbox.payments import PAID
from nissmart.simulation.model import ADJUSTMENTS
from nissmart.simulation.rail import is_open
from nissmart.simulation.world import Nothing, Step, World, pick
from wallet import operations as people
from wallet.context import SYSTEM, Context
from wallet.models import Account

Found = Verdict.Outcome


def person(world: World, step: Step) -> Context:
    return Context(world.staff[step["who"] % len(world.staff)], reason="Looked into it")


def approve(world: World, step: Step) -> str:
    held = Attempt.objects.filter(state=State.HELD).order_by("pk")
    attempt = pick(list(held), step["which"])
    decide = payouts.refuse if step["no"] else payouts.approve
    return decide(person(world, step), attempt_id=attempt.pk, fingerprint=attempt.fingerprint).state


def judge(world: World, step: Step) -> str:
    """Two people look it up, one after the other."""
    unknown = Attempt.objects.filter(state=State.UNKNOWN).order_by("pk")
    attempt = pick(list(unknown), step["which"])
    payment = world.rail.find(attempt.reference)
    if payment is not None and is_open(payment):
        raise Nothing
    is_paid = payment is not None and payment.state == PAID
    for number in (0, 1)[: 2 - step["no"]]:
        attempt = payouts.resolve(
            Context(world.staff[(step["who"] + number) % len(world.staff)]),
            attempt_id=attempt.pk,
            outcome=Found.PAID if is_paid else Found.NOT_PAID,
            evidence="The statement",
            receipt=payment.receipt if payment and is_paid else "",
        )
    return f"{'paid' if is_paid else 'not paid'} {attempt.state}"


def ask_rail(world: World, step: Step) -> str:
    waiting = Attempt.objects.filter(state__in=asking.ASKABLE).order_by("pk")
    attempt = pick(list(waiting), step["which"])
    return asking.ask_now(person(world, step), attempt_id=attempt.pk).state


def pause(world: World, step: Step) -> str:
    holding = Pause.objects.filter(lifted_at__isnull=True).order_by("pk")
    if found := list(holding):
        one = pick(found, step["which"])
        payouts.propose_lift(Context(world.staff[0]), pause_id=one.pk)
        payouts.lift(Context(world.staff[1]), pause_id=one.pk)
        return "lifted"
    if step["no"]:
        raise Nothing
    payouts.pause(person(world, step))
    return "paused"


def freeze(world: World, step: Step) -> str:
    who = world.member(step["which"])
    act = people.unfreeze if step["no"] else people.freeze
    return f"{act.__name__} {act(person(world, step), who.wallet)}"


def propose_reversal(world: World, step: Step) -> str:
    made = Transaction.objects.filter(status="SUCCESS", type__in=("DEPOSIT", "TRANSFER"))
    record = pick(list(made.order_by("-pk").values_list("pk", flat=True)), step["which"])
    proposed = reversals.propose(
        person(world, step),
        transaction_id=record,
        amount_cents=step["cents"] if step["days"] % 3 == 0 else None,
        may_claim=step["days"] % 2 == 0,
    )
    return f"{proposed.amount_cents} {proposed.state}"


def decide_reversal(world: World, step: Step) -> str:
    waiting = ReversalProposal.objects.filter(state=ProposalState.PROPOSED).order_by("pk")
    one = pick(list(waiting), step["which"])
    act = reversals.deny if step["no"] else reversals.approve
    return act(person(world, step), proposal_id=one.pk).state


def end_claim(world: World, step: Step) -> str:
    """Propose to forgive the rest of a claim, or decide what a colleague proposed."""
    waiting = ClaimEnding.objects.filter(state=ProposalState.PROPOSED).order_by("pk")
    if found := list(waiting):
        act = claim_endings.deny if step["no"] else claim_endings.approve
        one = pick(found, step["which"])
        return act(person(world, step), proposal_id=one.pk).state
    claim = pick(list(Claim.objects.open().order_by("pk")), step["which"])
    return claim_endings.propose(person(world, step), claim_id=claim.pk).state


def propose_correction(world: World, step: Step) -> str:
    """Money in suspense goes to a member or back; otherwise a member is given some."""
    context = Context(person(world, step).actor_id, reason="A mistake", key=step["key"])
    items = Transaction.objects.in_suspense().order_by("pk")
    item = items.first()
    to = world.member(step["to"])
    if item is not None and item.suspense_sign == 1 and step["which"] % 2:
        wanted = Wanted(Act.RETURN, item_id=item.pk, phone=to.phone)
    elif item is not None and item.suspense_sign == 1:
        wanted = Wanted(Act.ASSIGN, item_id=item.pk, target_id=to.wallet)
    else:
        sides = (ADJUSTMENTS, to.wallet) if step["which"] % 2 else (to.wallet, ADJUSTMENTS)
        wanted = Wanted(Act.ADJUST, None, *sides, amount_cents=step["cents"])
    made = corrections.propose(context, wanted, evidence="Line 7 of the statement")
    return f"{made.act} {made.state}"


def decide_correction(world: World, step: Step) -> str:
    waiting = Correction.objects.filter(state=ProposalState.PROPOSED).order_by("pk")
    one = pick(list(waiting), step["which"])
    act = corrections.deny if step["no"] else corrections.approve
    return act(person(world, step), proposal_id=one.pk).state


def close_day(world: World, step: Step) -> str:
    """Sign the day that has just ended, after a run of the checks."""
    newest = periods.newest_day()
    day = newest.last_day + timedelta(days=1) if newest else nairobi_day() - timedelta(days=1)
    integrity.request_run(SYSTEM)
    integrity.run_next()
    return closings.sign(person(world, step), periods.day(day)).state


def decide_close(world: World, step: Step) -> str:
    waiting = ClosingProposal.objects.filter(state=ProposalState.PROPOSED).order_by("pk")
    one = pick(list(waiting), step["which"])
    return closings.approve(person(world, step), proposal_id=one.pk).state


def reopen_day(world: World, step: Step) -> str:
    newest = periods.newest_day()
    if newest is None:
        raise Nothing
    context = person(world, step)
    return closings.ask_reopening(context, newest.last_day, is_month=False).state


def unfreeze_all(world: World) -> None:
    for account in Account.objects.filter(is_frozen=True, kind=Account.Kind.WALLET):
        people.unfreeze(Context(world.staff[0], reason="The end"), account.pk)


ACTS = {
    "approve": approve,
    "judge": judge,
    "ask rail": ask_rail,
    "pause": pause,
    "freeze": freeze,
    "propose reversal": propose_reversal,
    "decide reversal": decide_reversal,
    "end claim": end_claim,
    "propose correction": propose_correction,
    "decide correction": decide_correction,
    "close day": close_day,
    "decide close": decide_close,
    "reopen day": reopen_day,
}
