"""Approve several payouts: chosen on the list, read again, confirmed with the password."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger.models import Approval, Attempt
from ledger.payouts import operations
from tests.adminpanel.support.payouts import LIST, fund, order, references
from tests.books import assert_books_right, nothing_moves
from tests.conftest import pass_second_factor, signed_in
from tests.factories import PASSWORD
from tests.ledger.support.payouts import decide, state
from tests.pages import elements, find, text
from wallet.context import Context
from wallet.models import AuditEvent

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approval_for_every_payout")]

SEVERAL = f"{LIST}approve/"


@pytest.fixture
def three(alice, rail) -> list[Attempt]:
    return [order(alice, cents) for cents in (10_00, 20_00, 30_00)]


def boxes(client: Client) -> list[str]:
    """What may be chosen on the list."""
    found = elements(client.get(LIST), "input", name="payout")
    return [dict(box.attributes)["value"] for box in found]


def confirm(client: Client, *attempts: Attempt):
    return client.get(SEVERAL, {"payout": references(*attempts)})


def shown(response) -> list[str]:
    """What the page's form sends."""
    (main,) = elements(response, "main")
    found = find(main, "input", name="payout")
    return [dict(each.attributes)["value"] for each in found]


def post(client: Client, values: list[str], **more):
    return client.post(SEVERAL, {"payout": values}, **more)


def test_several_are_approved_after_the_password(three, wambui):
    """A client that signed in some time ago, without JavaScript."""
    client = Client()
    client.force_login(wambui)
    pass_second_factor(client)
    assert boxes(client) == references(*three)
    page = confirm(client, *three[:2])
    assert page.status_code == 200
    assert "2 payouts, KES 30.00" in text(page)
    assert "Approve 2 payouts, KES 30.00" in text(page)
    values = shown(page)
    assert values == [f"{one.transaction.reference} {one.fingerprint}" for one in three[:2]]
    with nothing_moves():
        asked = post(client, values)
    assert "/reauthenticate/" in asked.headers["Location"]
    assert not Approval.objects.exists()
    wrong = client.post(asked.headers["Location"], {"password": "wrong"})
    assert wrong.status_code == 200
    assert not Approval.objects.exists()
    done = client.post(asked.headers["Location"], {"password": PASSWORD}, follow=True)
    assert done.redirect_chain[-1][0] == LIST
    assert "You approved 2 payouts, KES 30.00." in text(done)
    assert [state(one) for one in three] == ["READY", "READY", "HELD"]
    assert {one.fingerprint for one in Approval.objects.all()} == {
        one.fingerprint for one in three[:2]
    }
    assert AuditEvent.objects.filter(action="approve_payout", actor=wambui).count() == 2
    assert_books_right()


def test_those_that_changed_are_left_out_and_named(three, as_wambui, joseph, alice):
    refused, cancelled, _held = three
    values = shown(confirm(as_wambui, *three))
    decide(operations.refuse, joseph, refused)
    operations.cancel(Context(alice.pk), transaction_id=cancelled.transaction_id)
    said = text(post(as_wambui, values, follow=True))
    assert "You approved 1 payout, KES 30.00." in said
    assert f"{refused.transaction.reference}: This payout doesn't wait" in said
    assert "Joseph Kiprono refused it at" in said
    assert f"{cancelled.transaction.reference}: This payout doesn't wait" in said
    assert [state(one) for one in three] == ["CANCELLED", "CANCELLED", "READY"]
    again = text(confirm(as_wambui, *three))
    assert "You can't approve any of these." in again
    assert confirm(as_wambui, *three).status_code == 422


def test_each_is_approved_under_what_was_seen(three, as_wambui):
    first, second, _third = references(*three)
    values = [f"{first} {'0' * 64}", f"{second} {three[1].fingerprint}", "x", f"{first} \0"]
    said = text(post(as_wambui, values, follow=True))
    assert "You approved 1 payout, KES 20.00." in said
    assert f"{first}: This isn't the payout that you saw." in said
    assert [state(one) for one in three] == ["HELD", "READY", "HELD"]


def test_a_double_click_approves_once(three, as_wambui, joseph, settings, alice):
    settings.APPROVE_TWO_ABOVE_CENTS = 0
    twice = order(alice, 40_00)
    values = shown(confirm(as_wambui, *three, twice))
    for _click in range(2):
        said = text(post(as_wambui, values, follow=True))
        assert "You approved 4 payouts" in said
    assert [state(one) for one in (*three, twice)] == ["READY"] * 3 + ["HELD"]
    assert Approval.objects.count() == 4
    assert boxes(as_wambui) == []
    assert boxes(signed_in(joseph)) == references(twice)


def test_one_that_was_refused_after_my_approval_is_not_counted(three, as_wambui, joseph, settings):
    """Approved in one tab and refused by a colleague; then the other tab is sent."""
    settings.APPROVE_TWO_ABOVE_CENTS = 0
    refused, _second, _third = three
    values = shown(confirm(as_wambui, *three[:2]))
    post(as_wambui, values)
    decide(operations.refuse, joseph, refused)
    said = text(post(as_wambui, values, follow=True))
    assert "You approved 1 payout, KES 20.00." in said
    assert f"{refused.transaction.reference}: Joseph Kiprono refused it at" in said


def test_four_eyes_hold_for_each(three, wambui, as_wambui):
    own = order(fund(wambui), 50_00)
    assert boxes(as_wambui) == references(*three)
    page = confirm(as_wambui, own, three[0])
    assert shown(page) == [f"{three[0].transaction.reference} {three[0].fingerprint}"]
    assert "This is your own money" in text(page)
    said = text(post(as_wambui, [f"{own.transaction.reference} {own.fingerprint}"], follow=True))
    assert f"{own.transaction.reference}: This is your own money" in said
    assert state(own) == "HELD"


def test_more_payouts_do_not_need_more_queries(three, as_wambui, django_assert_num_queries):
    all_three = references(*three)
    as_wambui.get(SEVERAL, {"payout": all_three})
    with CaptureQueriesContext(connection) as for_one:
        as_wambui.get(SEVERAL, {"payout": all_three[:1]})
    with django_assert_num_queries(len(for_one)):
        as_wambui.get(SEVERAL, {"payout": all_three})


def test_without_a_choice_the_page_says_so(three, as_wambui):
    for given in ({}, {"payout": ["x", "\0", "NS-00000000"]}):
        page = as_wambui.get(SEVERAL, given)
        assert (page.status_code, shown(page)) == (200, [])
        assert "Choose at least one payout" in text(page)
    assert "No payouts were chosen" in text(post(as_wambui, [], follow=True))


def test_only_finance_approves(three, alice, auditor, operator):
    assert boxes(signed_in(auditor)) == []
    values = [f"{one.transaction.reference} {one.fingerprint}" for one in three]
    for other in (alice, auditor, operator):
        client = signed_in(other)
        assert confirm(client, *three).status_code == 403
        assert post(client, values).status_code == 403
    assert Client().get(SEVERAL).status_code == 302
    assert not Approval.objects.exists()
