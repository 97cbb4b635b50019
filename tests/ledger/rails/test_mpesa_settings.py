"""The settings of M-PESA: each is checked at the start, in a sentence that says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured

from ledger import rails
from ledger.rails.mpesa import configuration
from ledger.rails.mpesa.configuration import NEEDED, OPTIONAL, REFUSED_WORDS
from ledger.references import RAIL_ALPHABET, new_attempt_reference
from nissmart.sandbox.keys import Keys

pytestmark = pytest.mark.any_engine

RAIL = rails.of("mpesa")
ROOT = Path(__file__).resolve().parents[3]


def test_the_simulators_settings_are_complete(mpesa_settings):
    RAIL.check()
    assert RAIL.look_after_s() == (30, 60, 120, 300, 600, 1800)


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("value", ["", "  "])
def test_a_missing_setting_is_named(mpesa_settings, name, value):
    setattr(mpesa_settings, name, value)
    with pytest.raises(ImproperlyConfigured, match=f"also needs: {name}\\."):
        RAIL.check()


def test_all_missing_settings_are_named_together():
    with pytest.raises(ImproperlyConfigured) as problem:
        RAIL.check()
    assert str(problem.value) == f"RAIL=mpesa also needs: {', '.join(NEEDED)}."


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("MPESA_BASE_URL", "api.safaricom.co.ke", "isn't a URL like https://example.com"),
        ("MPESA_BASE_URL", "ftp://example.com", "isn't a URL"),
        ("MPESA_BASE_URL", "https://example.com/?a=1", "isn't a URL"),
        ("MPESA_BASE_URL", "https://[::1", "isn't a URL"),
        ("MPESA_BASE_URL", "http://api.safaricom.co.ke", "must start with https://"),
        ("MPESA_CALLBACK_BASE_URL", "http://pay.example.com", "must start with https://"),
        ("MPESA_CALLBACK_BASE_URL", "https://mpesa.example.com", 'contains "mpesa"'),
        ("MPESA_SHORTCODE", "6009", "isn't a shortcode"),
        ("MPESA_SHORTCODE", "６００９９２", "isn't a shortcode"),
        ("MPESA_B2C_SHORTCODE", "till 600992", "isn't a shortcode"),
        ("MPESA_CALLBACK_SECRET", "short", "must be 16 to 100 letters"),
        ("MPESA_CALLBACK_SECRET", "with/a/slash/and/more", "must be 16 to 100 letters"),
        ("MPESA_CERTIFICATE", "/nowhere/mpesa.pem", "/nowhere/mpesa.pem: No such file"),
        ("MPESA_CERTIFICATE", "/", "Is a directory"),
        ("MPESA_CERTIFICATE", __file__, "isn't a PEM certificate"),
        ("MPESA_INITIATOR_PASSWORD", "x" * 300, "can encrypt MPESA_INITIATOR_PASSWORD"),
        ("MPESA_ALLOWED_SOURCES", "196.201.214.200, here", "'here' does not appear to be"),
        ("MPESA_ALLOWED_SOURCES", "196.201.214.200/8", "has host bits set"),
        ("MPESA_TIMEOUT_S", "soon", "must be above 0"),
        ("MPESA_TIMEOUT_S", "0", "must be above 0"),
        ("MPESA_TIMEOUT_S", "nan", "must be above 0"),
        ("MPESA_TIMEOUT_S", "inf", "at most 120"),
        ("MPESA_QUERY_AFTER_S", "", "must be whole seconds that grow"),
        ("MPESA_QUERY_AFTER_S", "30,soon", "must be whole seconds"),
        ("MPESA_QUERY_AFTER_S", "60,30", "must be whole seconds that grow"),
        ("MPESA_QUERY_AFTER_S", "30,30", "must be whole seconds that grow"),
    ],
)
def test_a_setting_that_cannot_be_right_is_refused(mpesa_settings, name, value, sentence):
    setattr(mpesa_settings, name, value)
    with pytest.raises(ImproperlyConfigured) as problem:
        RAIL.check()
    assert name in str(problem.value)
    assert sentence in str(problem.value)


@pytest.mark.parametrize("word", REFUSED_WORDS)
def test_no_reference_in_a_callback_url_can_spell_a_word_that_safaricom_refuses(word):
    """A push with such a reference is refused, and that pauses payouts."""
    assert set(new_attempt_reference()) <= {*RAIL_ALPHABET, *"NSP-"}
    assert not set(word.upper()) <= {*RAIL_ALPHABET, "-"}


@pytest.mark.parametrize("word", REFUSED_WORDS)
def test_a_callback_secret_with_a_refused_word_is_refused_and_not_repeated(mpesa_settings, word):
    mpesa_settings.MPESA_CALLBACK_SECRET = f"aaaa-{word.upper()}-bbbb-cccc"
    with pytest.raises(ImproperlyConfigured) as problem:
        RAIL.check()
    assert f'contains "{word}"' in str(problem.value)
    assert "bbbb" not in str(problem.value)


def test_no_secret_shows_in_a_traceback(mpesa_settings):
    shown = repr(configuration.current())
    for name in NEEDED:
        if "SECRET" in name or name.endswith(("KEY", "PASSWORD")):
            assert getattr(mpesa_settings, name) not in shown


def test_a_plain_connection_is_fine_on_this_machine(mpesa_settings):
    for host in ("localhost", "127.0.0.1", "[::1]"):
        mpesa_settings.MPESA_CALLBACK_BASE_URL = f"http://{host}:8000/"
        RAIL.check()
    assert configuration.current().callback_url("stk").startswith("http://[::1]:8000/rails/")


def test_a_password_may_begin_with_a_dollar_sign():
    """`env.str` would look for a variable of that name."""
    password, mpesa = "$A#2026&%", {"MPESA_INITIATOR_PASSWORD": "$A#2026&%", "DEBUG": "1"}
    script = "from nissmart import settings; print(settings.MPESA_INITIATOR_PASSWORD)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | mpesa,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == password


def test_the_start_fails_with_the_sentence():
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        env=os.environ | {"RAIL": "mpesa", "DEBUG": "1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "RAIL=mpesa also needs: MPESA_BASE_URL" in done.stderr


def test_every_setting_is_documented():
    page = (django_settings.BASE_DIR / "docs/configuration.md").read_text()
    for name in (*NEEDED, *OPTIONAL):
        assert f"`{name}`" in page


def test_a_callback_is_from_the_rail_by_its_address_and_its_source(mpesa_settings):
    secret = mpesa_settings.MPESA_CALLBACK_SECRET
    assert RAIL.is_from_rail(secret, "203.0.113.9")
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), "ü" * 20):
        assert not RAIL.is_from_rail(wrong, "203.0.113.9")
    mpesa_settings.MPESA_ALLOWED_SOURCES = "196.201.214.200, 196.201.213.0/24 ,2001:db8::1"
    for source in ("196.201.214.200", "196.201.213.44", "::ffff:196.201.213.44", "2001:db8::1"):
        assert RAIL.is_from_rail(secret, source)
    for source in ("196.201.214.201", "203.0.113.9", "", "unknown", "2001:db8::2"):
        assert not RAIL.is_from_rail(secret, source)


def test_without_settings_no_callback_is_from_the_rail():
    assert not RAIL.is_from_rail("", "203.0.113.9")
    assert RAIL.look_after_s()


def test_the_credential_is_the_raw_password_encrypted_for_the_certificate(
    mpesa_settings, keys: Keys
):
    credential = configuration.current().security_credential
    assert len(credential) == 344
    assert keys.decrypt(credential) == mpesa_settings.MPESA_INITIATOR_PASSWORD.encode()
