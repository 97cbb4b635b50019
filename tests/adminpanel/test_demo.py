"""The demo adds people who can sign in and a correct history, once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import override_settings
from django.utils import timezone

from adminpanel.models import CheckRun, ClosingProposal, Incident, Note, ReversalProposal
from ledger import kinds
from ledger.models import Attempt, Close, Goal, GoalLock, RailEvent, Transaction
from ledger.payouts import worker
from ledger.querysets import nairobi_day
from ledger.rails.simulated import FAILS
from nissmart.demo import members as demo
from nissmart.demo import payments
from tests.books import assert_books_right
from tests.conftest import signed_in
from tests.factories import UserFactory, balance, funded, send
from tests.ledger.support.payouts import suspense_cents
from tests.owner import as_owner_of_tables
from tests.pages import text
from tests.undone import undone
from wallet.models import AuditEvent, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

SIGN_INS = {
    "amina@example.com": set(),
    "brian@example.com": set(),
    "chebet@example.com": set(),
    "finance@example.com": {"finance", "finance approver"},
    "finance2@example.com": {"finance", "finance approver"},
    "auditor@example.com": {"auditor"},
    "support@example.com": {"support"},
    "operator@example.com": set(),
}


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture(autouse=True)
def on_a_developers_machine(settings) -> None:
    settings.DEBUG = True


@pytest.mark.parametrize("clock", ["00:02", "02:59"])
def test_the_history_is_the_same_at_any_hour(clock):
    with time_machine.travel(f"2026-03-01T{clock}+03:00"):
        run()
        times = list(Transaction.objects.order_by("pk").values_list("created_at", flat=True))
        assert times == sorted(times)
        assert times[-1] < timezone.now()
    keys = Transaction.objects.order_by("pk").values_list("idempotency_key", flat=True)
    stray = Attempt.objects.get(failure_code="simulated", transaction__description="Boda takings")
    assert [key for key in keys if key != f"stray {stray.reference}"] == [
        *(f"demo-{number:04}" for number in range(1, len(demo.story()) + 1)),
        *(f"demo-payment-{number:02}" for number in range(1, len(payments.PAYMENTS) + 1)),
        *(
            f"reversal {proposal.pk}"
            for proposal in ReversalProposal.objects.filter(state="POSTED").order_by("pk")
        ),
    ]


def test_the_books_of_others_are_left_open():
    send(funded(UserFactory(), 1_00), UserFactory(), 1_00)
    run()
    assert not Close.objects.exists()


def test_a_run_continues_where_the_last_one_stopped():
    now = timezone.now()
    people = demo.open_people(now)
    steps = demo.story()
    assert demo.play(people, now, steps[:40]) == 40
    send(people[demo.BRIAN], people[demo.AMINA], 1_00)
    with time_machine.travel(now + timedelta(days=3)):
        run()
    # The story and its payments, Brian's transfer, what went to suspense, two reversals by staff.
    assert Transaction.objects.count() == len(steps) + len(payments.PAYMENTS) + 4
    call_command("verify_ledger", stdout=StringIO())


STATES = {
    ("Top-up", "SENT"),  # waits for the PIN
    ("Down payment", "HELD"),
    ("Builder", "HELD"),
    ("Market", "SENT"),
    ("Mum in Kisumu", "UNKNOWN"),
    ("Fuel", "FAILED"),
    ("Shop sales", "FAILED"),
    ("Boda takings", "FAILED"),
    ("Roof", "CANCELLED"),
    ("School fees", "CANCELLED"),
    ("Groceries", "SUCCEEDED"),
}


def test_it_has_a_payment_in_each_state_and_a_worker_leaves_them_there(settings):
    settings.RAIL = "mpesa"  # the demo's payments aren't sent there
    run()

    def states() -> set[tuple[str, str]]:
        return {*Attempt.objects.values_list("transaction__description", "state")}

    assert states() == STATES
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        assert worker.do_due() > 0
    assert states() == STATES
    builder = Attempt.objects.get(transaction__description="Builder")
    assert (builder.approvals_given, builder.approvals_needed) == (1, 2)
    assert Attempt.objects.get(state="SUCCEEDED").receipt
    assert suspense_cents() == FAILS
    late = Incident.objects.get(rail_events__isnull=False)
    assert "Paid after it had failed" in late.title
    assert_books_right()
    call_command("verify_ledger", stdout=StringIO())


def test_a_site_with_other_limits_gets_the_demo_too(settings):
    settings.LIMIT_CENTS_OUT_PER_DAY = 100_000_00
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    run()
    assert not Transaction.objects.filter(description="Builder").exists()
    held = Attempt.objects.get(transaction__idempotency_key="demo-payment-03")
    assert (held.transaction.description, held.state) == ("Market", "HELD")
    assert_books_right()


def test_if_empty_adds_nothing_to_a_database_with_members():
    UserFactory()
    assert run("--if-empty") == ""
    assert User.objects.count() == 1


def test_with_debug_off_the_demo_needs_yes_and_fills_an_empty_database(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="--yes"):
        run()
    assert not User.objects.exists()
    run("--yes", "--if-empty")
    assert User.objects.count() == len(demo.MEMBERS) + len(demo.STAFF)


# --- What it leaves, after one run


@pytest.fixture(scope="module")
def said(django_db_setup, django_db_blocker) -> Iterator[str]:
    """What the demo says. It ran once, for all tests that ask for this."""
    with (
        django_db_blocker.unblock(),
        override_settings(
            DEBUG=True, PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]
        ),
        as_owner_of_tables(),
        undone(),
    ):
        yield run()


def test_only_the_people_it_lists_can_sign_in(said):
    for email, groups in SIGN_INS.items():
        user = User.objects.get(email=email)
        assert user.check_password("nissmart-demo")
        assert set(user.groups.values_list("name", flat=True)) == groups
        assert (user.is_staff, user.is_superuser) == (email.startswith("operator"),) * 2
        assert EmailAddress.objects.filter(
            user=user, email=email, primary=True, verified=False
        ).exists()
        assert email in said
    for number, name in enumerate(("amina", "brian", "chebet"), start=1):
        assert User.objects.get(phone=f"+25471200000{number}").email == f"{name}@example.com"
    assert "nissmart-demo" in said
    assert "NISSMARTDEMOSECRET234567" in said
    others = [user for user in User.objects.all() if user.email not in SIGN_INS]
    assert len(others) == len(demo.MEMBERS) - 3
    assert not any(user.has_usable_password() for user in others)


def test_the_history_is_correct_and_ends_just_before_now(said):
    times = list(Transaction.objects.order_by("pk").values_list("created_at", flat=True))
    assert times == sorted(times)
    assert timedelta(0) < timezone.now() - times[-1] < timedelta(hours=1)
    assert timedelta(weeks=4) - timedelta(days=1) < times[-1] - times[0]
    assert User.objects.latest("created_at").created_at <= times[0]
    assert {*Transaction.objects.values_list("type", flat=True)} >= {
        kind.code
        for kind in kinds.every()
        if not (kind.is_stray or kind.is_correction or kind.is_ours)
    }
    for email in list(SIGN_INS)[:3]:
        assert 5_000_00 < balance(User.objects.get(email=email)) < 100_000_00
    assert_books_right()
    call_command("verify_ledger", stdout=StringIO())


def test_members_have_a_goal_in_each_state_and_a_second_run_leaves_them(said):

    def seen() -> list[tuple[str, int, bool, bool, bool]]:
        return [
            (each.name, each.balance_cents, each.is_reached, bool(each.lock), each.is_closed)
            for each in Goal.objects.order_by("pk").select_related("account").with_locks()
        ]

    found = seen()
    assert found == [
        ("School fees", 14_500_00, False, False, False),
        ("New phone", 3_500_00, False, True, False),
        ("Emergencies", 1_200_00, False, False, False),
        ("Boda deposit", 8_000_00, False, True, False),
        ("Mum's birthday", 3_000_00, True, False, False),
        ("Trip to Lamu", 0, False, False, True),
    ]
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        run()
    assert seen() == found
    assert GoalLock.objects.count() == 2


def test_a_second_run_adds_nothing(said):
    amina, brian = (User.objects.get(email=f"{name}@example.com") for name in ("amina", "brian"))
    send(amina, brian, balance(amina))
    models = (Transaction, User, ReversalProposal, Incident, Note, AuditEvent, RailEvent, Attempt)
    models += (Close, ClosingProposal, CheckRun)
    before = [model.objects.count() for model in models]
    with time_machine.travel(timezone.now() + timedelta(days=3)):
        again = run()
    assert [model.objects.count() for model in models] == before
    assert "0 new transactions" in again
    assert "amina@example.com" in again
    assert_books_right()


def test_the_panel_has_proposals_incidents_and_notes(said):
    states = sorted(ReversalProposal.objects.values_list("state", flat=True))
    assert states == ["POSTED", "POSTED", "PROPOSED"]
    assert not ReversalProposal.objects.filter(decided_by=F("proposed_by")).exists()
    reversal = Transaction.objects.get(type="REVERSAL")
    assert reversal.reverses.description == "Sofa, second half"
    part = Transaction.objects.get(type="PARTIAL")
    assert (part.part_of.description, part.amount_cents) == ("Birthday cake", 650_00)
    states = Incident.objects.filter(rail_events__isnull=True).values_list("state", flat=True)
    assert sorted(states) == ["OPEN", "RESOLVED"]
    assert (
        Note.objects.get().transaction == ReversalProposal.objects.get(state="PROPOSED").transaction
    )
    actors = set(AuditEvent.objects.exclude(actor=None).values_list("actor__email", flat=True))
    assert actors == {"finance@example.com", "finance2@example.com"}


def test_some_days_are_closed_and_one_waits_for_a_colleague(said):
    days = [nairobi_day() - timedelta(days=ago) for ago in (6, 5, 4, 3)]
    assert list(Close.objects.order_by("number").values_list("last_day", flat=True)) == days
    waiting = ClosingProposal.objects.get(state="PROPOSED")
    assert (waiting.last_day, waiting.proposer) == (days[-1] + timedelta(days=1), "Wambui Kariuki")
    assert CheckRun.objects.get().results.exclude(found=0).count() == 0
    page = text(signed_in(User.objects.get(email="finance2@example.com")).get("/panel/"))
    assert "1 close needs approval" in page
