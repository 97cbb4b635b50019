"""Only the two people whose money moved can open a receipt."""

import pytest
from django.test import Client

from ledger.models import Transaction
from tests.conftest import signed_in
from tests.factories import UserFactory, account_id, deposit, funded, send, withdraw
from tests.pages import elements, htmx, is_whole_page, text, title, words
from tests.unsettled import with_status

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def url(record: Transaction) -> str:
    return f"/activity/{record.reference}/"


@pytest.fixture
def sent(alice, bob) -> Transaction:
    return send(alice, bob, 250_00, description="Lunch")


def test_each_party_sees_the_receipt_from_their_side(sent, alice, bob):
    deposit(bob, 5_00)
    for member, said_first, signed, other, after in [
        (alice, "Sent to Bob O.", "−KES 250.00", "To Bob O.", "750.00"),
        (bob, "Alice W. sent you", "+KES 250.00", "From Alice W.", "250.00"),
    ]:
        response = signed_in(member).get(url(sent))
        assert is_whole_page(response)
        said = text(response)
        for shown in (said_first, signed, other, f"Balance after KES {after}", "Lunch", "Fee"):
            assert shown in said, (member, shown)
        assert sent.reference in title(response)
        assert "Complete" in said


@pytest.mark.parametrize(
    ("make", "heading", "signed", "after"),
    [
        (deposit, "Deposit to your wallet", "+KES 50.00", "1,050.00"),
        (withdraw, "Withdrawal from your wallet", "−KES 50.00", "950.00"),
    ],
)
def test_a_deposit_and_a_withdrawal_have_a_receipt_too(alice, make, heading, signed, after):
    said = text(signed_in(alice).get(url(make(alice, 50_00))))
    for shown in (heading, signed, f"Balance after KES {after}", "Test mode"):
        assert shown in said


def test_the_balance_after_does_not_change_later(sent, alice, bob):
    send(alice, bob, 100_00)
    assert "Balance after KES 750.00" in text(signed_in(alice).get(url(sent)))


def test_the_time_is_in_nairobi(alice, time_machine):
    time_machine.move_to("2026-12-31T21:30:00+00:00", tick=False)
    record = deposit(alice, 1_00)
    assert "1 Jan 2027, 00:30" in text(signed_in(alice).get(url(record)))


def test_neither_side_sees_the_others_phone_number(sent, alice, bob):
    for reader, other, surname in ((alice, bob, "Otieno"), (bob, alice, "Wanjiku")):
        page = signed_in(reader).get(url(sent))
        for secret in (other.email, other.phone, other.phone[-6:], surname):
            assert secret not in text(page)


def test_a_stranger_gets_not_found(sent, carol, finance, auditor, operator):
    for stranger in (carol, finance, auditor, operator):
        client = signed_in(funded(stranger, 10_00))
        for headers in (None, htmx("receipt")):
            assert client.get(url(sent), headers=headers).status_code == 404
        answer = client.get(url(sent))
        assert "We couldn't find that page" in text(answer)
        assert answer.content == client.get("/activity/NS-00000000/").content


def test_a_visitor_is_sent_to_sign_in(sent, client):
    assert client.get(url(sent)).headers["Location"] == f"/accounts/login/?next={url(sent)}"
    headers = client.get(url(sent), headers=htmx()).headers
    assert headers["HX-Redirect"] == f"/accounts/login/?next={url(sent)}"


@pytest.mark.parametrize(
    "reference",
    [
        "NS-00000000",
        "ns-00000000",
        "x",
        "1",
        "-1",
        "NS-%00",
        "%00",
        "%F0%9F%92%B8",
        "a" * 3000,
        "%25",
        "'",
    ],
)
def test_an_unknown_or_invalid_reference_is_not_found(as_alice, reference):
    assert as_alice.get(f"/activity/{reference}/").status_code == 404


def test_other_methods_are_refused(sent, as_alice):
    for method in ("post", "put", "patch", "delete"):
        assert getattr(as_alice, method)(url(sent)).status_code == 405


def test_announces_that_the_balance_has_changed(sent, as_alice):
    (article,) = elements(as_alice.get(url(sent)), "article")
    assert dict(article.attributes)["data-announce"] == "balance-changed"


def test_a_pending_withdrawal_is_not_called_complete(as_alice, alice):
    record = with_status(withdraw(alice, 40_00), "PENDING")
    response = as_alice.get(url(record))
    assert "Processing" in text(response)
    assert "Complete" not in text(response)
    undone = [words(step) for step in elements(response, "li") if "Not yet" in words(step)]
    assert len(undone) == 1


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (withdraw, "KES 40.00 is back in your wallet."),
        (deposit, "Nothing was added to your wallet."),
    ],
)
def test_a_failed_transaction_does_not_look_complete(as_alice, alice, make, sentence):
    response = as_alice.get(url(with_status(make(alice, 40_00), "FAILED")))
    said = text(response)
    assert "Did not go through" in said
    assert sentence in said
    assert "Complete" not in said
    (figure,) = elements(response, "p", class_="figure")
    assert words(figure) == "KES 40.00"


def test_every_link_on_a_receipt_works(sent, alice):
    client = signed_in(alice)
    links = {dict(link.attributes)["href"] for link in elements(client.get(url(sent)), "a")}
    # The latter is for people whose session has ended.
    for link in links - {"#main", "/accounts/login/"}:
        assert client.get(link).status_code == 200, link


def test_each_receipt_shows_its_own_amount(alice, bob):
    records = [send(alice, bob, cents) for cents in (1, 2, 3)]
    client = signed_in(bob)
    for record in records:
        assert f"+KES 0.0{record.amount_cents}" in text(client.get(url(record)))


def test_a_receipt_still_opens_after_the_other_party_has_closed(sent, alice, bob):
    bob.is_active = False
    bob.save()
    assert signed_in(alice).get(url(sent)).status_code == 200
    assert Client().get(url(sent)).status_code == 302


def test_an_id_does_not_open_a_receipt(sent, as_alice, bob):
    assert UserFactory().pk
    for number in (sent.pk, account_id(bob)):
        assert as_alice.get(f"/activity/{number}/").status_code == 404
