"""A passkey: added, used to sign in and to confirm a payment, renamed, removed."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from playwright.sync_api import Page, expect

from tests.factories import PASSWORD, PIN, balance, funded
from tests.wallet.support.totp import code

pytestmark = [pytest.mark.browser, pytest.mark.any_engine, pytest.mark.django_db(transaction=True)]

# A phone that always agrees: https://chromedevtools.github.io/devtools-protocol/tot/WebAuthn/
PHONE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=re.compile(name)).click()


def enter_password(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Phone number or email").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "^Sign in$")


def sign_out(page: Page) -> None:
    page.goto("/profile/")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()


def test_staff_enter_a_code_and_add_a_passkey_that_signs_in(open_page, finance, bob, settings):
    secret = generate_totp_secret()
    TOTP.activate(finance, secret)
    page = open_page(viewport={"width": 360, "height": 780})
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    phone = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": PHONE})

    enter_password(page, finance.email)
    page.get_by_label("Code").fill(code(secret))
    press(page, "^Sign in$")
    expect(page).to_have_url(re.compile("/panel/$"))

    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Continue")
    page.get_by_label("Name").fill("Work phone")
    press(page, "Add a passkey")
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    assert Authenticator.objects.get(user=finance, type="webauthn").wrap().is_passwordless

    # It's both factors: the panel opens without a code.
    sign_out(page)
    page.goto("/accounts/login/")
    press(page, "Use a passkey")
    expect(page).to_have_url(re.compile("/panel/$"))

    # After the password it replaces the code.
    sign_out(page)
    enter_password(page, finance.email)
    press(page, "Use a passkey")
    expect(page).to_have_url(re.compile("/panel/$"))

    # It confirms a large payment. The new passkey keeps the limit of a day low.
    funded(finance, 60_000_00)
    settings.STEP_UP_ABOVE_CENTS = 99_99
    page.goto("/transfer/")
    page.get_by_label("Send to").fill(bob.email)
    page.get_by_label("Amount", exact=True).fill("100")
    press(page, "Continue")
    press(page, "Use a passkey")
    page.get_by_label("Your PIN").fill(PIN)
    press(page, "^Send KES")
    expect(page.get_by_role("heading", name="Sent to Bob O.")).to_be_visible()
    assert balance(bob) == 100_00

    page.goto("/accounts/2fa/")
    page.get_by_role("link", name="Rename Work phone").click()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Continue")
    page.get_by_label("Name").fill("Old phone")
    press(page, "Save")
    page.get_by_role("link", name="Remove Old phone").click()
    press(page, "Remove it")
    expect(page.get_by_text("Passkey removed.")).to_be_visible()
    assert not Authenticator.objects.filter(user=finance, type="webauthn").exists()

    # The device still has the key, but it opens nothing.
    sign_out(page)
    page.goto("/accounts/login/")
    press(page, "Use a passkey")
    expect(page.get_by_text("This passkey didn't work.")).to_be_visible()
    devtools.send("WebAuthn.removeVirtualAuthenticator", phone)
