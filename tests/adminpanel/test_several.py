"""One act on several rows: the page that reads them again, the reason, and each by itself."""

from __future__ import annotations

import pytest

from adminpanel.models import Incident
from tests.conftest import signed_in
from tests.pages import elements, text
from wallet.models import Account, AuditEvent

pytestmark = pytest.mark.django_db

ASSIGN, FREEZE = "/panel/incidents/assign/", "/panel/members/freeze/"


def hidden(page, name: str) -> list[str]:
    return [dict(one.attributes)["value"] for one in elements(page, "input", name=name)]


def test_several_incidents_get_one_owner(as_finance, wambui, finance):
    first, second, over = (
        Incident.objects.create(title=title, severity="LOW") for title in ("One", "Two", "Three")
    )
    Incident.objects.filter(pk=over.pk).update(
        state="RESOLVED", resolution="Paid.", resolved_at=over.opened_at
    )
    listed = as_finance.get("/panel/incidents/")
    assert set(hidden(listed, "incident")) == {str(first.pk), str(second.pk)}
    ids = [first.pk, second.pk, over.pk]
    page = as_finance.get(ASSIGN, {"incident": ids})
    assert "Left out" in text(page)
    values = hidden(page, "incident")
    refused = as_finance.post(ASSIGN, {"incident": values, "owner": wambui.pk})
    assert refused.status_code == 422
    order = {"incident": values, "owner": wambui.pk, "reason": "Her week."}
    assert as_finance.post(ASSIGN, order).status_code == 303
    owners = list(Incident.objects.order_by("pk").values_list("owner", flat=True))
    assert owners == [wambui.pk, wambui.pk, None]
    events = AuditEvent.objects.filter(action="change_incident")
    assert [event.reason for event in events] == ["Her week."] * 2
    # The page was from before: each incident has changed since.
    order |= {"owner": finance.pk}
    as_finance.post(ASSIGN, order)
    assert not Incident.objects.filter(owner=finance).exists()


def test_several_wallets_are_frozen_for_a_reason(as_finance, finance, alice, bob):
    Account.objects.filter(user=bob).update(is_frozen=True, frozen_by="staff")
    page = as_finance.get(FREEZE, {"member": [alice.pk, bob.pk, finance.pk, "x"]})
    assert hidden(page, "member") == [str(alice.pk)]
    said = text(page)
    assert "Frozen already" in said
    assert "Your own wallet" in said
    assert as_finance.post(FREEZE, {"member": [alice.pk]}).status_code == 422
    assert not alice.primary_account().is_frozen
    # Whatever the page left out is refused too.
    order = {"member": [alice.pk, finance.pk], "reason": "Stolen phones."}
    assert as_finance.post(FREEZE, order).status_code == 303
    assert alice.primary_account().is_frozen
    assert not finance.primary_account().is_frozen
    assert AuditEvent.objects.filter(action="freeze", reason="Stolen phones.").count() == 1


def test_auditors_and_support_choose_nothing(auditor):
    Incident.objects.create(title="One", severity="LOW")
    client = signed_in(auditor)
    for url, name in (("/panel/incidents/", "incident"), ("/panel/members/", "member")):
        assert hidden(client.get(url), name) == []
    for url in (ASSIGN, FREEZE):
        assert client.get(url).status_code == 403


def test_a_number_of_any_length_is_no_row(as_finance):
    for path, name in ((ASSIGN, "incident"), (FREEZE, "member")):
        assert as_finance.post(path, {name: "9" * 5000}).status_code < 500
        assert as_finance.post(path, {name: str(2**63)}).status_code < 500


def test_an_incident_with_zeros_before_its_number_is_assigned_as_seen(as_finance, wambui):
    one = Incident.objects.create(title="One", severity="LOW")
    order = {"incident": f"00{one.pk} 0", "owner": wambui.pk, "reason": "Her week."}
    assert as_finance.post(ASSIGN, order).status_code == 303
    one.refresh_from_db()
    assert one.owner == wambui
