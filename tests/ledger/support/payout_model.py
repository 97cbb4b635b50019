"""Orders, decisions, faults and answers in any order, and where each payout then has to stand."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from django.test import override_settings
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from ledger.models import Attempt, Entry, Pause
from ledger.models.attempts import AttemptQuerySet
from ledger.payouts import callbacks, operations, worker
from tests.books import assert_books_right
from tests.conftest import staff
from tests.factories import UserFactory, account_id, balance, funded, withdraw
from tests.ledger.support import paya
from tests.ledger.support.expected import Payout
from tests.ledger.support.payouts import make_due
from wallet import house
from wallet import operations as wallet_operations
from wallet.context import SYSTEM, Context
from wallet.errors import Refusal

FAILING: set[str] = set()
FUNDS = 100_00
# Above the second it needs one approval, above the third two.
AMOUNTS = [100, 200, 300]
# The member's fee of each amount, and what the rail takes from us for each payout.
FEES = {100: 0, 200: 7, 300: 300}
CHARGE = 3


class House(RuleBasedStateMachine):
    outcomes: Counter[str] = Counter()
    payouts = Bundle("payouts")
    faults = st.sampled_from(["", "", "busy", "lost", "done_but_lost", "rejected", "instant"])
    answers = st.sampled_from(["", "", "lost", "working"])

    def __init__(self) -> None:
        super().__init__()
        with override_settings(RAIL="simulated"):
            self.owner = funded(UserFactory(), FUNDS)
        self.people = [staff("finance").pk for _each in range(3)]
        self.all: list[Payout] = []
        self.is_paused = self.is_frozen = False
        self.pause_id = 0

    @initialize(target=payouts, fails=st.booleans())
    def begin(self, fails):
        """Hypothesis leaves some rules out of each run, and this may be the one that orders."""
        return multiple(*(self.unfrozen_order(cents, fails) for cents in AMOUNTS))

    # --- People

    @precondition(lambda self: len(self.all) < 12)
    @rule(target=payouts, amount=st.sampled_from(AMOUNTS), fails=st.booleans())
    def order(self, amount, fails):
        return self.unfrozen_order(amount, fails)

    def unfrozen_order(self, amount: int, fails: bool) -> Payout:
        if self.is_frozen:
            self.freeze(False)
        record = withdraw(self.owner, amount)
        attempt = Attempt.objects.get(transaction=record)
        needed = AMOUNTS.index(amount)
        if fails:
            FAILING.add(attempt.reference)
        made = Payout(attempt, amount, needed, fails, "HELD" if needed else "READY", set())
        self.all.append(made)
        return made

    @rule(payout=payouts, who=st.integers(0, 2))
    def approve(self, payout, who):
        self.approve_one(payout, self.people[who])

    def approve_one(self, payout: Payout, person: int) -> None:
        is_allowed = payout.state == "HELD" or person in payout.approved_by
        self.expect(
            is_allowed,
            operations.approve,
            Context(person),
            attempt_id=payout.attempt.pk,
            fingerprint=payout.attempt.fingerprint,
        )
        if payout.state == "HELD":
            payout.approved_by.add(person)
            if len(payout.approved_by) >= payout.needed:
                payout.state = "READY"

    @rule()
    def approve_all(self):
        for payout in self.all:
            for who in range(2):
                if payout.state == "HELD":
                    self.approve_one(payout, self.people[who])

    @rule(payout=payouts)
    def cancel(self, payout):
        is_unsent = payout.state in ("HELD", "READY") and not payout.is_doubtful
        is_again = payout.state == "CANCELLED"
        self.expect(
            is_unsent or is_again,
            operations.cancel,
            Context(self.owner.pk),
            transaction_id=payout.attempt.transaction_id,
        )
        if is_unsent:
            payout.state = "CANCELLED"

    @rule(payout=payouts, who=st.integers(0, 2), is_paid=st.booleans())
    def judge(self, payout, who, is_paid):
        person, word = self.people[who], "paid" if is_paid else "not_paid"
        verdicts = payout.verdicts or {}
        is_again = verdicts.get(person) == word
        self.expect(
            payout.state == "UNKNOWN" or is_again,
            operations.resolve,
            Context(person),
            attempt_id=payout.attempt.pk,
            outcome=word,
            evidence="The statement",
            receipt=f"R1-{payout.attempt.reference}" if is_paid else "",
        )
        if payout.state == "UNKNOWN":
            payout.verdicts = verdicts | {person: word}
            if list(payout.verdicts.values()).count(word) > 1:
                payout.state = "SUCCEEDED" if is_paid else "FAILED"

    @rule(is_frozen=st.sampled_from([True, False, False, False]))
    def freeze(self, is_frozen):
        self.is_frozen = is_frozen
        verb = wallet_operations.freeze if is_frozen else wallet_operations.unfreeze
        verb(SYSTEM, account_id(self.owner))

    @rule(is_paused=st.sampled_from([True, False, False, False]))
    def pause(self, is_paused):
        if is_paused and not self.is_paused:
            self.pause_id = operations.pause(SYSTEM.because("A drill")).pk
        if self.is_paused and not is_paused:
            operations.propose_lift(Context(self.people[0]), pause_id=self.pause_id)
            operations.lift(Context(self.people[1]), pause_id=self.pause_id)
        self.is_paused = is_paused
        assert Pause.objects.holding(timezone.now()).exists() == is_paused

    # --- The worker and the rail

    @rule(fault=faults, answer=answers)
    def work(self, fault, answer):
        self.turn(fault, answer)

    @rule(fault=faults)
    def work_and_hear_nothing(self, fault):
        self.turn(fault, "lost")

    @rule()
    def work_well(self):
        self.turn("", "")

    def turn(self, fault: str, answer: str) -> None:
        """One turn of a worker, in which the rail answers every call like this."""
        self.outcomes["turns"] += 1
        paya.PAYA.script = lambda call, reference: fault if call == "pay" else answer
        make_due(self.attempts())
        # Each attempt once: what is sent again within this turn is due only later.
        worker.do_due()
        for payout in self.all:
            if payout.state == "READY" and not (self.is_paused or self.is_frozen):
                self.send(payout, fault)
            elif payout.state in ("SENT", "UNKNOWN"):
                self.look(payout, answer)
        paya.PAYA.script = paya.as_it_should

    def attempts(self) -> AttemptQuerySet:
        return Attempt.objects.filter(pk__in=[payout.attempt.pk for payout in self.all])

    def send(self, payout: Payout, fault: str) -> None:
        was_doubtful = payout.is_doubtful
        if fault == "busy":
            return
        payout.is_doubtful = True
        if fault == "lost":
            payout.state = "UNKNOWN"
        elif fault == "rejected":
            payout.state = "UNKNOWN"
            if not was_doubtful:
                payout.state = "FAILED"
        else:
            payout.rail = payout.rail or ("failed" if payout.fails else "paid")
            payout.state = "UNKNOWN" if fault == "done_but_lost" else "SENT"
            if fault == "instant":
                self.hear(payout)

    def look(self, payout: Payout, answer: str) -> None:
        if answer == "working":
            payout.state = "SENT"
        elif answer == "":
            self.hear(payout)

    def hear(self, payout: Payout) -> None:
        """The rail says how it is."""
        if payout.rail:
            payout.state = "SUCCEEDED" if payout.rail == "paid" else "FAILED"
        elif payout.state == "UNKNOWN":
            # What a person has judged is not sent again.
            payout.state = "UNKNOWN" if payout.verdicts else "READY"
        else:
            payout.state = "UNKNOWN"

    @rule(payout=payouts)
    def call_back(self, payout):
        """Its callback, once more."""
        if not payout.rail:
            return
        event = callbacks.store(paya.PAYA, "paid", paya.PAYA.message(payout.attempt.reference))
        finding = callbacks.apply(event)
        self.outcomes[finding] += 1
        payout.attempt.refresh_from_db()
        if payout.is_open and payout.rail == "failed" and not payout.attempt.rail_id:
            # Anyone could say so who knows the URL, so the rail is asked.
            assert finding == "no_news"
        elif payout.is_open:
            self.hear(payout)
            assert finding == "applied"
        elif payout.rail == "paid" and payout.state == "FAILED":
            assert finding == ("duplicate" if payout.stray else "late_success")
            payout.stray = payout.amount
        elif payout.rail == "failed" and payout.state == "SUCCEEDED":
            assert finding == "contradiction"
        else:
            assert finding == "duplicate"

    # --- What always holds

    def expect(self, is_allowed: bool, verb, *args, **more) -> None:
        self.outcomes[f"{verb.__name__} {'ok' if is_allowed else 'refused'}"] += 1
        if is_allowed:
            verb(*args, **more)
        else:
            with pytest.raises(Refusal):
                verb(*args, **more)

    @invariant()
    def each_stands_where_it_should(self):
        states = dict(self.attempts().values_list("pk", "state"))
        for payout in self.all:
            assert states[payout.attempt.pk] == payout.state, payout

    @invariant()
    def money_is_where_it_should_be(self):
        paid = [one for one in self.all if one.state == "SUCCEEDED"]
        out = [one for one in self.all if one.is_open or one in paid]
        taken = sum(one.amount + FEES[one.amount] for one in out)
        assert balance(self.owner) == FUNDS - taken
        # What the owner's payments left on these accounts.
        left = Counter({house.FEES.id: 0, house.CHARGES.id: 0, house.SUSPENSE.id: 0})
        entries = Entry.objects.filter(account__in=left, transaction__created_by=self.owner)
        for account, cents in entries.values_list("account", "amount_cents"):
            left[account] += cents
        assert left == {
            house.FEES.id: sum(FEES[one.amount] for one in paid),
            house.CHARGES.id: -CHARGE * len(paid),
            house.SUSPENSE.id: -sum(one.stray for one in self.all),
        }

    @invariant()
    def nothing_is_paid_twice(self):
        assert set(paya.PAYA.lines().values()) <= {1}

    def teardown(self):
        if self.is_paused:
            self.pause(False)
        assert_books_right()
        # What is open stays so. The workers of the next run have enough to do.
        tomorrow = timezone.now() + timedelta(days=1)
        self.attempts().filter(next_look_at__isnull=False).update(next_look_at=tomorrow)
        for payout in self.all:
            self.outcomes[payout.state] += 1
