"""The export holds every filtered transaction once, without formulas, and is audited."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import datetime

import pytest
from django.core.management import call_command
from django.http import QueryDict
from django.utils.http import urlencode

from adminpanel.ledger.explorer import Explorer
from adminpanel.ledger.export import lines
from adminpanel.reversals import operations as reversals
from ledger import operations
from ledger.models import Transaction
from ledger.querysets import NAIROBI
from tests.adminpanel.support.explored import make_varied_history, matching, read_all, subsets
from tests.adminpanel.support.proposals import propose
from tests.conftest import signed_in
from tests.factories import UserFactory, account_id, deposit, funded, send, withdraw
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.ledger.test_csv_export import formulas
from tests.pages import elements, htmx, text, words
from wallet.context import Context
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db

URL = "/panel/ledger/"
HEADINGS = [
    "reference", "id", "type", "status", "ordered_at", "settled_at", "currency", "amount",
    "from_name", "from_account", "to_name", "to_account", "note", "ordered_by", "request_key",
    "reverses", "proposed_by", "approved_by", "posted_by", "rail", "fee",
    "receipt", "failure_code", "failure",
]  # fmt: skip


def export(client, **filters) -> list[dict[str, str]]:
    query = {name.rstrip("_"): value for name, value in filters.items()} | {"format": "csv"}
    response = client.get(URL, query)
    assert response.status_code == 200
    assert response.streaming
    content = b"".join(response.streaming_content).decode("utf-8-sig")
    assert content.count("\r\n") >= 1
    head, *rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    assert head == HEADINGS
    assert all(len(row) == len(HEADINGS) for row in rows)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_every_cell_matches_the_ledger(as_finance, alice, bob, finance, time_machine):
    time_machine.move_to("2026-11-24T21:00:00Z", tick=False)
    record = send(alice, bob, 1_234_5, key="key-1", description="Lunch, and tea")
    reversal = operations.reverse(Context(finance.pk, key="key-2"), transaction_id=record.pk)
    cash = withdraw(alice, 5, key="key-3")
    out, back, sent, _opening = export(as_finance)
    wallets = [str(account_id(alice)), str(account_id(bob))]
    assert list(sent.values()) == [
        record.reference, str(record.pk), "TRANSFER", "SUCCESS",
        "2026-11-25 00:00:00", "2026-11-25 00:00:00", "KES", "123.45",
        "Alice Wanjiku", wallets[0], "Bob Otieno", wallets[1], "Lunch, and tea",
        "Alice Wanjiku", "key-1", "", "", "", "", "", "0.00", "", "", "",
    ]  # fmt: skip
    assert (back["type"], back["reverses"]) == ("REVERSAL", record.reference)
    assert (back["reference"], back["ordered_by"]) == (reversal.reference, "")
    people = [back[name] for name in ("proposed_by", "approved_by", "posted_by")]
    assert people == ["", "", "Finance Person"]
    assert (out["reference"], out["amount"]) == (cash.reference, "0.05")
    assert (out["to_name"], out["to_account"]) == ("Simulated rail", "")
    assert (out["rail"], back["rail"]) == ("simulated", "")


def test_a_reversal_names_its_people(as_finance, alice, bob, wambui, joseph):
    """The people of an earlier, denied proposal are left out."""
    record = send(alice, bob, 50_00)
    reversals.deny(Context(wambui.pk), proposal_id=propose(record, joseph).pk)
    reversals.approve(Context(joseph.pk), proposal_id=propose(record, wambui).pk)
    back, *others = export(as_finance)
    names = ("ordered_by", "proposed_by", "approved_by", "posted_by")
    assert [back[name] for name in names] == [
        "", "Wambui Kariuki", "Joseph Kiprono", "Joseph Kiprono",
    ]  # fmt: skip
    assert {row[name] for row in others for name in names[1:]} == {""}


def test_names_match_those_on_the_page(as_finance, alice, bob):
    send(alice, bob, 1_00)
    for row in export(as_finance):
        record = Transaction.objects.get(reference=row["reference"])
        assert (row["from_name"], row["to_name"]) == (record.source_name, record.target_name)


def test_the_export_holds_the_filtered_transactions(
    as_finance, bob, finance, time_machine, subtests
):
    amina = UserFactory(name="Amina Ali")
    make_varied_history(amina, bob, finance, lambda at: time_machine.move_to(at, tick=False))
    time_machine.move_to("2026-11-25T06:00:00Z", tick=False)
    everything = read_all()
    for filters in subsets([0, 1, 7, 8]):
        with subtests.test(filters=filters):
            wanted = [record.reference for record in matching(filters, amina, everything)]
            # The cursor, the page size and the columns don't change the file.
            more = {"cursor": wanted[-1] if wanted else "", "size": "50", "columns": "note"}
            assert [row["reference"] for row in export(as_finance, **filters, **more)] == wanted


def test_days_are_in_nairobi_time(as_finance, alice, time_machine):
    for moment in ("2026-11-20T20:59:59Z", "2026-11-20T21:00:00Z", "2026-11-21T20:59:59Z"):
        time_machine.move_to(moment, tick=False)
        deposit(alice, 1_00)
    time_machine.move_to("2026-11-25T06:00:00Z", tick=False)
    rows = export(as_finance, from_="2026-11-21", to="2026-11-21")
    assert [row["ordered_at"] for row in rows] == [
        "2026-11-21 23:59:59",
        "2026-11-21 00:00:00",
    ]


def test_nasty_names_and_notes_make_no_formula(as_finance):
    names = [
        "=1+1",
        '+cmd|"/c calc"!A1',
        " -2",
        "@SUM(A1)",
        "＝A1",
        'A "quoted", name',
        "Ali; DROP",
    ]
    people = [funded(UserFactory(name=name), 10_000_00) for name in names]
    notes = ["=HYPERLINK(1)", "－1", "  +1", 'tea, "milk"', "plain"]
    # Each name meets each note twice.
    number_of_rows = 1_000 if IS_NIGHTLY else 70
    for number in range(number_of_rows):
        source, target = people[number % 7], people[(number + 1) % 7]
        send(source, target, 1_00, description=notes[number % 5], key=f"={number}")
    rows = export(as_finance, type="TRANSFER")
    assert len(rows) == number_of_rows
    assert formulas([list(row.values()) for row in rows]) == []
    records = Transaction.objects.in_bulk(
        [row["reference"] for row in rows], field_name="reference"
    )
    for row in rows:
        record = records[row["reference"]]
        for cell, held in [
            (row["from_name"], record.source_name),
            (row["note"], record.description),
            (row["request_key"], record.idempotency_key),
        ]:
            assert cell in (held, f"'{held}")
    assert {row["amount"] for row in rows} == {"1.00"}


def test_an_export_is_audited_once_before_the_first_row_is_sent(as_finance, finance, alice, bob):
    record = send(alice, bob, 5_00)
    asked = {"type": "TRANSFER", "min": "1", "member": "alice"}
    response = as_finance.get(
        URL, asked | {"format": "csv", "columns": "note"}, REMOTE_ADDR="203.0.113.9"
    )
    (event,) = AuditEvent.objects.acts().all()
    assert (event.action, event.subject) == (AuditEvent.Action.EXPORT, "ledger")
    assert (event.actor, event.ip_address) == (finance, "203.0.113.9")
    assert event.facts == {"filters": asked, "through_id": record.pk}
    b"".join(response.streaming_content)
    assert AuditEvent.objects.acts().count() == 1


def test_auditors_export_too_and_others_do_not(auditor, alice, operator):
    assert len(export(signed_in(auditor))) == 1
    assert AuditEvent.objects.acts().get().actor == auditor
    for other in (alice, operator):
        assert signed_in(other).get(URL, {"format": "csv"}).status_code == 403
    assert AuditEvent.objects.acts().count() == 1


@pytest.mark.any_engine
def test_a_head_request_exports_nothing(as_finance, alice):
    response = as_finance.head(URL, {"format": "csv"})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.content == b""
    assert not AuditEvent.objects.acts().exists()


@pytest.mark.any_engine
@pytest.mark.parametrize(
    "headers",
    [{"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}, {"X-Moz": "prefetch"}],
)
def test_a_browser_that_prefetches_gets_nothing(as_finance, alice, headers):
    response = as_finance.get(URL, {"format": "csv"}, headers=headers)
    assert response.status_code == 403
    assert not AuditEvent.objects.acts().exists()


@pytest.mark.any_engine
@pytest.mark.parametrize("asked", [{"min": "x"}, {"type": "GIFT"}, {"q": "\0"}, {"size": "7"}])
def test_invalid_filters_give_the_page_and_no_file(as_finance, alice, asked):
    response = as_finance.get(URL, asked | {"format": "csv"})
    assert response.status_code == 422
    assert response.headers["Content-Type"].startswith("text/html")
    assert "Check the filters" in text(response)
    assert not AuditEvent.objects.acts().exists()


@pytest.mark.any_engine
def test_the_page_offers_an_export_with_its_filters(as_finance, alice):
    page = as_finance.get(URL, {"type": "DEPOSIT", "columns": "note", "cursor": "NS-00000000"})
    assert "Export CSV" not in text(page)
    page = as_finance.get(URL, {"type": "DEPOSIT", "columns": "note"}, headers=htmx("ledger"))
    (link,) = [each for each in elements(page, "a") if words(each) == "Export CSV"]
    assert dict(link.attributes)["href"] == f"{URL}?type=DEPOSIT&format=csv"
    assert "hx-get" not in dict(link.attributes)


@pytest.mark.any_engine
def test_an_export_without_rows_has_headings(as_finance, alice):
    assert export(as_finance, q="no such thing") == []


def test_transactions_made_during_an_export_are_not_in_it(alice, bob):
    before = [send(alice, bob, 1_00).reference for _ in range(7)][::-1]
    explorer = Explorer(QueryDict(urlencode({"type": "TRANSFER"})))
    listed = []
    for line in lines(explorer.records(), Transaction.objects.last_id(), batch=2):
        listed.append(line.reference)
        send(alice, bob, 1_00)
    assert listed == before


def test_the_batch_size_does_not_change_the_list(alice, bob):
    for _ in range(7):
        send(alice, bob, 1_00)
    everything = list(lines(Transaction.objects.all(), Transaction.objects.last_id()))
    assert len(everything) == 8
    for batch in (1, 2, 4, 8, 9):
        assert (
            list(lines(Transaction.objects.all(), Transaction.objects.last_id(), batch=batch))
            == everything
        )


@pytest.mark.slow
def test_memory_is_flat(as_finance):
    """Twice the rows, or three times, need only the memory of a few batches."""
    peaks = []
    for transactions in (3_000, 6_000) if IS_NIGHTLY else (2_000, 2_000):
        call_command(
            "generate_history", "--members=20", f"--transactions={transactions}", verbosity=0
        )
        peaks.append(peak_of_export(as_finance))
    assert peaks[1] < 1.3 * peaks[0]
    assert peaks[1] < 12 * 2**20


def peak_of_export(client) -> int:
    """Peak memory while all rows are sent, in bytes."""
    response = client.get(URL, {"format": "csv"})
    tracemalloc.start()
    try:
        size = sum(map(len, response.streaming_content))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 100 * Transaction.objects.count()
    return peak


def test_exported_times_can_be_read_back(as_finance, alice):
    (row,) = export(as_finance)
    record = Transaction.objects.get(reference=row["reference"])
    at = datetime.fromisoformat(row["ordered_at"]).replace(tzinfo=NAIROBI)
    assert at == record.created_at.replace(microsecond=0)
