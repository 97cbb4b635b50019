"""One page lists what protects the account, each with its state."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import UserFactory
from tests.pages import elements, text
from wallet.api import tokens

pytestmark = pytest.mark.django_db

SECURITY = reverse("wallet:security")


@pytest.mark.any_engine
def test_each_row_tells_its_state_and_leads_to_its_page(time_machine):
    time_machine.move_to("2026-11-20T08:00:00Z", tick=False)
    jane = UserFactory()
    client = signed_in(jane)
    page = text(client.get(SECURITY))
    assert "Password Set" in page
    assert "Two-step sign-in Turn it on, and your password alone lets no one in. Off" in page
    assert "Where you're signed in 1 device" in page
    assert "API tokens None" in page

    TOTP.activate(jane, generate_totp_secret())
    Authenticator.objects.update(created_at=datetime(2026, 11, 3, tzinfo=UTC))
    tokens.issue(user_id=jane.pk, scope="member", name="Shop")
    signed_in(jane)
    page = client.get(SECURITY)
    assert "Two-step sign-in On since 3 Nov" in text(page)
    assert "Where you're signed in 2 devices" in text(page)
    assert "API tokens 1 active" in text(page)
    for link in elements(page, "a"):
        url = dict(link.attributes)["href"] or ""
        if url.startswith("/"):
            assert client.get(url, follow=True).status_code == 200, url


@pytest.mark.any_engine
def test_the_profile_leads_to_it_and_strangers_to_sign_in(as_alice):
    assert elements(as_alice.get(reverse("wallet:profile")), "a", href=SECURITY)
    for name in ("security", "sessions", "revoke_api_tokens"):
        answer = Client().get(reverse(f"wallet:{name}"))
        assert answer.headers["Location"].startswith(reverse("account_login"))
