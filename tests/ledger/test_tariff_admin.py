"""Operators write a new tariff in the admin. What is written stays as it is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from ledger.models import Tariff
from ledger.querysets import nairobi_day
from tests.factories import withdraw
from tests.ledger.support.prices import BANDS, price
from tests.pages import text
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db

ADD = reverse("admin:ledger_tariff_add")


def filled(*bands: tuple[str, str], **changes: str) -> dict[str, str]:
    form = {"purpose": "fee", "rail": "simulated", "type": "WITHDRAW", "reason": "Board, 3 May"}
    form |= {"from_date": nairobi_day().isoformat(), "bands-INITIAL_FORMS": "0"}
    form |= {"bands-TOTAL_FORMS": str(len(bands))}
    for number, (start, fee) in enumerate(bands):
        form |= {f"bands-{number}-from_cents": start, f"bands-{number}-fee_cents": fee}
    return form | changes


def test_an_operator_writes_a_tariff_that_counts_and_is_audited(as_operator, operator, alice):
    assert as_operator.get(ADD).status_code == 200
    answer = as_operator.post(ADD, filled(("1", "0"), ("101", "Ksh 5"), ("1,501.00", "9.50")))
    assert answer.status_code == 302
    tariff = Tariff.objects.get()
    assert list(tariff.bands.values_list("from_cents", "fee_cents")) == [
        (1_00, 0),
        (101_00, 5_00),
        (1_501_00, 9_50),
    ]
    assert (tariff.written_by, tariff.written_on) == (operator, nairobi_day())
    event = AuditEvent.objects.acts().get(action="change_tariff")
    assert (event.actor, event.reason) == (operator, "Board, 3 May")
    assert event.facts["bands"][1] == "from KES\u00a0101.00: KES\u00a05.00"
    assert withdraw(alice, 101_00).fee_cents == 5_00


def test_what_is_wrong_writes_nothing_and_keeps_the_input(as_operator):
    yesterday = (nairobi_day() - timedelta(days=1)).isoformat()
    for wrong, said in [
        (filled(("1", "5"), from_date=yesterday), "This day has passed."),
        (filled(("1", "5"), ("1.00", "7")), "Please correct"),
        (filled(("1", "-5")), "Enter an amount in shillings"),
        (filled(("0", "5")), "Enter an amount above zero"),
        (filled(("1", "5"), reason=""), "This field is required"),
        (filled(("1", "5"), type="TRANSFER"), "Select a valid choice"),
        (filled(("1", "5"), rail="pigeon"), "Select a valid choice"),
    ]:
        answer = as_operator.post(ADD, wrong)
        assert answer.status_code == 200
        assert said in text(answer)
    assert not Tariff.objects.exists()


def test_no_one_changes_or_deletes_a_tariff(as_operator, as_finance):
    tariff = price(*BANDS)
    shown = reverse("admin:ledger_tariff_change", args=[tariff.pk])
    said = text(as_operator.get(shown))
    for words in ("KES 500.00", "KES 25.00", "As agreed"):
        assert words in said
    assert as_operator.post(shown, filled(("1", "5"))).status_code == 403
    delete = reverse("admin:ledger_tariff_delete", args=[tariff.pk])
    assert as_operator.post(delete, {"post": "yes"}).status_code == 403
    assert as_finance.get(ADD).status_code in (302, 403)
    assert "2500" not in said
