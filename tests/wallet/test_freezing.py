"""A member freezes the wallet in one tap. Lifting that takes more, and staff's freeze even more."""

from __future__ import annotations

import re
from functools import partial

import pytest

from ledger.errors import AccountFrozen
from ledger.models import Transaction
from tests.books import assert_books_right
from tests.conftest import signed_in, staff
from tests.factories import PASSWORD, UserFactory, account_id, balance, funded, send
from tests.ledger.support.crowd import run_together
from tests.pages import elements, find, text, words
from wallet import operations
from wallet.context import SYSTEM, Context
from wallet.errors import FrozenByStaff
from wallet.models import Account, AuditEvent, Delivery, Message

pytestmark = pytest.mark.django_db

FREEZE, UNFREEZE = "/security/freeze/", "/security/unfreeze/"


def test_one_tap_freezes_and_a_proof_unfreezes(as_alice, alice, bob):
    record = send(alice, bob, 1_00)
    receipt = as_alice.get(f"/activity/{record.reference}/")
    assert elements(receipt, "a", href=FREEZE)
    assert "Freeze my wallet now" in text(as_alice.get(FREEZE))
    assert as_alice.post(FREEZE).status_code == 303
    account = Account.objects.get(user=alice)
    assert (account.is_frozen, account.frozen_by) == (True, "member")
    with pytest.raises(AccountFrozen):
        send(alice, bob, 1_00)
    assert elements(as_alice.get("/"), "a", href=UNFREEZE)
    # Again changes nothing.
    assert as_alice.post(FREEZE).status_code == 303
    as_alice.post(UNFREEZE, {"send": "1"})
    (code,) = re.findall(r"\b\d{6}\b", Delivery.objects.latest("pk").text)
    for wrong in ({"password": "wrong"}, {"code": "x"}, {}):
        given = {"password": PASSWORD, "code": code} | wrong if wrong else {}
        assert as_alice.post(UNFREEZE, given).status_code == 422
        assert Account.objects.get(user=alice).is_frozen
    assert as_alice.post(UNFREEZE, {"password": PASSWORD, "code": code}).status_code == 303
    assert send(alice, bob, 1_00)
    acts = AuditEvent.objects.acts().order_by("pk").values_list("action", "actor")
    assert list(acts) == [("freeze_own", alice.pk), ("unfreeze_own", alice.pk)]
    topics = Message.objects.filter(user=alice).order_by("pk").values_list("topic", flat=True)
    assert [each for each in topics if "frozen" in each] == ["frozen", "unfrozen"]


def test_a_member_cannot_lift_a_freeze_by_staff(as_alice, alice, operator):
    as_alice.post(FREEZE)
    operations.freeze(Context(operator.pk, reason="Stolen phone"), account_id(alice))
    with pytest.raises(FrozenByStaff):
        operations.unfreeze_own(Context(alice.pk))
    as_alice.post(FREEZE)
    assert Account.objects.get(user=alice).frozen_by == "staff"
    for answer in (as_alice.get(UNFREEZE), as_alice.post(UNFREEZE, {"send": "1"})):
        assert "Our team froze it, so only our team can unfreeze it." in text(answer)
    given = {"password": PASSWORD, "code": "123456"}
    assert as_alice.post(UNFREEZE, given).status_code == 422
    assert Account.objects.get(user=alice).is_frozen


def test_staff_see_who_is_frozen_by_whom(alice, bob, carol, wambui):
    operations.freeze_own(Context(alice.pk))
    operations.freeze(Context(wambui.pk, reason="Stolen phone"), account_id(bob))
    client = signed_in(staff("auditor"))

    def frozen_rows(client, by):
        rows = elements(client.get(f"/panel/members/?frozen={by}"), "tr")[1:]
        names = [words(next(find(row, "a"))) for row in rows]
        notes = [words(list(find(row, "span", class_="quiet"))[-1]) for row in rows]
        return list(zip(names, (note.split(",")[0] for note in notes), strict=True))

    assert frozen_rows(client, "yes") == [(bob.name, wambui.name), (alice.name, "The member")]
    assert frozen_rows(client, "member") == [(alice.name, "The member")]
    assert frozen_rows(client, "staff") == [(bob.name, wambui.name)]
    assert client.get("/panel/members/?frozen=x").status_code == 422


@pytest.mark.django_db(transaction=True)
def test_after_the_freeze_no_transfer_leaves():
    payer, payee = funded(UserFactory(), 100_00), UserFactory()
    sends = [partial(send, payer, payee, 1_00) for _each in range(12)]
    outcomes = run_together(*sends, partial(operations.freeze_own, Context(payer.pk)), *sends[:3])
    went = [each for each in outcomes if isinstance(each, Transaction)]
    assert {type(each) for each in outcomes} <= {Transaction, AccountFrozen, bool}
    assert balance(payer) == 100_00 - len(went) * 1_00
    with pytest.raises(AccountFrozen):
        send(payer, payee, 1_00)
    assert_books_right()


def test_since_when_it_is_frozen_ends_with_the_freeze(alice):
    operations.freeze(SYSTEM, account_id(alice))
    assert Account.objects.get(user=alice).frozen_at
    operations.unfreeze(SYSTEM, account_id(alice))
    assert Account.objects.get(user=alice).frozen_at is None
