"""Finance, auditors and operators reach nothing of staff before they pass a second factor."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.test import Client
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD
from tests.nissmart.test_privileges import routes
from tests.pages import htmx, problems, text
from tests.wallet.support.totp import code
from wallet.errors import NotAllowed
from wallet.messages import sending
from wallet.models import AuditEvent, User
from wallet.staff.newcomers import refuse_newcomer

pytestmark = [pytest.mark.django_db, pytest.mark.any_engine]

INDEX, ACTIVATE = reverse("mfa_index"), reverse("mfa_activate_totp")
# The check comes before any look-up, so these needn't exist.
SAMPLES = {"reference": "NS-7K2Q9PXM", "slug": "sums", "account_id": "1", "id": "1", "path": "1"}


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to("2026-11-22T12:00:10Z", tick=False)
    return time_machine


def by_password(user: User) -> Client:
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def urls(prefix: str) -> list[str]:
    found = []
    for route, _name in routes():
        if not route.startswith(prefix) or "logout" in route:
            continue
        for name, sample in SAMPLES.items():
            route = re.sub(rf"<{name}(:\w+)?>|<{name}>", sample, route)
        route = route.replace("<reference>", SAMPLES["reference"])
        route = route.replace("^(?P<app_label>wallet|auth|ledger)/$", "ledger/")
        found.append("/" + re.sub(r"<path:\w+>", "1", route).replace("(?P<url>.*)$", "nowhere"))
    return found


@pytest.mark.parametrize(
    ("who", "prefix"), [("finance", "panel/"), ("auditor", "panel/"), ("operator", "admin/")]
)
def test_no_page_part_export_or_action_of_staff_opens(request, who, prefix):
    client = by_password(request.getfixturevalue(who))
    seen = {}
    for url in urls(prefix):
        answers = [client.get(url), client.post(url), client.get(url, headers=htmx("x"))]
        for answer in answers:
            target = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
            is_kept_out = answer.status_code in (403, 405) or (
                target == INDEX or target.startswith(("/panel/", "/admin/", "/accounts/"))
            )
            if not is_kept_out or answer.content:
                seen.setdefault(url, []).append((answer.status_code, target))
    shown = {url: found for url, found in seen.items() if not only_says_no(found)}
    assert len(urls(prefix)) > 30
    assert not shown


def only_says_no(found: list[tuple[int, str]]) -> bool:
    return all(status in (403, 405) for status, _target in found)


def test_the_api_sees_a_member_until_then(finance, alice):
    client = by_password(finance)
    url = f"/api/users/{alice.pk}"
    assert client.get(url).status_code == 404
    assert client.get(f"/api/users/{finance.pk}").status_code == 200
    assert client.get("/api/admin/summary").status_code == 403
    assert signed_in(finance).get(url).status_code == 200


def test_staff_set_it_up_at_sign_in_and_then_work(finance, clock):
    client = Client()
    answer = client.post(
        reverse("account_login"), {"login": finance.email, "password": PASSWORD}, follow=True
    )
    assert answer.request["PATH_INFO"] == INDEX
    assert "Your role needs two-step sign-in. Set it up to go on." in text(answer)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    secret = re.search(r"\b[A-Z2-7]{32}\b", client.get(ACTIVATE).text)[0]
    client.post(ACTIVATE, {"code": code(secret)})
    assert client.get("/panel/").status_code == 200
    # Another session, from before, knows only the password.
    clock.shift(30)
    other = Client()
    other.force_login(finance)
    asked = other.get("/panel/").headers["Location"]
    assert asked == "/accounts/2fa/reauthenticate/?next=%2Fpanel%2F"
    other.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    for page in (ACTIVATE, reverse("mfa_deactivate_totp"), reverse("mfa_add_webauthn")):
        assert other.get(page).headers["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert other.post(asked, {"code": code(secret)}).headers["Location"] == "/panel/"
    assert other.get("/panel/").status_code == 200


@pytest.mark.parametrize("who", ["finance", "auditor", "operator"])
def test_staff_cannot_turn_it_off_for_themselves(request, who):
    user = request.getfixturevalue(who)
    TOTP.activate(user, generate_totp_secret())
    client, off = signed_in(user), reverse("mfa_deactivate_totp")
    assert problems(client.get(off))
    client.post(off)
    assert Authenticator.objects.filter(user=user).exists()
    own = reverse("admin:wallet_user_sign_in_help", args=[user.pk])
    client.post(own, {"reason": "I lost my phone.", "remove_two_step": "x"})
    assert Authenticator.objects.filter(user=user).exists()
    # A member may.
    user.groups.clear()
    User.objects.filter(pk=user.pk).update(is_staff=False, is_superuser=False)
    client.post(off)
    assert not Authenticator.objects.filter(user=user).exists()


def test_an_operator_resets_it_for_a_colleague_who_sets_up_a_new_one(
    as_operator, operator, finance, clock
):
    TOTP.activate(finance, generate_totp_secret())
    url = reverse("admin:wallet_user_sign_in_help", args=[finance.pk])
    page = as_operator.get(url)
    assert "Turn off two-step sign-in" in page.text
    assert "Make a password link" not in page.text
    as_operator.post(url, {"reason": "Called them back.", "remove_two_step": "x"})
    event = AuditEvent.objects.acts().get()
    assert (event.action, event.actor, event.reason) == (
        "remove_two_step",
        operator,
        "Called them back.",
    )
    sending.send_all()
    assert [finance.email] in [sent.to for sent in mail.outbox]
    assert by_password(finance).get("/panel/").headers["Location"] == INDEX
    # Who knows their password and asked for the reset can't approve anything today.
    with pytest.raises(NotAllowed, match="reset your two-step sign-in less than 24 hours ago"):
        refuse_newcomer(finance.pk)
    clock.shift(24 * 60 * 60 + 1)
    refuse_newcomer(finance.pk)
