"""Staff freeze a member's wallet alone, and unfreeze it in two."""

from __future__ import annotations

import pytest

from adminpanel.models import Unfreezing
from tests.adminpanel.support.members import REASON, page_of
from tests.conftest import signed_in, staff
from tests.factories import account_id, deposit
from tests.ledger.support.crowd import hold_accounts, wait_at_most
from tests.pages import htmx, problems, text
from wallet import operations as wallet_operations
from wallet.context import SYSTEM, Context
from wallet.models import Account, AuditEvent

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


def test_one_person_freezes_and_two_unfreeze(as_finance, amina, brian, finance):
    deposit(amina, 100_00)
    second = staff("finance", "Second Person")
    steps = (
        (finance, "freeze", True, "is frozen", "freeze"),
        (finance, "unfreeze", True, "A colleague must confirm", "propose_unfreeze"),
        (finance, "unfreeze", True, "A colleague must confirm", "propose_unfreeze"),
        (second, "unfreeze", False, "no longer frozen", "unfreeze"),
    )
    for actor, act, is_frozen, said, recorded in steps:
        client = signed_in(actor)
        answer = client.post(page_of(amina, act), {"reason": REASON})
        assert (answer.status_code, answer.headers["Location"]) == (303, page_of(amina))
        assert said in text(client.get(page_of(amina)))
        assert Account.objects.get(user=amina).is_frozen is is_frozen
        event = AuditEvent.objects.acts().first()
        assert (event.action, event.subject) == (recorded, f"member {amina.pk}")
        assert (event.reason, event.actor, event.ip_address) == (REASON, actor, "127.0.0.1")
    assert AuditEvent.objects.acts().count() == 3
    made = Unfreezing.objects.get()
    assert (made.state, made.proposed_by, made.decided_by) == ("POSTED", finance, second)


def test_a_colleague_may_keep_it_frozen_and_the_proposer_withdraw(as_finance, amina, finance):
    second = signed_in(staff("finance", "Second Person"))
    wallet_operations.freeze(SYSTEM, account_id(amina))
    for client, state in ((second, "DENIED"), (as_finance, "WITHDRAWN")):
        as_finance.post(page_of(amina, "unfreeze"), {"reason": REASON})
        assert f"{finance.name} proposes to unfreeze it: {REASON}" in text(
            client.get(page_of(amina))
        )
        assert client.post(page_of(amina, "keep-frozen"), {"reason": "x"}).status_code == 422
        assert client.post(page_of(amina, "keep-frozen"), {"reason": REASON}).status_code == 303
        assert Unfreezing.objects.latest("pk").state == state
        assert client.post(page_of(amina, "keep-frozen"), {"reason": REASON}).status_code == 409
    assert Account.objects.get(user=amina).is_frozen


def test_a_proposal_about_an_earlier_freeze_counts_no_longer(as_finance, amina):
    account = account_id(amina)
    second = signed_in(staff("finance", "Second Person"))
    wallet_operations.freeze_own(Context(amina.pk))
    as_finance.post(page_of(amina, "unfreeze"), {"reason": REASON})
    wallet_operations.freeze(SYSTEM, account)
    second.post(page_of(amina, "unfreeze"), {"reason": REASON})
    assert Account.objects.get(pk=account).is_frozen
    assert list(Unfreezing.objects.values_list("state", flat=True)) == ["PROPOSED", "WITHDRAWN"]


def test_a_newcomer_is_not_the_second_person(as_finance, amina, operator):
    wallet_operations.freeze(SYSTEM, account_id(amina))
    as_finance.post(page_of(amina, "unfreeze"), {"reason": REASON})
    newcomer = staff("finance", "New Person")
    AuditEvent.objects.create(
        action="change_person",
        subject=f"member {newcomer.pk}",
        actor=operator,
        facts={"before": {"groups": []}, "after": {"groups": ["finance"]}},
    )
    answer = signed_in(newcomer).post(page_of(amina, "unfreeze"), {"reason": REASON})
    assert answer.status_code == 403
    assert Account.objects.get(user=amina).is_frozen


def test_an_act_that_was_done_already_says_so(as_finance, amina):
    for act, said in (
        ("unfreeze", "wasn't frozen"),
        ("freeze", "is frozen"),
        ("freeze", "already"),
    ):
        as_finance.post(page_of(amina, act), {"reason": REASON})
        assert said in text(as_finance.get(page_of(amina)))
    assert AuditEvent.objects.acts().count() == 1


def test_htmx_is_sent_to_the_page_after_a_change(as_finance, amina):
    answer = as_finance.post(page_of(amina, "freeze"), {"reason": REASON}, headers=htmx("freezing"))
    assert answer.headers["HX-Redirect"] == page_of(amina)
    assert "Unfreeze this wallet" in text(as_finance.get(page_of(amina)))


def test_staff_cannot_freeze_or_unfreeze_their_own_wallet(as_finance, finance):
    for act, is_frozen in [("freeze", False), ("unfreeze", True)]:
        answer = as_finance.post(page_of(finance, act), {"reason": REASON})
        assert answer.status_code == 422
        assert "You can't freeze or unfreeze your own wallet. Ask a colleague." in problems(answer)
        assert Account.objects.get(user=finance).is_frozen == is_frozen
        wallet_operations.freeze(SYSTEM, account_id(finance))
    for _person in range(2):
        other = signed_in(staff("finance"))
        assert other.post(page_of(finance, "unfreeze"), {"reason": REASON}).status_code == 303
    assert not Account.objects.get(user=finance).is_frozen


@pytest.mark.django_db(transaction=True)
def test_a_wallet_locked_by_a_payment_for_too_long_is_busy(as_finance, amina):
    # On SQLite one lock is for all writes, that of the event about opening the page too.
    as_finance.get(page_of(amina))
    with hold_accounts(account_id(amina)), wait_at_most(0.01):
        answer = as_finance.post(page_of(amina, "freeze"), {"reason": REASON})
    assert answer.status_code == 503
    assert "Nissmart is busy right now" in problems(answer)[0]
    assert f'value="{REASON}"' in answer.text
    assert not Account.objects.get(user=amina).is_frozen
    assert not AuditEvent.objects.acts().exists()
