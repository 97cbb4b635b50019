"""SQLite's INSERT OR REPLACE deletes no row of an append-only table, whatever key it repeats."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

from adminpanel.models import (
    ClaimEnding,
    ClosingProposal,
    Correction,
    Match,
    MatchPart,
    Movement,
    Note,
    ReversalProposal,
    Statement,
    StatementLine,
    StatementPart,
    Unfreezing,
)
from adminpanel.reconciliation import taking_in
from adminpanel.transactions import notes
from ledger import claims, operations
from ledger.closing import seals
from ledger.documents import issuing
from ledger.models import (
    Approval,
    Arrival,
    Attempt,
    AutoSaved,
    Band,
    Books,
    Claim,
    ClaimTaking,
    Close,
    Entry,
    Goal,
    InterestPaid,
    InterestRate,
    IssuedReceipt,
    IssuedStatement,
    Pause,
    RailEvent,
    RateApproval,
    Report,
    Seal,
    Tariff,
    Transaction,
    Verdict,
)
from ledger.querysets import nairobi_day
from ledger.savings import automatic
from ledger.statements import statement
from ledger.statements.issuing import issue
from ledger.statements.period import Period
from tests.adminpanel.support.statements import imported, mpesa
from tests.factories import deposit, new_key, withdraw
from tests.ledger.closing.support import close, reopen
from tests.ledger.support.goals import open_goal
from tests.ledger.support.later import answer_later
from tests.ledger.support.prices import BANDS, price
from tests.ledger.support.rates import rate
from tests.ledger.support.rows import insert, stored
from tests.ledger.support.suspense import stray
from wallet import house
from wallet.context import Context
from wallet.db.guards import INSTALLED
from wallet.models import AuditEvent, User

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="only SQLite replaces rows"),
]

GUARDED = (
    *(Approval, Arrival, Attempt, AuditEvent, Band, Entry, Note, Pause, RailEvent),
    *(Books, Claim, ClaimTaking, Close, Seal, InterestPaid, InterestRate, RateApproval),
    *(AutoSaved, IssuedReceipt, IssuedStatement, Report, Statement, StatementLine),
    *(Match, MatchPart, Movement, StatementPart, Tariff, Transaction, Verdict),
    *(ClaimEnding, ClosingProposal, Correction, ReversalProposal, Unfreezing),
)


def unique_columns(model: type[models.Model]) -> Iterator[tuple[str, ...]]:
    """The columns of every unique key of the model."""
    for field in model._meta.concrete_fields:
        if field.unique:
            yield (field.column,)
    for names in model._meta.total_unique_constraints:
        yield tuple(model._meta.get_field(name).column for name in names.fields)


KEYS = [
    (model, key)
    for model in GUARDED
    for key in unique_columns(model)
    # Few attempts begin with a receipt: see tests/ledger/test_attempt_guards.py.
    if (model, key) != (Attempt, ("rail", "receipt", "is_payout"))
    # Movements have either a line or an entry. The row of the fixture has a line.
    and (model, key) != (Movement, ("entry_id",))
]


@pytest.fixture
def rows(alice: User, finance: User) -> dict[type[models.Model], models.Model]:
    """A row of every guarded table, with a value in each unique column."""
    record = deposit(alice, 5_00)
    notes.write(Context(finance.pk, key="one"), transaction_id=record.pk, text="Called.")
    automatic.turn_on(goal_id=open_goal(alice).pk, percent=10)
    deposit(alice, 5_00)
    automatic.save_due()
    with answer_later():
        attempt = Attempt.objects.get(transaction=withdraw(alice, 1_00))
    tariff = price(*BANDS)
    # One with room for more bands, so that the guard against replacing them is the one to refuse.
    tariff.pk, tariff.band_count = None, 9
    tariff.save()
    Band.objects.create(tariff=tariff, from_cents=1_00, fee_cents=10_00)
    stray(alice, rail_code="simulated")
    operations.open_claim(
        Context(finance.pk, key="claim"),
        transaction_id=deposit(alice, 5_00).pk,
        amount_cents=5_00,
        proposed_by_id=alice.pk,
    )
    deposit(alice, 1_00)
    claims.take_due()
    seals.seal(seals.seal(None))
    operations.reverse(Context(finance.pk, key=new_key()), transaction_id=record.pk)
    seals.seal(Seal.objects.latest("pk"))
    about = {"attempt": attempt, "person": finance, "person_name": finance.name}
    Approval.objects.create(decision="approve", fingerprint="f", **about)
    Verdict.objects.create(outcome="not_paid", evidence="The statement", **about)
    RailEvent.objects.create(rail="simulated", kind="x", attempt=attempt)
    Pause.objects.create(reason="A drill")
    Report.objects.create(reporter=alice, transaction=record, reason="other")
    issuing.receipt(record)
    imported(mpesa())
    taking_in.take_in_due()
    movement = Movement.objects.latest("pk")
    times = {"account": movement.account, "first_at": movement.at, "last_at": movement.at}
    match = Match.objects.create(rule="receipt", **times)
    MatchPart.objects.create(match=match, movement=movement)
    Match.objects.create(rule="undo", undoes=match, **times)
    today = nairobi_day()
    rate(1_00)
    moved = {"gross_cents": 1, "tax_cents": 1, "interest": record, "tax": attempt.transaction}
    nothing = {"units": 0, "carried_units": 0, "tax_carried": 0, "through_day": today}
    InterestPaid.objects.create(goal=Goal.objects.get(), month=today, **moved, **nothing)
    issue(statement.of(alice.primary_account(), Period(today, today)))
    reopened = reopen(close(1))
    posted = {"state": "POSTED", "proposed_by": alice, "reason": "x"}
    posted |= {"decided_by": finance, "decided_at": movement.at}
    made = {**posted, "posted": record, "amount_cents": 1}
    sides = {"source": alice.primary_account(), "target_id": house.ADJUSTMENTS.id}
    Correction.objects.create(act="adjust", evidence="x", request=uuid4(), **made, **sides)
    ReversalProposal.objects.create(transaction=record, **made)
    ClosingProposal.objects.create(act="day", last_day=today, posted=reopened, **posted)
    ClaimEnding.objects.create(claim=Claim.objects.get(), **posted)
    Unfreezing.objects.create(account=alice.primary_account(), **posted)
    return {model: model._default_manager.latest("pk") for model in GUARDED}


def test_every_guarded_table_is_tested_here() -> None:
    names = {name for guards in INSTALLED for name in guards.sqlite}
    guarded = {one for one in apps.get_models() if f"{one._meta.db_table}_no_replace" in names}
    assert guarded == set(GUARDED)


def test_no_row_is_replaced(rows: dict[type[models.Model], models.Model], subtests) -> None:
    """The rows take longer to make than the replacements, of which none leaves a trace."""
    for model, key in KEYS:
        with subtests.test(model=model.__name__, key=key):
            assert_never_replaced(rows[model], key)


def assert_never_replaced(kept: models.Model, key: tuple[str, ...]) -> None:
    row, model = stored(kept), type(kept)
    assert all(row[name] is not None for name in key)
    fresh = {"id": 10**6, "reference": "NS-STANDIN0", "idempotency_key": "another"}
    fresh |= {"request": "0" * 32, "reverses_id": None, "code": "0" * 16}
    fresh |= {"fingerprint": "0" * 32, "number": 10**6}
    changed = {name: fresh[name] for name in fresh if name in row and name not in key}
    before = list(model._default_manager.order_by("pk").values())
    for verb in ("INSERT OR REPLACE INTO", "REPLACE INTO", "INSERT INTO"):
        with pytest.raises(IntegrityError, match="never replaced"), transaction.atomic():
            insert(model._meta.db_table, row | changed, verb=verb)
    assert list(model._default_manager.order_by("pk").values()) == before
