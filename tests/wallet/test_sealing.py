"""Secrets of second factors and sessions are encrypted in the database."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.wallet.support.totp import code
from wallet import sealing
from wallet.models import Session, User
from wallet.sealing import Unreadable
from wallet.signin import factors

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

migration: Any = importlib.import_module("wallet.migrations.0029_seal_factors")


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to("2026-11-22T12:00:10Z", tick=False)
    return time_machine


@pytest.fixture
def jane(db) -> User:
    return UserFactory(email="jane@example.com")


@pytest.fixture
def secret(jane) -> str:
    TOTP.activate(jane, made := generate_totp_secret())
    RecoveryCodes.activate(jane)
    return str(made)


def rows() -> dict[str, Any]:
    return {each.type: each.data for each in Authenticator.objects.all()}


def test_what_is_sealed_takes_the_key_to_read(settings):
    settings.SECRET_KEY_FALLBACKS = []
    sealed = sealing.seal("a secret")
    assert "secret" not in sealed
    assert sealing.unseal(sealed) == "a secret"
    settings.SECRET_KEY = "another"
    with pytest.raises(Unreadable):
        sealing.unseal(sealed)


def test_neither_rows_nor_sessions_hold_a_secret_in_clear(jane, secret):
    factors.use_code(jane, code(secret))
    assert secret not in str(rows())
    Authenticator.objects.all().delete()
    client = signed_in(jane)
    page = client.get(reverse("mfa_activate_totp"))
    fresh = client.session["mfa.totp.secret"]
    assert fresh in page.text
    (stored,) = Session.objects.values_list("data", flat=True)
    assert fresh in sealing.unseal(stored)


def test_a_new_secret_key_keeps_factors_and_sessions(jane, secret, settings, clock):
    client = signed_in(jane)
    recovery = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new one"
    assert factors.use_code(jane, code(secret))
    assert client.get("/profile/").status_code == 200
    # Using one code seals all of the person's again, so that the old key can go.
    settings.SECRET_KEY_FALLBACKS = []
    clock.shift(30)
    assert factors.use_code(jane, code(secret))
    assert factors.use_code(jane, recovery[0])
    assert not factors.use_code(jane, recovery[0])


def test_without_its_key_no_code_is_right_and_every_page_answers(jane, secret, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "lost the old one", []
    for guess in (code(secret), code("A" * 32), code("")):
        assert factors.use_code(jane, guess) is None
    client = Client()
    client.post(reverse("account_login"), {"login": jane.email, "password": PASSWORD})
    answer = client.post(reverse("mfa_authenticate"), {"code": code(secret)})
    assert answer.status_code == 200
    assert signed_in(jane).get(reverse("wallet:security")).status_code == 200


def test_the_migration_seals_what_was_in_clear(jane, secret):
    migration.unseal_all(apps, None)
    assert rows()["totp"]["secret"] == secret
    assert len(rows()["recovery_codes"]["seed"]) == 80
    migration.seal_all(apps, None)
    assert secret not in str(rows())
    assert factors.use_code(jane, code(secret))
