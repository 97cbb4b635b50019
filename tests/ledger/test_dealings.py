"""What a member did, alone or with another, is read along an index, however long the books."""

import pytest
from django.core.management import call_command
from django.db import connection

from ledger import lookups
from ledger.leaving import data
from ledger.models import Transaction
from tests.factories import account_id, send
from wallet.models import Account

pytestmark = pytest.mark.django_db


def test_no_query_about_members_scans_the_books():
    call_command("generate_history", members=300, transactions=3000, seed=1, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    transfers = Transaction.objects.filter(type="TRANSFER")
    one_id, other_id = transfers.values_list("from_account_id", "to_account_id")[0]
    # Most of the books are before it. The ids of a test don't begin at 1.
    before_id = Transaction.objects.order_by("pk")[2000].pk
    for found in (
        Transaction.objects.paid_by(one_id, other_id),
        Transaction.objects.between_wallets(one_id, other_id),
        Transaction.objects.between_wallets(one_id, other_id).filter(pk__lt=before_id),
    ):
        plan = found.order_by().explain()
        assert "transaction_out" in plan or "transaction_in" in plan, plan
        assert "Seq Scan" not in plan, plan
        assert "SCAN ledger_transaction" not in plan, plan
    plan = data.records_of(Account.objects.get(pk=one_id).user).order_by().explain()
    assert "transaction_out" in plan, plan
    assert "transaction_in" in plan, plan
    # Joined once more, under another name, a table of this size may well be read whole.
    assert "Seq Scan on ledger_transaction  (" not in plan, plan
    assert "SCAN ledger_transaction" not in plan, plan


def test_a_pair_that_has_paid_is_asked_about_once(alice, bob, django_assert_num_queries):
    pair = account_id(alice), account_id(bob)
    assert not lookups.has_paid(*pair)
    send(alice, bob, 1_00)
    with django_assert_num_queries(1):
        assert lookups.has_paid(*pair)
        assert lookups.has_paid(*pair)
    assert not lookups.has_paid(*reversed(pair))
