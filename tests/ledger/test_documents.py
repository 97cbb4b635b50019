"""A code proves what a receipt or a statement said, to anyone, and says nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger import alerts, operations
from ledger.documents import codes, issuing
from ledger.models import IssuedReceipt, IssuedStatement, Transaction
from ledger.querysets import nairobi_day
from ledger.statements import statement
from ledger.statements.issuing import issue
from ledger.statements.period import Period
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, new_key, send, withdraw
from tests.ledger.support.later import waiting_withdrawal
from tests.pages import elements, text, words
from tests.unsettled import with_status
from wallet.context import Context
from wallet.models import Delivery

pytestmark = pytest.mark.django_db

UNKNOWN = ["0000-0000-0000-0000", "x", "7KQ2-M9XD-4TRC-1VH", "%00", "ß", "O" * 300, "'--"]


def receipt_url(record: Transaction, rest: str = "") -> str:
    return f"/activity/{record.reference}/{rest}"


def this_year(user) -> statement.Statement:
    today = nairobi_day()
    return statement.of(user.primary_account(), Period(today - timedelta(300), today))


def code_on(page) -> str:
    [link] = [one for one in elements(page, "a", class_="reference") if "-" in words(one)]
    return words(link)


def test_a_receipt_has_one_code_that_says_what_it_said(alice, bob):
    record = send(alice, bob, 250_00, description="For the lawyer")
    code = code_on(signed_in(alice).get(receipt_url(record)))
    assert code_on(signed_in(bob).get(receipt_url(record))) == code
    # A later name changes nothing about what the receipt said.
    full_name, bob.name = bob.name, "Robert Kamau"
    bob.save()
    for typed in (code, code.lower().replace("-", " ").replace("0", "o")):
        found = Client().get("/verify/", {"code": typed}, follow=True)
        assert found.status_code == 200
        assert found.headers["X-Robots-Tag"] == "noindex"
        said = text(found)
        for fact in ("receipt is genuine", "KES 250.00", "From Alice W.", "To Bob O."):
            assert fact in said
    for secret in (record.reference, "lawyer", alice.phone[-6:], full_name, "750.00", "***"):
        assert secret not in said


def test_a_payment_that_went_back_leads_with_that(alice, bob, finance):
    record = send(alice, bob, 250_00)
    code = code_on(signed_in(bob).get(receipt_url(record)))
    operations.reverse(Context(finance.pk, key=new_key()), transaction_id=record.pk)
    said = text(Client().get(f"/verify/{code}/"))
    assert "Genuine, but the money went back" in said
    assert "This receipt is genuine" not in said
    for member, heading in ((alice, "Returned to you"), (bob, "Returned to Alice W.")):
        page = signed_in(member).get(receipt_url(record))
        [header] = elements(page, "header", class_="heading")
        shown = words(header)
        assert shown.startswith(heading)
        assert "Complete" not in shown
        assert "+KES" not in shown
        [mark] = elements(page, "span", class_="status-mark")
        assert "good" not in dict(mark.attributes)["class"]
        assert signed_in(member).get(receipt_url(record, "pdf/")).content.startswith(b"%PDF")


def test_only_a_payment_that_succeeded_has_a_code(alice):
    for record in (waiting_withdrawal(alice, 5_00), with_status(deposit(alice, 5_00), "FAILED")):
        page = signed_in(alice).get(receipt_url(record))
        assert "Is it genuine?" not in text(page)
        assert signed_in(alice).get(receipt_url(record, "pdf/")).status_code == 404
    assert not IssuedReceipt.objects.exists()


def test_the_rail_is_a_side_of_its_payments(alice):
    for record, sides in (
        (deposit(alice, 5_00), ("M-PESA", "Alice W.")),
        (withdraw(alice, 5_00), ("Alice W.", "M-PESA")),
    ):
        issued = issuing.receipt(record)
        assert (issued.from_name, issued.to_name) == sides


def test_a_statement_says_its_sums_by_its_code(alice, bob):
    send(alice, bob, 250_00)
    client = signed_in(alice)
    for _twice in range(2):
        assert client.get("/statement/", {"format": "pdf"}).status_code == 200
    issued = IssuedStatement.objects.get()
    said = text(Client().get(codes.path(issued.code)))
    for fact in (
        "This statement is genuine",
        "Wallet of Alice W.",
        "Opening balance KES 0.00 Money in KES 1,000.00 Money out KES 250.00 Fees KES 0.00",
        "Closing balance KES 750.00",
    ):
        assert fact in said
    assert alice.name not in said
    send(alice, bob, 1)
    client.get("/statement/", {"format": "pdf"})
    assert IssuedStatement.objects.count() == 2


def test_the_same_statement_is_the_same_file_until_its_owner_has_another_name(alice, time_machine):
    year = {"from": "2025-12-01", "to": "2026-10-31", "format": "pdf"}

    def made_on(day: str) -> bytes:
        time_machine.move_to(f"2026-11-{day}T09:00:00Z", tick=False)
        return signed_in(alice).get("/statement/", year).content

    first = made_on("16")
    assert made_on("28") == first
    alice.name = "Achieng Nyambura"
    alice.save()
    assert made_on("28") != first
    names = IssuedStatement.objects.order_by("pk").values_list("owner_name", flat=True)
    assert list(names) == ["Alice W.", "Achieng N."]


def test_every_unknown_code_gets_the_same_answer(alice, bob):
    issuing.receipt(send(alice, bob, 1_00))
    seen = set()
    for code in UNKNOWN:
        with CaptureQueriesContext(connection) as queries:
            page = Client().get(f"/verify/{code}/")
        assert page.status_code == 404
        [summary] = elements(page, "div", class_="error-summary")
        seen.add((words(summary), len(queries)))
    assert len(seen) == 1


def test_checking_codes_is_limited_by_network(settings):
    settings.CODES_CHECKED_PER_HOUR = 2
    for _each in range(2):
        assert Client().get("/verify/0000/").status_code == 404
    refused = Client().get("/verify/0000/")
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    assert Client(REMOTE_ADDR="198.51.100.7").get("/verify/0000/").status_code == 404
    empty = Client().get("/verify/", {"code": " "})
    assert (empty.status_code, "Enter the code." in text(empty)) == (422, True)


def test_a_receipt_names_its_owner_in_full_and_masks_the_other(alice, bob):
    record = send(alice, bob, 250_00)
    page = signed_in(alice).get(receipt_url(record))
    said = text(page)
    assert f"From {alice.name} 0{alice.phone[4:7]} {alice.phone[7:10]}" in said
    assert f"To Bob O. 0{bob.phone[4:7]} *** {bob.phone[-3:]}" in said
    assert bob.phone[-6:] not in said.replace(" ", "")
    buttons = [dict(one.attributes) for one in elements(page, "button")]
    [share] = [one for one in buttons if "data-share" in one]
    assert "/verify/" in share["data-share"]
    assert "from Alice W. to Bob O." in share["data-text"]
    assert alice.name not in share["data-text"]


def test_a_full_name_is_shown_by_choice_to_those_who_dealt_with_its_owner(alice, bob):
    record = send(alice, bob, 250_00)
    as_alice, as_bob = signed_in(alice), signed_in(bob)
    pages = [receipt_url(record), "/activity/", "/statement/", "/activity/?q=Otieno"]

    def shows() -> list[bool]:
        return ["Bob Otieno" in text(as_alice.get(url)) for url in pages]

    assert bob.name == "Bob Otieno"
    assert shows() == [False] * 4
    assert as_bob.post("/profile/name/shown/", {"shows_full_name": "on"}).status_code == 303
    assert "Bob Otieno" in text(as_bob.get("/profile/name/shown/"))
    assert shows() == [True] * 4
    # Not before a payment, to strangers, or where Alice shares it.
    review = {"recipient": bob.email, "amount": "5", "idempotency_key": "k"}
    for page in (
        as_alice.get("/transfer/"),
        as_alice.post("/transfer/", review),
        Client().get(f"/verify/{IssuedReceipt.objects.get().code}/"),
    ):
        assert "Bob O" in text(page)
        assert "Otieno" not in page.text
    buttons = [dict(one.attributes) for one in elements(as_alice.get(pages[0]), "button")]
    assert ["Otieno" in one["data-text"] for one in buttons if "data-share" in one] == [False]
    alerts.write_due()
    said = Delivery.objects.filter(user=alice).latest("pk").text
    assert ("Bob O." in said, "Otieno" in said) == (True, False)
    as_bob.post("/profile/name/shown/")
    assert shows() == [False] * 4


def test_a_receipt_as_pdf_is_the_parties_own_and_limited(alice, bob, settings):
    record = send(alice, bob, 250_00, description="Rent 🏠 " + "long " * 25)
    assert signed_in(UserFactory()).get(receipt_url(record, "pdf/")).status_code == 404
    assert Client().get(receipt_url(record, "pdf/")).status_code == 302
    settings.PDF_FILES_PER_HOUR = 2
    client = signed_in(alice)
    plain, with_balance = (
        client.get(receipt_url(record, f"pdf/?balance={shown}")) for shown in (0, 1)
    )
    assert plain.content.startswith(b"%PDF")
    assert len(with_balance.content) > len(plain.content)
    assert record.reference in plain.headers["Content-Disposition"]
    assert client.get(receipt_url(record, "pdf/")).status_code == 429


WRONG = [
    ("statement_adds_up", {"closing_cents": 749_99}),
    ("statement_adds_up", {"fees_cents": 1}),
    ("statement_sums_not_negative", {"fees_cents": -1, "closing_cents": 750_01}),
    ("statement_days_in_order", {"last_day": nairobi_day() - timedelta(900)}),
]


@pytest.mark.parametrize(("constraint", "wrong"), WRONG)
def test_the_database_refuses_a_statement_that_does_not_add_up(alice, bob, constraint, wrong):
    send(alice, bob, 250_00)
    right = issue(this_year(alice))
    row = IssuedStatement.objects.filter(pk=right.pk).values().get()
    row |= {"id": None, "code": "0" * 16, "through_entry": 0}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        IssuedStatement.objects.create(**row | wrong)
    IssuedStatement.objects.create(**row)


def test_the_database_refuses_a_receipt_without_names(alice, bob):
    record = send(alice, bob, 1_00)
    with pytest.raises(IntegrityError, match="receipt_names_both_sides"), transaction.atomic():
        IssuedReceipt.objects.create(transaction=record, from_name="", to_name="Bob O.")


def test_what_a_document_said_never_changes(alice, bob):
    receipt, of_year = issuing.receipt(send(alice, bob, 1_00)), issue(this_year(alice))
    for row in (receipt, of_year):
        for change in (
            lambda found: found.update(code="1" * 16),
            lambda found: found._raw_delete(found.db),
        ):
            with pytest.raises(IntegrityError, match="never"), transaction.atomic():
                change(type(row).objects.filter(pk=row.pk))
