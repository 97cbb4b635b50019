"""Columns, density and page size are in the URL, so that people can share and save them."""

from urllib.parse import parse_qs, urlsplit

import pytest

from adminpanel.models import SavedView
from adminpanel.reversals import operations as reversals
from ledger import operations
from tests.adminpanel.support.proposals import propose
from tests.conftest import signed_in
from tests.factories import account_id, deposit, new_key, send
from tests.pages import elements, find, htmx, is_part, problems_beside, text, words
from wallet.context import Context

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

URL = "/panel/ledger/"
LAYOUT = "/panel/ledger/layout/"
USUAL = ["Time", "Reference", "Type", "From", "To", "Amount, KES", "Status"]
ALL = [
    "time", "type", "from", "to", "amount", "status", "settled", "note", "by", "from_account",
    "to_account", "key", "reverses", "reversed_by",
]  # fmt: skip


def headings(response) -> list[str]:
    return [words(cell) for cell in elements(response, "th", scope="col")]


def rows(response) -> list[list[str]]:
    """The cells of each row, without the rows that name a day."""
    (table,) = elements(response, "table", class_="records")
    found = [list(find(row, "td")) for row in find(table, "tr")]
    return [[words(cell) for cell in cells] for cells in found if cells]


def ticked(response, name: str) -> list[str]:
    boxes = [dict(box.attributes) for box in elements(response, "input", name=name)]
    return [box["value"] for box in boxes if "checked" in box]


def test_seven_columns_are_shown_by_default(as_finance, alice):
    response = as_finance.get(URL)
    assert headings(response) == USUAL
    assert ticked(response, "columns") == ["time", "type", "from", "to", "amount", "status"]
    assert ticked(response, "size") == ["50"]
    assert ticked(response, "density") == [""]


def test_the_reference_is_always_there(as_finance, alice):
    response = as_finance.get(URL, {"columns": "amount"})
    assert headings(response) == ["Reference", "Amount, KES"]
    assert [len(row) for row in rows(response)] == [2]


def test_a_reversal_names_its_people_in_order(as_finance, alice, bob, wambui, joseph):
    record = send(alice, bob, 12_34)
    reversals.approve(Context(joseph.pk), proposal_id=propose(record, wambui).pk)
    back, there, _deposit = rows(as_finance.get(URL, {"columns": ["by"]}))
    assert back[1] == (
        "Proposed by Wambui Kariuki Approved by Joseph Kiprono Posted by Joseph Kiprono"
    )
    assert there[1] == "Alice Wanjiku"


def test_every_column_shows_what_its_heading_says(as_finance, alice, bob, finance):
    record = send(alice, bob, 12_34, key="key-of-it", description="Lunch")
    reversal = operations.reverse(Context(finance.pk, key=new_key()), transaction_id=record.pk)
    response = as_finance.get(URL, {"columns": ALL})
    assert headings(response) == [
        *USUAL, "Settled", "Note", "Created by", "From account", "To account", "Request key",
        "Reverses", "Reversed by",
    ]  # fmt: skip
    back, there, _deposit = rows(response)
    assert there[1:7] == [
        record.reference, "Transfer", "Alice Wanjiku", "Bob Otieno", "12.34", "Complete Reversed",
    ]  # fmt: skip
    accounts = [str(account_id(alice)), str(account_id(bob))]
    assert there[8:] == ["Lunch", "Alice Wanjiku", *accounts, "key-of-it", "–", reversal.reference]
    assert back[9:12] == ["Posted by Finance Person", *accounts[::-1]]
    assert back[13:] == [record.reference, "–"]
    (day,) = elements(response, "tr", class_="day-row")
    assert dict(next(find(day, "th")).attributes)["colspan"] == "15"


def test_a_cell_without_a_value_is_a_dash(as_finance, bob):
    deposit(bob, 1_00)
    (row,) = rows(as_finance.get(URL, {"columns": ["note", "from_account", "reverses"]}))
    assert row[1:] == ["–", "–", "–"]


def test_columns_need_no_query_per_row(as_finance, alice, bob, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def grow():
        for _ in range(5):
            record = send(alice, bob, 1)
            operations.reverse(Context(alice.pk, key=new_key()), transaction_id=record.pk)

    grow()
    with CaptureQueriesContext(connection) as few:
        as_finance.get(URL, {"columns": ALL})
    grow()
    with django_assert_num_queries(len(few)):
        as_finance.get(URL, {"columns": ALL})


def test_density_changes_the_table(as_finance, alice):
    assert not elements(as_finance.get(URL), "table", class_="compact")
    response = as_finance.get(URL, {"density": "compact"})
    assert elements(response, "table", class_="compact")
    assert ticked(response, "density") == ["compact"]


@pytest.mark.parametrize(
    ("asked", "field", "sentence"),
    [
        ({"columns": "salary"}, "columns", "Choose columns from the list."),
        ({"columns": ["time", "\0"]}, "columns", "Choose columns from the list."),
        ({"density": "x" * 5000}, "density", "Choose a row height from the list."),
        ({"size": "1000000"}, "size", "Choose 50, 100 or 200 rows per page."),
        ({"size": "-1"}, "size", "Choose 50, 100 or 200 rows per page."),
    ],
)
def test_an_invalid_layout_is_refused(as_finance, alice, asked, field, sentence):
    for headers in (None, htmx("ledger")):
        response = as_finance.get(URL, asked, headers=headers)
        assert response.status_code == 422
        (box,) = elements(response, id=f"layout_{field}_error")
        assert words(box) == sentence
        assert not elements(response, "table", class_="records")


@pytest.mark.parametrize("format", ["xml", "\0", "CSV", "a" * 5000])
def test_another_format_is_refused(as_finance, alice, format):
    response = as_finance.get(URL, {"format": format})
    assert response.status_code == 422
    assert "You can export the ledger as CSV only." in text(response)


def test_each_form_carries_the_values_of_the_other(as_finance, alice):
    asked = {"type": "DEPOSIT", "min": "1", "columns": ["note", "time"], "density": "compact"}
    response = as_finance.get(URL, asked)
    (filters,) = elements(response, "form", action=URL)
    (layout,) = elements(response, "form", action=LAYOUT)
    assert hidden_values(filters, "columns") == ["note", "time"]
    assert hidden_values(filters, "density") == ["compact"]
    assert hidden_values(layout, "type") == ["DEPOSIT"]
    assert hidden_values(layout, "min") == ["1"]


def hidden_values(form, name: str) -> list[str]:
    fields = [dict(field.attributes) for field in find(form, "input", name=name)]
    return [field["value"] for field in fields if field["type"] == "hidden"]


def test_clearing_the_filters_keeps_the_columns_and_vice_versa(as_finance, alice):
    response = as_finance.get(URL, {"type": "DEPOSIT", "columns": ["note", "time"]})
    links = {words(link): str(dict(link.attributes)["href"]) for link in elements(response, "a")}
    assert parse_qs(urlsplit(links["Clear filters"]).query) == {"columns": ["note", "time"]}
    answer = as_finance.post(LAYOUT, {"type": "DEPOSIT", "columns": "note", "usual": "yes"})
    assert answer.headers["Location"] == f"{URL}?type=DEPOSIT"


def test_the_url_holds_only_what_is_set(as_finance, alice):
    """The form sends more: empty fields and default values."""
    sent = {"q": "", "type": "DEPOSIT", "member": "", "size": "50", "columns": ALL[:6]}
    response = as_finance.get(URL, sent, headers=htmx("ledger"))
    assert is_part(response, "ledger")
    assert response.headers["HX-Push-Url"] == f"{URL}?type=DEPOSIT"
    assert "HX-Push-Url" not in as_finance.get(URL, sent).headers


def test_an_invalid_filter_shows_its_error_and_keeps_the_layout(as_finance, alice):
    response = as_finance.get(URL, {"min": "x", "density": "compact"})
    assert problems_beside(response, "min")
    assert ticked(response, "density") == ["compact"]


NARROW = {"columns": ["note", "time"], "density": "compact"}
CHOSEN = ["Time", "Reference", "Note"]


@pytest.mark.parametrize("headers", [None, htmx("ledger")], ids=["whole", "htmx"])
def test_the_last_layout_is_remembered(as_finance, alice, headers):
    answer = as_finance.post(LAYOUT, {"type": "DEPOSIT", "cursor": "x"} | NARROW, headers=headers)
    url = f"{URL}?type=DEPOSIT&columns=note&columns=time&density=compact&cursor=x"
    location = answer.headers["HX-Push-Url" if headers else "Location"]
    assert (answer.status_code, location) == (200 if headers else 303, url)
    page = as_finance.get(URL)
    assert headings(page) == CHOSEN
    assert elements(page, "table", class_="compact")
    assert ticked(page, "columns") == ["time", "note"]
    # The layout outlives the session, and links to other pages carry it.
    page = signed_in(page.wsgi_request.user).get(URL, {"type": "DEPOSIT"})
    assert headings(page) == CHOSEN
    links = {words(link): str(dict(link.attributes)["href"]) for link in elements(page, "a")}
    assert parse_qs(urlsplit(links["Clear filters"]).query)["columns"] == ["note", "time"]


def test_the_url_wins_over_the_remembered_layout(as_finance, alice):
    as_finance.post(LAYOUT, NARROW)
    assert headings(as_finance.get(URL, {"columns": "amount"})) == ["Reference", "Amount, KES"]
    # The URL replaces the whole layout: what it leaves out has its default.
    assert headings(as_finance.get(URL, {"density": "compact"})) == USUAL
    assert headings(as_finance.get(URL)) == CHOSEN


def test_each_person_has_a_separate_layout_and_can_reset_it(as_finance, alice, auditor):
    as_finance.post(LAYOUT, NARROW)
    assert headings(signed_in(auditor).get(URL)) == USUAL
    as_finance.post(LAYOUT, NARROW | {"usual": "yes"})
    assert headings(as_finance.get(URL)) == USUAL


def test_the_remembered_layout_is_not_a_saved_view(as_finance, alice):
    as_finance.post(LAYOUT, NARROW)
    assert not elements(as_finance.get(URL), "ul", class_="kept")
    kept = SavedView.objects.get()
    assert as_finance.post(f"/panel/ledger/views/{kept.pk}/delete/").status_code == 404


def test_a_remembered_column_that_no_longer_exists_is_ignored(as_finance, alice, finance):
    SavedView.objects.create(owner=finance, name="", query="columns=salary")
    response = as_finance.get(URL)
    assert response.status_code == 200
    assert headings(response) == USUAL


@pytest.mark.parametrize("headers", [None, htmx("ledger")], ids=["whole", "htmx"])
def test_an_invalid_layout_is_not_remembered(as_finance, alice, headers):
    response = as_finance.post(LAYOUT, {"columns": "salary", "q": "rent"}, headers=headers)
    assert response.status_code == 422
    assert "Choose columns from the list." in text(response)
    (box,) = elements(response, "input", id="id_q")
    assert dict(box.attributes)["value"] == "rent"
    assert not SavedView.objects.exists()


def test_a_wide_table_has_a_label_and_takes_keyboard_focus(as_finance, alice):
    assert not elements(as_finance.get(URL), "div", class_="broad")
    (scroller,) = elements(as_finance.get(URL, {"columns": "note"}), "div", class_="broad")
    given = dict(scroller.attributes)
    assert (given["tabindex"], given["role"]) == ("0", "region")
    assert given["aria-label"] == "Transactions, newest first"
