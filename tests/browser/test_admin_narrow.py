"""Django admin fits a narrow phone: no field or value runs past its card."""

from __future__ import annotations

import pytest

from ledger.models import Attempt
from tests.factories import withdraw

pytestmark = [pytest.mark.any_engine, pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Fields, labels and cells that run past their card.
PAST_THE_CARD = """() => [...document.querySelectorAll(".module .form-row *, .payment-settings *")]
  .filter((one) => one.getBoundingClientRect().width)
  .filter((one) => one.getBoundingClientRect().right
    > one.closest(".module").getBoundingClientRect().right)
  .map((one) => `${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 20)}`)"""


def test_no_field_runs_past_its_card(open_page, operator, alice, settings):
    settings.MPESA_CALLBACK_BASE_URL = f"https://{'pay' * 30}.example.com"
    settings.APPROVE_ONE_ABOVE_CENTS = 0
    attempt = Attempt.objects.get(transaction=withdraw(alice, 5_00))
    page = open_page(operator)
    page.set_viewport_size({"width": 360, "height": 740})
    for there in (f"wallet/user/{alice.pk}", f"ledger/attempt/{attempt.pk}", "payments"):
        page.goto(f"/admin/{there}/{'' if there == 'payments' else 'change/'}")
        assert page.evaluate("document.documentElement.scrollWidth") == 360, there
        assert page.evaluate(PAST_THE_CARD) == [], there
