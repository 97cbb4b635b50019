"""Operators see which settings of M-PESA are set and when its password expires, and no secret."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.querysets import nairobi_day
from ledger.rails.mpesa import configuration
from nissmart.sandbox.keys import Keys
from nissmart.sandbox.merchant import Merchant
from tests.conftest import signed_in
from tests.pages import text

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

URL = "/admin/payments/"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("mpesa") / "certificate.pem"
    Keys.beside(path)
    return str(path)


@pytest.fixture
def given(settings, certificate) -> dict[str, str]:
    """M-PESA's settings, with secrets that occur nowhere else. Returns the secrets."""
    names = sorted(configuration.SECRETS)
    secrets = {name: f"hush-hush-number-{number}" for number, name in enumerate(names)}
    given = Merchant().settings("http://127.0.0.1:8100", certificate) | secrets
    for name, value in (given | {"MPESA_CALLBACK_BASE_URL": "http://127.0.0.1:8000"}).items():
        setattr(settings, name, value)
    settings.RAIL = "mpesa"
    return secrets


def test_an_operator_sees_what_is_set_and_no_secret(as_operator, given, settings):
    settings.MPESA_PASSWORD_EXPIRES = "2027-02-26"
    settings.MPESA_PASSKEY = ""
    page = as_operator.get(URL)
    said = text(page)
    assert page.status_code == 200
    assert "The API password expires on 26 February 2027." in said
    assert "MPESA_CONSUMER_SECRET Set" in said
    assert "MPESA_PASSKEY Not set" in said
    assert "RAIL=mpesa also needs: MPESA_PASSKEY." in said
    for name in configuration.SECRETS - {"MPESA_PASSKEY"}:
        assert given[name] not in page.content.decode()
        assert given[name] not in repr(configuration.overview())
    assert settings.MPESA_SHORTCODE in said


def test_each_setting_is_on_the_page(as_operator, given):
    said = text(as_operator.get(URL))
    for name in (*configuration.NEEDED, *configuration.OPTIONAL):
        assert name in said
    assert "Payment settings" in text(as_operator.get("/admin/"))


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (15, ""),
        (14, "The API password of M-PESA expires in 14 days"),
        (1, "The API password of M-PESA expires in 1 day"),
        (0, "The API password of M-PESA expires today"),
        (-3, "The API password of M-PESA has expired"),
    ],
)
def test_the_panel_warns_14_days_before_the_password_expires(wambui, given, settings, days, words):
    settings.MPESA_PASSWORD_EXPIRES = (nairobi_day() + timedelta(days=days)).isoformat()
    said = text(signed_in(wambui).get("/panel/"))
    assert (words in said) if words else ("API password" not in said)
