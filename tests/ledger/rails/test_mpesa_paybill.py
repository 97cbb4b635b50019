"""From the payer's phone to the wallet: the simulator's messages through our own address."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from ledger.models import Attempt, RailEvent, Transaction
from ledger.payouts import callbacks, confirmations, worker
from tests.factories import UserFactory, balance, deposit
from tests.ledger.rails.support.samples import c2b
from tests.ledger.rails.support.wire import CALLBACK_SECRET, Wire
from tests.ledger.support.payouts import age, assert_right, suspense_cents
from wallet.models import User

MSISDN = "254712000001"

pytestmark = pytest.mark.django_db


class Site:
    """Our site and the simulator. Messages come in when `hear` is called."""

    def __init__(self, wire: Wire) -> None:
        self.wire, self.client, self.heard = wire, Client(enforce_csrf_checks=True), 0
        assert wire.rail.register_urls().outcome == "succeeded"

    def hear(self, *, backwards: bool = False) -> list[dict[str, object]]:
        """Deliver what the simulator has sent since; says how we acknowledged it."""
        self.wire.daraja.advance()
        fresh = self.wire.daraja.receiver.raw[self.heard :]
        self.heard += len(fresh)
        return [self.post(address(path), raw) for path, raw in fresh[:: -1 if backwards else 1]]

    def post(self, path: str, raw: bytes) -> dict[str, object]:
        answer = self.client.post(path, raw, content_type="application/json")
        assert answer.status_code == 200
        return answer.json()


def address(path: str) -> str:
    """The receiver strips the slashes at both ends."""
    path, mark, query = path.partition("?")
    return f"/{path.strip('/')}/{mark}{query}"


@pytest.fixture
def site(wire: Wire) -> Site:
    return Site(wire)


@pytest.fixture
def payer(wire: Wire) -> User:
    return UserFactory(phone=f"+{MSISDN}")


def number(user: User) -> str:
    return user.primary_account().number


def prompted(user: User, cents: int) -> Attempt:
    attempt = Attempt.objects.get(transaction=deposit(user, cents))
    worker.do_due()
    attempt.refresh_from_db()
    return attempt


def test_money_comes_in_by_paybill_and_by_prompt(site, payer):
    daraja = site.wire.daraja
    daraja.pay_bill(70, account=f" {number(payer).lower()} ")
    assert site.hear() == [
        {"ResultCode": "0", "ResultDesc": "Accepted"},
        {"ResultCode": 0, "ResultDesc": "Accepted"},
    ]
    assert balance(payer) == 70_00
    for backwards in (False, True):
        attempt = prompted(payer, 1_200_00)
        daraja.act("pin")
        site.hear(backwards=backwards)
        attempt.refresh_from_db()
        assert attempt.state == "SUCCEEDED"
        # Daraja: the same amount from the same phone within two minutes is refused.
        daraja.advance(300)
    assert balance(payer) == 70_00 + 2 * 1_200_00
    daraja.pay_bill(50, account="RENT")
    assert site.hear()[0] == {"ResultCode": "C2B00012", "ResultDesc": "Rejected"}
    assert suspense_cents() == 5_000
    paid = sum(row["amount"] for row in daraja.book()) * 100
    assert paid == balance(payer) + suspense_cents()
    assert MSISDN not in "".join(RailEvent.objects.values_list("body", flat=True))
    assert_right()


def test_a_large_payment_is_asked_about_first(site, payer, settings):
    settings.CONFIRM_ABOVE_CENTS = 0
    site.wire.daraja.pay_bill(20_000, account=number(payer))
    attempt = prompted(payer, 500_00)
    site.wire.daraja.act("pin")
    site.hear()
    assert balance(payer) == 0
    assert confirmations.ask_due() == 2
    site.hear()
    assert balance(payer) == 20_500_00
    attempt.refresh_from_db()
    assert attempt.state == "SUCCEEDED"
    assert_right()


def test_a_forged_one_is_asked_about_and_never_credited(site, payer, settings):
    settings.CONFIRM_ABOVE_CENTS = 0
    body = c2b(BillRefNumber=number(payer), BusinessShortCode="600992", TransAmount="9000.00")
    forged = json.dumps(body).encode()
    for _copy in range(3):
        site.post(f"/rails/{CALLBACK_SECRET}/c2b-confirmation/", forged)
    assert confirmations.ask_due() == 1
    site.hear()
    assert not Transaction.objects.exists()
    findings = RailEvent.objects.filter(is_callback=True).values_list("finding", flat=True)
    assert sorted(findings) == ["confirming"] * 3 + ["no_news"]


@pytest.mark.parametrize(
    "changes",
    [
        {"BusinessShortCode": "600111"},
        {"TransAmount": "-5"},
        {"TransAmount": "NaN"},
        {"TransAmount": None},
        {"TransID": ""},
        {"TransID": "R" * 100},
        {"TransID": ["R"]},
        {"BillRefNumber": {"a": 1}},
        {"TransAmount": "99999999999999999"},
    ],
)
def test_a_malformed_one_moves_nothing_and_is_acknowledged(site, payer, changes):
    body = c2b(**({"BillRefNumber": number(payer), "BusinessShortCode": "600992"} | changes))
    for kind in ("c2b-confirmation", "c2b-validation"):
        said = site.post(f"/rails/{CALLBACK_SECRET}/{kind}/", json.dumps(body).encode())
        assert said["ResultDesc"] in ("Accepted", "Rejected")
    age(minutes=1)
    callbacks.apply_waiting()
    assert not Transaction.objects.exists()
    assert RailEvent.objects.filter(is_callback=True).count() == 2
