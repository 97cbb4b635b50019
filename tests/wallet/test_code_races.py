"""Sixteen requests with the same code at the same moment: one wins."""

from functools import partial

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD, UserFactory
from tests.ledger.support.crowd import run_together
from tests.wallet.support.totp import code
from wallet.models import UsedStep
from wallet.signin import guesses

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CROWD = 16


@pytest.fixture(autouse=True)
def one_moment(time_machine):
    time_machine.move_to("2026-11-22T12:00:10Z", tick=False)


@pytest.fixture
def waiting(monkeypatch):
    """Someone's browsers, all between the password and the code."""
    monkeypatch.setattr(guesses, "GUESSES", 10 * CROWD)
    user = UserFactory()
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    codes = RecoveryCodes.activate(user)
    clients = [Client() for _ in range(CROWD)]
    for client in clients:
        client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    return clients, secret, codes


def test_a_code_of_the_app_signs_one_of_them_in(waiting):
    clients, secret, _codes = waiting
    assert winners(clients, code(secret)) == 1
    assert UsedStep.objects.count() == 1


def test_a_recovery_code_signs_one_of_them_in(waiting):
    clients, _secret, codes = waiting
    assert winners(clients, codes.generate_codes()[0]) == 1


def winners(clients: list[Client], entered: str) -> int:
    post = {"path": reverse("mfa_authenticate"), "data": {"code": entered}}
    answers = run_together(*(partial(client.post, **post) for client in clients))
    assert {answer.status_code for answer in answers} <= {200, 302, 422}
    return sum("_auth_user_id" in client.session for client in clients)
