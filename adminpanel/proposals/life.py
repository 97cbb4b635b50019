"""A proposal's life: one person proposes, a colleague decides, and the ledger posts.

Decision and posting are two database transactions. The decision commits first, with the name of
the person who made it. Then posting can be retried any number of times: its idempotency key comes
from the proposal, so the money moves once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from django.db.models import CharField, Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from adminpanel.models.proposals import Proposal, State
from adminpanel.timeline import short_time
from ledger.models import Transaction
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Busy, NotAllowed, Refusal, TooLate
from wallet.failures import Failures
from wallet.staff import audit, roles
from wallet.staff.newcomers import refuse_newcomer
from wallet.staff.roles import Right
from wallet.staff.subjects import Subject

# Limits the work of one turn of the worker.
POSTED_PER_TURN = 100


class Life[P: Proposal](ABC):
    """What becomes of the proposals of one model. Subclass it for each model.

    `key` begins the idempotency key, with a space, which a client's key can't contain. So the
    approver's own payments never use the same key. `actions` names the audit's act by state. Three
    sentences are for people who may not decide, `needs_decision` is for those who may not propose.
    """

    model: type[P]
    key: ClassVar[str]
    actions: ClassVar[Mapping[State, audit.Action]]
    # `name` is the proposer's.
    only_proposer_withdraws: ClassVar[Any] = _lazy(
        "Only {name}, who proposed this, can withdraw it."
    )
    proposer_cannot_decide: ClassVar[Any] = _lazy("You proposed this, so someone else must decide.")
    own_money: ClassVar[Any]
    # While one is open, the same can't be proposed again. `name` proposed it at `time`.
    needs_decision: ClassVar[Any] = _lazy("{name} proposed this at {time}. It needs a decision.")
    # What `after_posting` may set. No other column of a proposal changes then.
    columns_of_posting: ClassVar[tuple[str, ...]] = ("posted",)

    # --- What differs between the models

    @abstractmethod
    def subject(self, proposal: P) -> Subject:
        """What the audit says that it is about."""

    @abstractmethod
    def facts(self, proposal: P) -> dict[str, Any]:
        """How the audit names the proposal."""

    @abstractmethod
    def is_party(self, proposal: P, person_id: int) -> bool:
        """Is it this person's own money?"""

    @abstractmethod
    def refuse_now(self, proposal: P) -> None:
        """Raise a Refusal if the ledger would refuse it now. The proposal then stays open."""

    @abstractmethod
    def carry_out(self, context: Context, proposal: P) -> Any:
        """Have the ledger post it, once for the context's key. Raises a Refusal."""

    def made_of(self, proposal: P) -> Any:
        """What the ledger made of it: a transaction, unless a subclass says otherwise. Or None."""
        return Transaction.objects.filter(
            created_by=proposal.decided_by_id, idempotency_key=self.key_of(proposal)
        ).first()

    @abstractmethod
    def after_posting(self, proposal: P, made: Any) -> dict[str, Any]:
        """The facts of the posting for the audit. May set `columns_of_posting`."""

    # --- Decide

    def approve(self, context: Context, *, proposal_id: int) -> P:
        """Approve a colleague's proposal and post it.

        Returns the proposal: POSTED, or REFUSED with the ledger's sentence, or still APPROVED when
        the ledger is busy. The worker posts it later.

        Raises NotAllowed for all but approvers, for the proposer, a party and a newcomer in
        finance; TooLate when it's already decided; a Refusal while the ledger would refuse it. The
        proposal stays open in that case, so it can be approved later. OutcomeUnknown leaves it
        APPROVED, for the worker.
        """
        self.decide(context, proposal_id, State.APPROVED)
        return self.post(proposal_id, context.ip_address)

    def deny(self, context: Context, *, proposal_id: int) -> P:
        """Deny a colleague's proposal, with a reason. Raises NotAllowed and TooLate."""
        return self.decide(context, proposal_id, State.DENIED)

    def withdraw(self, context: Context, *, proposal_id: int) -> P:
        """Withdraw your own proposal. Raises NotAllowed for a colleague's, and TooLate."""
        return self.decide(context, proposal_id, State.WITHDRAWN)

    @committed
    def decide(self, context: Context, proposal_id: int, state: State) -> P:
        """Decide a proposal once. The first person to lock the row decides."""
        assert context.actor_id
        proposal = self.lock(proposal_id)
        self.refuse_decider(proposal, state, context.actor_id)
        if proposal.state != State.PROPOSED:
            raise TooLate(describe_decision(proposal))
        if state == State.APPROVED:
            self.refuse_now(proposal)
        proposal.state = state
        proposal.decided_by_id = context.actor_id
        proposal.decided_by_name = audit.name_of(context.actor_id)
        proposal.decided_at = timezone.now()
        proposal.remark = context.reason
        proposal.save(
            update_fields=["state", "decided_by", "decided_by_name", "decided_at", "remark"]
        )
        self.record_act(context, self.actions[state], proposal)
        return proposal

    def lock(self, proposal_id: int) -> P:
        """Lock the proposal until commit. Raises DoesNotExist.

        Without joins: the joined rows would be as old as the start of the wait for the lock.
        """
        proposal: P = self.model._default_manager.select_for_update().get(pk=proposal_id)
        return proposal

    def refuse_decider(self, proposal: P, state: State, actor_id: int) -> None:
        """Raise NotAllowed if this person may not make this decision."""
        is_own = proposal.proposed_by_id == actor_id
        if state == State.WITHDRAWN:
            roles.require(actor_id, Right.PROPOSE)
            if not is_own:
                raise NotAllowed(self.only_proposer_withdraws, name=proposal.proposer)
            return
        roles.require(actor_id, Right.DECIDE)
        if is_own:
            raise NotAllowed(self.proposer_cannot_decide)
        if self.is_party(proposal, actor_id):
            raise NotAllowed(self.own_money)
        if state == State.APPROVED:
            refuse_newcomer(actor_id)

    def describe_open(self, proposal: P) -> str:
        """Why the same can't be proposed again now."""
        time = short_time(proposal.proposed_at)
        return str(self.needs_decision).format(name=proposal.proposer, time=time)

    # --- Post

    def post(self, proposal_id: int, ip_address: str = "") -> P:
        """Post an approved proposal, and save the ledger's answer.

        The approver is the actor. `ip_address` is empty when the worker posts. It's safe to call
        this several times or at the same time: the ledger moves the money once.
        """
        proposal: P = self.model._default_manager.get(pk=proposal_id)
        if proposal.state != State.APPROVED:
            return proposal
        assert proposal.decided_by_id
        context = Context(proposal.decided_by_id, ip_address, key=self.key_of(proposal))
        try:
            self.carry_out(context, proposal)
        except Busy:
            return proposal
        except Refusal as refusal:
            return self.close(proposal_id, str(refusal), ip_address)
        return self.close(proposal_id, "", ip_address)

    def key_of(self, proposal: P) -> str:
        return f"{self.key}{proposal.pk}"

    @committed
    def close(self, proposal_id: int, refusal: str, ip_address: str = "") -> P:
        """Save that the ledger posted it, or its refusal.

        Two calls of `post` can get different answers, if the books changed in between. So this
        looks for what is in the ledger.
        """
        proposal = self.lock(proposal_id)
        made = self.made_of(proposal)
        state = State.POSTED if made else State.REFUSED
        if proposal.state in (State.POSTED, state):
            return proposal
        proposal.state = state
        proposal.remark = "" if made else refusal
        facts = self.after_posting(proposal, made) if made else {}
        proposal.save(update_fields=["state", "remark", *self.columns_of_posting])
        context = Context(proposal.decided_by_id, ip_address, proposal.remark)
        self.record_act(context, self.actions[state], proposal, **facts)
        return proposal

    def post_approved(self) -> int:
        """Post approved proposals that a crash or a busy ledger left unposted.

        The background worker calls this. Several workers may do so at the same time. Returns how
        many it finished. A failure doesn't stop the others; raises an ExceptionGroup of all
        failures.
        """
        finished, failures = 0, Failures("proposals could not be posted")
        waiting = self.in_state(State.APPROVED).order_by("decided_at", "pk")
        for pk in list(waiting.values_list("pk", flat=True)[:POSTED_PER_TURN]):
            with failures.of(f"{self.key}{pk}"):
                finished += self.post(pk).state != State.APPROVED
        for pk in self.wrongly_refused_ids():
            with failures.of(f"{self.key}{pk}"):
                self.close(pk, "")
        failures.raise_all()
        return finished

    def wrongly_refused_ids(self) -> list[int]:
        """Proposals in state REFUSED whose transaction is in the ledger.

        Two calls of `post` overlapped. The ledger refused the first. Then the books changed, the
        second posted it, and it crashed before it saved the state.
        """
        key = Concat(Value(self.key), Cast(OuterRef("pk"), CharField()), output_field=CharField())
        made = Transaction.objects.order_by().filter(
            created_by=OuterRef("decided_by"), idempotency_key=key
        )
        refused = self.in_state(State.REFUSED).filter(Exists(made))
        return list(refused.values_list("pk", flat=True)[:POSTED_PER_TURN])

    def in_state(self, state: State) -> QuerySet[P]:
        found: QuerySet[P] = self.model._default_manager.filter(state=state)
        return found

    def record_act(self, context: Context, action: audit.Action, proposal: P, **facts: Any) -> None:
        audit.record(context, action, self.subject(proposal), **self.facts(proposal), **facts)


def describe_decision(proposal: Proposal) -> str:
    """The earlier decision, for a colleague who decides too late."""
    assert proposal.decided_at
    sentence = {
        State.DENIED: _("{name} already denied this at {time}."),
        State.WITHDRAWN: _("{name} already withdrew this at {time}."),
    }.get(State(proposal.state), _("{name} already approved this at {time}."))
    return sentence.format(name=proposal.decider, time=short_time(proposal.decided_at))
