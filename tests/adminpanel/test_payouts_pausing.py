"""The switch that pauses payouts, and its banner on every page of the panel."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import Pause
from ledger.payouts import operations
from ledger.querysets import NAIROBI
from tests.adminpanel.support.payouts import LIST, PAUSE, approve, buttons, url
from tests.conftest import signed_in
from tests.ledger.support.payouts import acts, by
from tests.pages import elements, htmx, is_part, is_whole_page, problems, text, words
from wallet.context import SYSTEM

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approval_for_every_payout")]

BOTH = [None, htmx("pausing")]
REASON = "M-PESA answers late."
ALL = {"pause-rail": "", "pause-reason": REASON, "pause-until": ""}


def lift_url(pause: Pause, act: str = "lift") -> str:
    return f"{LIST}pauses/{pause.pk}/{act}/"


def banners(response) -> list[str]:
    return [words(one) for one in elements(response, "section", class_="paused")]


@pytest.fixture
def pause(wambui) -> Pause:
    return operations.pause(by(wambui, REASON))


@pytest.mark.parametrize("headers", BOTH)
def test_finance_pauses_all_payouts(as_wambui, wambui, headers):
    response = as_wambui.post(PAUSE, ALL, headers=headers)
    assert response.headers["HX-Redirect" if headers else "Location"] == LIST
    made = Pause.objects.get()
    assert (made.rail, made.reason, made.paused_by, made.until) == ("", REASON, wambui, None)
    assert "All payouts are paused." in text(as_wambui.get(LIST))
    as_wambui.post(PAUSE, ALL, headers=headers)
    assert "You paused these payouts before. Nothing changed." in text(as_wambui.get(LIST))
    assert acts() == ["pause_payouts"]


def test_finance_pauses_one_rail_until_a_time(as_wambui):
    until = (timezone.now() + timedelta(hours=3)).astimezone(NAIROBI).replace(second=0)
    given = ALL | {"pause-rail": "mpesa", "pause-until": f"{until:%Y-%m-%dT%H:%M}"}
    assert as_wambui.post(PAUSE, given).status_code == 303
    made = Pause.objects.get()
    assert (made.rail, made.until) == ("mpesa", until.replace(microsecond=0))
    (banner,) = banners(as_wambui.get(LIST))
    assert banner.startswith("M-PESA: payouts are paused since")
    assert f"They resume by themselves on {until.day}" in banner


@pytest.mark.parametrize("headers", BOTH)
@pytest.mark.parametrize(
    "wrong",
    [
        {"pause-reason": ""},
        {"pause-reason": "late"},
        {"pause-rail": "pigeon"},
        {"pause-until": "tomorrow"},
        {"pause-until": "2020-01-01T10:00"},
    ],
)
def test_a_wrong_form_pauses_nothing_and_is_kept(as_wambui, wrong, headers):
    response = as_wambui.post(PAUSE, ALL | wrong, headers=headers)
    assert response.status_code == 422
    assert is_part(response, "pausing") if headers else is_whole_page(response)
    assert len(problems(response)) == 1
    if "pause-reason" not in wrong:
        assert REASON in response.text
    (menu,) = elements(response, "details", class_="menu")
    assert "open" in dict(menu.attributes)
    assert not Pause.objects.exists()


def test_every_page_of_the_panel_has_the_banner(pause, held, auditor, alice, rail):
    client = signed_in(auditor)
    pages = ["", "activity/", "ledger/", "payouts/", "reversals/", "accounts/", "members/"]
    pages += ["incidents/", "integrity/", "audit/", "search/?q=x"]
    for there in [f"/panel/{page}" for page in pages] + [url(held)]:
        (banner,) = banners(client.get(there))
        assert "by Wambui Kariuki: “M-PESA answers late.”" in banner, there
        assert "Approved payouts wait. None is sent." in banner
    assert banners(signed_in(alice).get("/")) == []


def test_the_banner_goes_when_the_time_has_come(as_wambui, wambui, time_machine):
    now = timezone.now()
    operations.pause(by(wambui), until=now + timedelta(minutes=1))
    assert len(banners(as_wambui.get(LIST))) == 1
    time_machine.move_to(now + timedelta(minutes=2))
    assert banners(as_wambui.get(LIST)) == []


def test_a_pause_by_the_system_says_so(as_wambui):
    operations.pause(SYSTEM.because("Check failed: debits equal credits"))
    (banner,) = banners(as_wambui.get(LIST))
    assert "by Nissmart: “Check failed: debits equal credits”" in banner


def test_an_approval_while_paused_says_that_it_waits(pause, held, as_wambui):
    approve(as_wambui, held)
    assert "Approved. It will be sent when payouts resume." in text(as_wambui.get(url(held)))


def test_one_proposes_to_resume_and_another_resumes(pause, wambui, joseph):
    one, two = signed_in(wambui), signed_in(joseph)
    assert "Propose to resume" in buttons(one.get(LIST))
    assert one.post(lift_url(pause, "propose")).headers["Location"] == LIST
    own, other = one.get(LIST), two.get(LIST)
    assert "You proposed to resume them." in banners(own)[0]
    assert "Resume payouts" not in buttons(own)
    assert "Wambui Kariuki proposed to resume them." in banners(other)[0]
    assert "Resume payouts" in buttons(other)
    refused = one.post(lift_url(pause))
    assert refused.status_code == 403
    assert "You proposed this, so a colleague decides it." in text(refused)
    assert two.post(lift_url(pause)).status_code == 303
    assert "Payouts are resumed." in text(two.get(LIST))
    assert banners(two.get(LIST)) == []
    assert acts() == ["pause_payouts", "propose_lift", "lift_pause"]


def test_a_second_click_resumes_once(pause, wambui, joseph):
    for _ in range(2):
        signed_in(wambui).post(lift_url(pause, "propose"))
    client = signed_in(joseph)
    for _ in range(2):
        assert client.post(lift_url(pause)).status_code == 303
    assert "You resumed payouts before. Nothing changed." in text(client.get(LIST))
    assert acts() == ["pause_payouts", "propose_lift", "lift_pause"]


def test_who_comes_too_late_to_resume_reads_so(pause, wambui, joseph, finance):
    operations.propose_lift(by(wambui), pause_id=pause.pk)
    operations.lift(by(joseph), pause_id=pause.pk)
    for act in ("propose", "lift"):
        response = signed_in(finance).post(lift_url(pause, act))
        assert response.status_code == 409
        assert "Payouts were resumed before." in text(response)


def test_no_one_resumes_what_no_one_proposed(pause, as_wambui):
    response = as_wambui.post(lift_url(pause))
    assert response.status_code == 422
    assert "A colleague has to propose this first." in text(response)


def test_only_finance_has_the_switch(pause, auditor, alice, operator):
    page = signed_in(auditor).get(LIST)
    assert not buttons(page) & {"Pause payouts", "Propose to resume"}
    for other in (auditor, alice, operator):
        client = signed_in(other)
        for there in (PAUSE, lift_url(pause, "propose"), lift_url(pause)):
            assert client.post(there, ALL).status_code == 403
    assert acts() == ["pause_payouts"]


def test_an_unknown_pause_is_not_found(as_wambui):
    for act in ("propose", "lift"):
        assert as_wambui.post(f"{LIST}pauses/999/{act}/").status_code == 404


def test_the_audit_leads_to_the_payouts(pause, as_wambui):
    links = {
        dict(link.attributes)["href"] for link in elements(as_wambui.get("/panel/audit/"), "a")
    }
    assert LIST in links
