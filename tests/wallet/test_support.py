"""Pages mention help only if the settings say how to get it."""

import pytest
from django.template.loader import render_to_string
from django.urls import reverse

from ledger.errors import AccountFrozen
from tests.conftest import signed_in
from tests.pages import text
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

CONTACT = "care@wallet.example or 0800 111 222"
PROMISES = ("help", "support", "contact us", "write to or call")
RESET, INACTIVE = reverse("account_reset_password"), reverse("account_inactive")


@pytest.fixture
def frozen(alice):
    wallet_operations.freeze(SYSTEM, alice.primary_account().pk)
    return signed_in(alice)


def collect_texts(client, frozen) -> dict[str, str]:
    """The text of each page, mail and refusal that may mention help."""
    pages = {url: text(client.get(url)) for url in ("/", RESET, INACTIVE, "/nowhere/")}
    pages |= {f"frozen {url}": text(frozen.get(url)) for url in ("/", "/transfer/", "/withdraw/")}
    pages |= {name: render_to_string(name) for name in ("500.html", "503.html", "400.html")}
    notice = "account/email/password_changed_message.txt"
    return pages | {"refusal": str(AccountFrozen()), notice: render_to_string(notice)}


def test_every_text_about_help_shows_the_contact(client, frozen, settings):
    settings.SUPPORT_CONTACT = CONTACT
    for name, said in collect_texts(client, frozen).items():
        assert CONTACT in said, name


def test_without_a_contact_no_text_mentions_help(client, frozen, settings):
    settings.SUPPORT_CONTACT = ""
    for name, said in collect_texts(client, frozen).items():
        # The footer's link to our own page of questions and answers.
        words = said.lower().replace("help fees terms", "fees terms")
        for promise in PROMISES:
            assert promise not in words, (name, promise)


def test_the_demo_has_a_contact(settings):
    assert settings.SUPPORT_CONTACT == "help@nissmart.example or 0800 000 000"
