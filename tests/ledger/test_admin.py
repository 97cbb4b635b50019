"""The admin shows the ledger to an operator, but lets no one change it."""

import pytest
from django.urls import reverse

from ledger import operations
from ledger.models import Entry, Transaction
from tests.books import assert_books_right
from tests.factories import UserFactory, deposit, funded, send
from tests.pages import elements, text
from wallet.context import Context

pytestmark = pytest.mark.django_db

LEDGER = ["transaction", "entry"]


@pytest.fixture
def record(alice, bob) -> Transaction:
    return send(alice, bob, 250_00, description="Lunch")


def row_of(model: str, record: Transaction) -> Transaction | Entry:
    return record if model == "transaction" else record.entries.get(amount_cents=250_00)


def snapshot() -> list[tuple]:
    return [*Transaction.objects.values_list(), *Entry.objects.values_list()]


@pytest.mark.parametrize("model", LEDGER)
def test_an_operator_can_read_the_ledger(as_operator, record, model):
    row = row_of(model, record)
    listed = as_operator.get(reverse(f"admin:ledger_{model}_changelist"))
    assert "KES 250.00" in text(listed)
    shown = as_operator.get(reverse(f"admin:ledger_{model}_change", args=[row.pk]))
    assert shown.status_code == 200
    assert "KES 250.00" in text(shown)


def test_a_transaction_is_shown_with_its_entries(as_operator, record):
    said = text(as_operator.get(reverse("admin:ledger_transaction_change", args=[record.pk])))
    for shown in (record.reference, "Lunch", "KES 750.00", "−KES 250.00"):
        assert shown in said


def test_a_reversal_says_posted_by_and_others_say_ordered_by(as_operator, record, alice):
    reversal = operations.reverse(Context(alice.pk), transaction_id=record.pk)
    for row, is_reversal in ((record, False), (reversal, True)):
        said = text(as_operator.get(reverse("admin:ledger_transaction_change", args=[row.pk])))
        assert ("Posted by: Alice Wanjiku" in said) is is_reversal
        assert ("Ordered by: Alice Wanjiku" in said) is not is_reversal


def test_no_page_shows_raw_cents(as_operator, record):
    for model in LEDGER:
        row = row_of(model, record)
        page = as_operator.get(reverse(f"admin:ledger_{model}_change", args=[row.pk]))
        assert "25000" not in text(page)


@pytest.mark.parametrize("model", LEDGER)
def test_an_operator_cannot_change_the_ledger(as_operator, record, model):
    row, before = row_of(model, record), snapshot()
    given = {"amount_cents": "1", "status": "FAILED", "type": "DEPOSIT", "_save": "Save"}
    for page, args in [("add", []), ("change", [row.pk]), ("delete", [row.pk])]:
        url = reverse(f"admin:ledger_{model}_{page}", args=args)
        assert as_operator.post(url, given | {"post": "yes"}).status_code == 403
        if page != "change":
            assert as_operator.get(url).status_code == 403
    assert snapshot() == before
    assert_books_right()


@pytest.mark.parametrize("model", LEDGER)
def test_the_lists_have_no_actions(as_operator, record, model):
    row, before = row_of(model, record), snapshot()
    url = reverse(f"admin:ledger_{model}_changelist")
    page = as_operator.get(url)
    assert not elements(page, "select", name="action")
    links = [dict(link.attributes)["href"] for link in elements(page, "a")]
    assert not [link for link in links if f"/ledger/{model}/" in link and "/add/" in link]
    as_operator.post(
        url, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    )
    as_operator.post(url, {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "_save": "Save"})
    assert snapshot() == before


@pytest.mark.parametrize("model", LEDGER)
def test_the_pages_have_no_save_or_delete_button(as_operator, record, model):
    page = as_operator.get(reverse(f"admin:ledger_{model}_change", args=[row_of(model, record).pk]))
    assert not elements(page, "input", name="_save")
    assert not elements(page, "a", class_="deletelink")


def test_finds_by_reference_and_by_member(as_operator, record, carol):
    deposit(carol, 77_00)
    url = reverse("admin:ledger_transaction_changelist")
    for search in (record.reference, record.reference.lower(), "Otieno"):
        said = text(as_operator.get(url, {"q": search}))
        assert record.reference in said
        assert "KES 77.00" not in said
    entries = text(
        as_operator.get(reverse("admin:ledger_entry_changelist"), {"q": record.reference})
    )
    assert "KES 250.00" in entries
    assert "KES 77.00" not in entries


@pytest.mark.parametrize("name", ["ledger_transaction", "ledger_entry", "wallet_account"])
def test_a_list_takes_a_fixed_number_of_queries(
    as_operator, alice, bob, django_assert_max_num_queries, django_assert_num_queries, name
):
    url = reverse(f"admin:{name}_changelist")
    send(alice, bob, 1_00)
    with django_assert_max_num_queries(8) as few:
        as_operator.get(url)
    for _ in range(8):
        send(alice, funded(UserFactory(), 1_00), 1_00)
    with django_assert_num_queries(len(few)):
        as_operator.get(url)
