"""Home: a visitor sees what Nissmart is; a member sees their balance and latest transactions."""

import pytest
from django.http import HttpResponse
from django.test import Client

from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, send, withdraw
from tests.pages import (
    NO_BREAK_SPACE,
    elements,
    fields,
    find,
    htmx,
    is_part,
    is_whole_page,
    text,
    title,
    words,
)
from tests.unsettled import with_status
from wallet import operations as wallet_operations
from wallet.context import SYSTEM

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def test_a_visitor_sees_the_landing_page_without_a_query(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        response = client.get("/")
    assert is_whole_page(response)
    links = {dict(link.attributes)["href"] for link in elements(response, "a")}
    assert {"/accounts/signup/", "/accounts/login/"} <= links
    assert not elements(response, "section", id="balance")


def test_a_member_sees_their_balance_and_the_three_moves(as_alice):
    response = as_alice.get("/")
    assert is_whole_page(response)
    (balance,) = elements(response, "section", id="balance")
    assert "KES 1,000.00" in words(balance)
    links = {dict(link.attributes)["href"] for link in elements(response, "a")}
    assert {"/deposit/", "/transfer/", "/withdraw/", "/activity/", "/profile/"} <= links


def test_htmx_gets_the_balance_and_the_list_beside_it(as_alice):
    response = as_alice.get("/", headers=htmx("balance"))
    assert is_part(response, "balance")
    assert "KES 1,000.00" in text(response)
    (latest,) = elements(response, id="latest", **{"hx-swap-oob": "true"})
    assert "Deposit" in words(latest)
    assert not elements(response, "nav")


def ask_again(client, page) -> HttpResponse:
    """Poll like the page does: it sends what it shows now."""
    return client.get("/", {"seen": fields(page)["seen"]}, headers=htmx("balance"))


def announcement(response) -> str:
    (latest,) = elements(response, id="latest")
    return " ".join(dict(latest.attributes)["data-say"].replace(NO_BREAK_SPACE, " ").split())


def test_a_poll_gets_an_empty_answer_while_nothing_has_changed(as_alice):
    page = as_alice.get("/")
    again = ask_again(as_alice, page)
    assert (again.status_code, again.content) == (204, b"")


def test_only_htmx_gets_an_empty_answer(as_alice):
    seen = fields(as_alice.get("/"))["seen"]
    assert is_whole_page(as_alice.get("/", {"seen": seen}))


def test_new_transactions_update_the_balance_and_list_and_are_announced(as_alice, alice, bob):
    page = as_alice.get("/")
    send(alice, bob, 20_00)
    deposit(bob, 10_00)
    send(bob, alice, 5_50)
    fresh = ask_again(as_alice, page)
    assert "KES 985.50" in text(fresh)
    assert len(elements(fresh, "a", class_="row")) == 3
    assert announcement(fresh) == (
        "Money in: Bob O., KES 5.50, Complete. Money out: Bob O., KES 20.00, Complete."
    )
    assert ask_again(as_alice, fresh).status_code == 204


def test_the_first_row_of_an_empty_wallet_is_announced(bob, alice):
    as_bob = signed_in(bob)
    page = as_bob.get("/")
    send(alice, bob, 1_00)
    assert announcement(ask_again(as_bob, page)) == "Money in: Alice W., KES 1.00, Complete."


def test_a_row_whose_status_changes_is_announced_again(as_alice, alice):
    record = withdraw(alice, 40_00)
    with_status(record, "PENDING")
    page = as_alice.get("/")
    with_status(record, "FAILED")
    assert announcement(ask_again(as_alice, page)).startswith("Money out: Withdrawal, KES 40.00")


def test_a_fresh_page_announces_nothing(as_alice):
    assert announcement(as_alice.get("/")) == ""


def test_the_poll_does_not_contain_the_balance(as_alice, alice):
    seen = fields(as_alice.get("/"))["seen"]
    assert "100000" not in seen
    as_alice.cookies["balance"] = "hidden"
    assert "1,000.00" not in text(ask_again(as_alice, as_alice.get("/")))


@pytest.mark.parametrize("change", ["freeze", "hide"])
def test_freezing_the_wallet_or_hiding_the_balance_counts_as_a_change(as_alice, alice, change):
    page = as_alice.get("/")
    if change == "freeze":
        wallet_operations.freeze(SYSTEM, alice.primary_account().pk)
    else:
        as_alice.cookies["balance"] = "hidden"
    assert ask_again(as_alice, page).status_code == 200


def test_the_balance_keeps_polling(as_alice):
    for response in (as_alice.get("/"), as_alice.get("/", headers=htmx("balance"))):
        (balance,) = elements(response, "section", id="balance")
        asks = dict(balance.attributes)
        assert asks["hx-get"] == "/"
        assert "balance-changed from:body" in asks["hx-trigger"]
        assert asks["hx-swap"] == "outerHTML"


def test_htmx_gets_the_newest_balance(as_alice, alice, bob):
    send(alice, bob, 300_00)
    assert "KES 700.00" in text(as_alice.get("/", headers=htmx("balance")))


def test_a_new_member_sees_the_first_steps(bob):
    response = signed_in(bob).get("/")
    assert "Your wallet is ready" in text(response)
    assert "KES 0.00" in text(response)
    (steps,) = elements(response, "ol", class_="first-steps")
    verified, deposits, pin = (words(step) for step in find(steps, "li"))
    assert verified.endswith("Verify your phone number or email Done")
    assert "Make your first deposit Your money shows here" in deposits
    assert pin.endswith("Choose a PIN Done")
    assert not words(elements(response, "section", id="month")[0])


def test_home_adds_up_the_month_unless_the_balance_is_hidden(as_alice, alice, bob):
    send(alice, bob, 300_00)
    for response in (as_alice.get("/"), as_alice.get("/", headers=htmx("balance"))):
        (month,) = elements(response, "section", id="month")
        assert words(month).endswith("Money in KES 1,000.00 Money out KES 300.00")
    as_alice.cookies["balance"] = "hidden"
    assert "300.00" not in words(elements(as_alice.get("/"), "section", id="month")[0])


def test_shows_only_the_last_six_transactions(alice, bob):
    for number in range(8):
        send(alice, bob, 1_00, description=f"Note {number}")
    response = signed_in(alice).get("/")
    rows = elements(response, "a", class_="row")
    assert [f"Note {n}" in words(row) for n, row in zip(range(7, 1, -1), rows, strict=True)] == (
        [True] * 6
    )


def test_each_row_shows_the_other_person_the_direction_and_the_amount(alice, bob):
    send(alice, bob, 20_00, description="Lunch")
    withdraw(alice, 30_00)
    rows = [words(row) for row in elements(signed_in(alice).get("/"), "a", class_="row")]
    for row, shown in zip(
        rows,
        [
            ("Withdrawal", "Money out", "−KES 30.00"),
            ("Bob O.", "Money out", "−KES 20.00", "Lunch"),
            ("Deposit", "Money in", "+KES 1,000.00"),
        ],
        strict=True,
    ):
        assert all(part in row for part in shown)
    (row,) = elements(signed_in(bob).get("/"), "a", class_="row")
    assert "Alice W." in words(row)
    assert "+KES 20.00" in words(row)


def test_a_member_does_not_see_other_members_transactions(alice, bob, carol):
    send(alice, bob, 20_00, description="Secret")
    said = text(signed_in(carol).get("/"))
    for secret in ("Secret", "Alice", "Bob", "20.00"):
        assert secret not in said


def test_a_frozen_wallet_says_so(as_alice, alice):
    assert "frozen" not in text(as_alice.get("/"))
    wallet_operations.freeze(SYSTEM, alice.primary_account().pk)
    assert "Your wallet is frozen" in text(as_alice.get("/"))


def test_a_pending_withdrawal_is_shown(as_alice, alice):
    assert "On its way out" not in text(as_alice.get("/"))
    pending = with_status(withdraw(alice, 40_00), "PENDING")
    said = text(as_alice.get("/"))
    assert "On its way out KES 40.00" in said
    assert str(pending.status_badge.word) in said


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_other_methods_are_refused(as_alice, method):
    assert getattr(as_alice, method)("/").status_code == 405


def test_only_finance_gets_a_link_to_the_panel(finance, alice, operator):
    assert "Finance panel" in text(signed_in(finance).get("/"))
    for other in (alice, operator):
        assert "Finance panel" not in text(signed_in(other).get("/"))


def test_a_member_without_a_phone_number_or_surname_is_shown_too(alice):
    zawadi = UserFactory(name="Zawadi", phone=None)
    deposit(zawadi, 10_00)
    send(zawadi, alice, 1_00)
    for member in (zawadi, alice):
        assert signed_in(member).get("/").status_code == 200
    assert "Zawadi" in text(signed_in(alice).get("/"))


def test_the_navigation_marks_the_current_page(as_alice):
    for url, name in [("/", "Home"), ("/activity/", "Activity"), ("/profile/", "Profile")]:
        response = as_alice.get(url)
        assert title(response) == f"{name} · Nissmart"
        for nav in ("top-links", "bottom-bar"):
            (bar,) = elements(response, "nav", class_=nav)
            current = [words(link) for link in find(bar, "a", **{"aria-current": "page"})]
            assert current == [name]


def test_answers_a_head_request(as_alice):
    assert as_alice.head("/").status_code == 200
    assert Client().head("/").content == b""
