"""After a change of sign-in or PIN, less may leave the wallet, and after help nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import IntegrityError, transaction
from django.urls import reverse

from tests.conftest import pass_second_factor
from tests.factories import PASSWORD
from tests.wallet.support.codes import prove
from wallet import operations, safety
from wallet.context import Context
from wallet.models import Account, AuditEvent, User
from wallet.safety import Change
from wallet.staff.roles import was_ever_staff

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
DAY = timedelta(hours=24)
# After help a little longer than its link works.
HELP = DAY + timedelta(minutes=1)
NEW_PASSWORD = "another-Long-one-2"


@pytest.fixture(autouse=True)
def now(time_machine):
    time_machine.move_to(NOW, tick=False)


def until(user: User) -> tuple[datetime | None, datetime | None]:
    account = Account.objects.get(user=user)
    return account.lower_limit_until, account.no_payouts_until


@pytest.mark.parametrize("change", Change)
def test_a_change_lowers_the_limit_for_a_day_and_only_help_stops_payouts(alice, change):
    safety.changed(Context(alice.pk), alice.pk, change)
    is_help = change is Change.HELP
    lower = None if change is Change.FIRST_PIN else NOW + (HELP if is_help else DAY)
    assert until(alice) == (lower, NOW + HELP if is_help else None)
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.subject) == ("change_security", f"member {alice.pk}")
    assert (event.actor, event.facts) == (alice, {"what": change.value})
    assert not was_ever_staff(alice)


def test_a_change_that_someone_else_makes_is_help(alice, operator):
    safety.changed(Context(operator.pk, reason="Lost SIM"), alice.pk, Change.PHONE)
    assert until(alice) == (NOW + HELP, NOW + HELP)


def test_the_hold_lasts_at_least_as_long_as_the_link(alice, operator, settings):
    settings.PASSWORD_RESET_TIMEOUT = 72 * 3600
    safety.changed(Context(operator.pk, reason="Lost SIM"), alice.pk, Change.HELP)
    assert until(alice)[1] > NOW + timedelta(hours=72)


def test_a_later_change_begins_the_day_again(alice, time_machine):
    safety.changed(Context(alice.pk), alice.pk, Change.PHONE)
    time_machine.move_to(NOW + DAY / 2, tick=False)
    safety.changed(Context(alice.pk), alice.pk, Change.PASSWORD)
    assert until(alice) == (NOW + DAY / 2 + DAY, None)


def test_a_change_while_payouts_are_on_hold_begins_the_hold_again(alice, operator, time_machine):
    """An operator's link works as long as the hold: used late, it mustn't end with it."""
    safety.changed(Context(operator.pk, reason="Lost SIM"), alice.pk, Change.HELP)
    time_machine.move_to(NOW + DAY - timedelta(minutes=1), tick=False)
    safety.changed(Context(alice.pk), alice.pk, Change.PASSWORD)
    later = NOW + DAY - timedelta(minutes=1) + DAY
    assert until(alice) == (later, later)
    time_machine.move_to(later, tick=False)
    safety.changed(Context(alice.pk), alice.pk, Change.PASSWORD)
    assert until(alice) == (later + DAY, later)


def whats() -> list[str]:
    events = AuditEvent.objects.filter(action="change_security").order_by("pk")
    return [event.facts["what"] for event in events]


def test_a_member_who_changes_phone_and_email_lowers_the_limit(as_alice, alice):
    theirs = {"name": alice.name, "phone": alice.phone, "email": alice.email}
    as_alice.post("/profile/", theirs | {"name": "Alice New"})
    assert until(alice) == (None, None)
    theirs |= {"phone": "0712345678", "email": "new@example.com", "password": PASSWORD}
    assert as_alice.post("/profile/", theirs).status_code == 303
    assert until(alice) == (None, None)
    prove(as_alice, "+254712345678")
    prove(as_alice, "new@example.com")
    assert until(alice) == (NOW + DAY, None)
    assert whats() == ["phone", "email"]


def test_a_changed_password_and_second_factor_lower_the_limit(
    as_alice, alice, django_capture_on_commit_callbacks
):
    given = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    as_alice.post(reverse("account_change_password"), given)
    assert whats() == ["password"]
    TOTP.activate(alice, generate_totp_secret())
    assert until(alice) == (NOW + DAY, None)
    Account.objects.update(lower_limit_until=None)
    pass_second_factor(as_alice)
    with django_capture_on_commit_callbacks(execute=True):
        assert as_alice.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert whats() == ["password", "second_factor"]
    assert until(alice) == (NOW + DAY, None)


def test_help_with_sign_in_stops_payouts(as_operator, alice):
    TOTP.activate(alice, generate_totp_secret())
    url = reverse("admin:wallet_user_sign_in_help", args=[alice.pk])
    for button in ("make_link", "remove_two_step"):
        Account.objects.update(no_payouts_until=None)
        as_operator.post(url, {"reason": "Showed their ID", button: "x"})
        assert until(alice) == (NOW + HELP, NOW + HELP)


def test_an_operator_who_changes_the_phone_stops_payouts(as_operator, alice):
    url = reverse("admin:wallet_user_change", args=[alice.pk])
    theirs = {"name": alice.name, "email": alice.email, "is_active": "on", "reason": "Lost SIM"}
    assert as_operator.post(url, theirs | {"phone": alice.phone}).status_code == 302
    assert until(alice) == (None, None)
    assert as_operator.post(url, theirs | {"phone": "0712345678"}).status_code == 302
    assert until(alice) == (NOW + HELP, NOW + HELP)


def test_a_frozen_wallet_says_who_froze_it(alice, operator):
    account = alice.primary_account()
    for wrong in ({"is_frozen": True}, {"frozen_by": "staff"}, {"frozen_by": "thief"}):
        with pytest.raises(IntegrityError, match="frozen_by_someone"), transaction.atomic():
            Account.objects.filter(pk=account.pk).update(**wrong)
    Account.objects.filter(pk=account.pk).update(is_frozen=True, frozen_by="member")
    assert operations.freeze(Context(operator.pk, reason="Stolen phone"), account.pk)
    account.refresh_from_db()
    assert account.frozen_by == "staff"
