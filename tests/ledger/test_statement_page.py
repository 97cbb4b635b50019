"""The page of the statement: whose it is, which days, what it says of each line."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.api.support.calls import Api, issue
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, funded, send
from tests.ledger.support.later import end, waiting_withdrawal
from tests.ledger.support.prices import price
from tests.pages import elements, text, words

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

PAGE = "/statement/"


def lines(response) -> list[str]:
    [table] = elements(response, "table")
    return [words(row) for row in elements(response, "tr")][1:] if table else []


def test_lists_each_line_with_the_balance_after_it(bob, carol):
    # The description and the balance stand twice: for narrow and for wide windows.
    deposit(bob, 500_00, description="Salary")
    price((1_00, 30_00))
    record = waiting_withdrawal(bob, 100_00)
    waiting = lines(signed_in(bob).get(PAGE))
    end(record, "FAILED")
    send(bob, carol, 20_00, description="Lunch")
    response = signed_in(bob).get(PAGE)
    assert "Withdrawal" in waiting[2]
    assert "Processing" in waiting[2]
    assert "370.00" in waiting[3]
    shown = lines(response)
    for at, parts in enumerate(
        [
            ["Opening balance", "0.00"],
            ["Deposit", "Salary", "+500.00"],
            ["Withdrawal", "M-PESA", "−100.00", "400.00"],
            ["Withdrawal fee", "−30.00", "370.00"],
            ["Withdrawal, returned", "+100.00", "470.00"],
            ["Withdrawal fee, returned", "+30.00", "500.00"],
            [carol.short_name, "***", "Lunch", "−20.00", "480.00"],
            ["Closing balance", "480.00"],
        ]
    ):
        assert all(part in shown[at] for part in parts), (shown[at], parts)
    said = text(response)
    for sum_ in ("Money in +630.00", "Money out −120.00", "Fees −30.00", "Closing balance KES 480"):
        assert sum_ in said
    assert carol.phone[-9:] not in said
    assert carol.name.split()[-1] not in said


def test_an_empty_period_opens_and_closes_the_same(alice):
    said = text(signed_in(alice).get(PAGE, {"from": "2020-02-01", "to": "2020-02-29"}))
    assert "1 to 29 February 2020" in said
    assert "Nothing moved in this period." in said


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"from": "2026-11-02", "to": "2026-11-01"}, "on or after the first one"),
        ({"from": "2025-11-01", "to": "2026-11-02"}, "up to 12 months"),
        ({"from": "2031-01-01"}, "up to today"),
        ({"from": "soon"}, "Enter a date, like 2026-11-22."),
    ],
)
@pytest.mark.parametrize("format", ["", "csv", "pdf"])
def test_wrong_days_are_kept_and_explained(alice, query, problem, format, time_machine):
    time_machine.move_to("2026-11-28T12:00:00+03:00", tick=False)
    response = signed_in(alice).get(PAGE, query | {"format": format})
    assert response.status_code == 422
    assert problem in text(response)
    for name, value in query.items():
        [field] = elements(response, "input", name=name)
        assert dict(field.attributes)["value"] == value


def test_only_the_owner_sees_it(alice, bob, client: Client):
    secret = send(alice, bob, 12_34, description="Secret").reference
    mine = signed_in(UserFactory())
    for format in ("", "csv", "pdf"):
        assert client.get(PAGE, {"format": format}).headers["Location"].startswith("/accounts/log")
        answer = mine.get(PAGE, {"format": format})
        assert answer.status_code == 200
        assert secret.encode() not in answer.getvalue()
    assert signed_in(alice).get(PAGE, {"format": "xls"}).status_code == 400


def test_a_hidden_balance_stays_hidden(alice):
    client = signed_in(funded(alice, 23_45))
    client.cookies["balance"] = "hidden"
    assert "1,023.45" not in text(client.get(PAGE)).replace("+1,023.45", "")


def test_the_pdf_file_is_one_and_is_limited(alice, settings):
    settings.PDF_FILES_PER_HOUR = 1
    note = "Rent 🏠 " + "W" * 100
    send(alice, UserFactory(name="Zoë Ŵaĩrĩmũ"), 5_00, description=note)
    client = signed_in(alice)
    answer = client.get(PAGE, {"format": "pdf"})
    assert answer.content.startswith(b"%PDF-")
    assert answer.content.count(b"/Type /Page\n") == 1
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "nissmart-statement-" in answer.headers["Content-Disposition"]
    refused = client.get(PAGE, {"format": "pdf"})
    assert refused.status_code == 429
    assert "as many PDF files as you can" in text(refused)


def test_programs_read_the_same(alice, bob):
    send(alice, bob, 100_00, description="Rent")
    api = Api({"Authorization": f"Bearer {issue(alice)}"})
    found = api.get(f"/api/statement/{alice.pk}").json()
    first, last = found["lines"]
    assert (found["opening_cents"], found["closing_cents"]) == (0, 900_00)
    assert (found["in_cents"], found["out_cents"], found["fees_cents"]) == (1_000_00, 100_00, 0)
    assert (last["amount_cents"], last["balance_after_cents"]) == (-100_00, 900_00)
    assert (first["type"], last["type"], last["description"]) == ("DEPOSIT", "TRANSFER", "Rent")
    past = {"from": "2020-01-01", "to": "2020-12-31"}
    found = api.get(f"/api/statement/{alice.pk}", **past).json()
    assert (found["from"], found["to"], found["lines"]) == ("2020-01-01", "2020-12-31", [])
    assert api.get(f"/api/statement/{alice.pk}?from=&to=").json()["closing_cents"] == 900_00
    for wrong in ({"from": "2020-02-30"}, {"from": "2020-01-01", "to": "2021-06-01"}):
        answer = api.get(f"/api/statement/{alice.pk}", **wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
