"""Asking for money: a link, or one's own code, fills in Send. Nothing moves by it."""

from __future__ import annotations

from base64 import b64decode
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from ledger.asks import operations
from ledger.errors import AccountClosed
from ledger.leaving import data
from ledger.leaving import operations as leaving
from ledger.models import Ask
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import UserFactory
from tests.pages import elements, text
from wallet.context import Context
from wallet.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(bob) -> Ask:
    return operations.make(bob.pk, amount_cents=250_00, note="For the taxi")


def test_a_link_fills_in_send_and_moves_nothing(bob, alice, as_alice, asked):
    with nothing_moves():
        page = as_alice.get(f"/pay/{asked.token}/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/transfer/?")
    values = {
        dict(one.attributes).get("name"): dict(one.attributes).get("value")
        for one in elements(page, "input")
    }
    assert values["recipient"] == bob.public_id
    assert bob.short_name in text(page)
    assert (values["amount"], values["description"]) == ("250.00", "For the taxi")
    form = {"recipient": bob.public_id, "amount": "250", "description": "For the taxi"}
    review = as_alice.post("/transfer/", form | {"idempotency_key": values["idempotency_key"]})
    assert bob.short_name in text(review)
    own = signed_in(bob).get(f"/pay/{asked.token}/")
    assert own.headers["Location"] == f"/ask/{asked.pk}/"


def test_a_stranger_reads_only_the_short_name(client, bob, asked):
    page = client.get(f"/pay/{asked.token}/")
    said = page.text
    assert f"Send money to {bob.short_name}" in text(page)
    for secret in (bob.name, bob.public_id, bob.phone, "250", "taxi", str(bob.email)):
        assert secret not in said
    assert page.headers["X-Robots-Tag"] == "noindex"


def test_a_link_that_is_over_withdrawn_or_made_up_says_nothing(
    client, as_alice, bob, asked, time_machine, settings
):
    withdrawn = operations.make(bob.pk, amount_cents=None, note="")
    as_bob = signed_in(bob)
    assert as_bob.post(f"/ask/{withdrawn.pk}/withdraw/").status_code == 303
    assert as_alice.post(f"/ask/{asked.pk}/withdraw/").status_code == 404
    assert as_alice.get(f"/ask/{asked.pk}/").status_code == 404
    time_machine.move_to(asked.expires_at + timedelta(seconds=1), tick=False)
    pages = {
        client.get(f"/pay/{token}/").status_code
        for token in (asked.token, withdrawn.token, "x" * 22, asked.token.swapcase())
    }
    assert pages == {404}
    assert "doesn't work any longer" in text(signed_in(bob).get(f"/ask/{asked.pk}/"))
    settings.CODES_CHECKED_PER_HOUR = 1
    assert client.get("/pay/x/").status_code == 429


def test_a_member_makes_links_and_shows_their_code(bob, settings):
    client = signed_in(bob)
    page = client.get("/ask/")
    assert "Links that work" not in text(page)
    image = dict(elements(page, "img", class_="qr")[0].attributes)["src"]
    assert b"<svg" in b64decode(image.partition(",")[2])
    for wrong in ("0", "abc", "999999999"):
        answer = client.post("/ask/", {"amount": wrong, "note": "Lunch"})
        assert (answer.status_code, "Lunch" in answer.text) == (422, True)
    answer = client.post("/ask/", {"amount": "1,250", "note": "Lunch"})
    made = Ask.objects.get()
    assert answer.headers["Location"] == f"/ask/{made.pk}/"
    shared = text(client.get(f"/ask/{made.pk}/"))
    assert f"http://testserver/pay/{made.token}/" in shared
    assert "Lunch KES 1,250.00, until" in text(client.get("/ask/"))
    for _each in range(operations.OPEN_AT_MOST - 1):
        operations.make(bob.pk, amount_cents=None, note="")
    refused = client.post("/ask/", {"amount": "", "note": ""})
    assert (refused.status_code, "up to 20 open links" in text(refused)) == (422, True)


def test_it_is_in_ones_data_and_goes_with_the_account(db):
    leaver: User = UserFactory()
    operations.make(leaver.pk, amount_cents=5_00, note="Tea")
    [kept] = data.of(leaver)["asks_for_money"]
    assert (kept["amount_cents"], kept["note"]) == (5_00, "Tea")
    with pytest.raises(IntegrityError), transaction.atomic():
        Ask.objects.update(amount_cents=0)
    leaving.close(Context(leaver.pk), leaver.pk)
    assert not Ask.objects.exists()


def test_withdrawing_links_makes_no_room_without_end(bob):
    made = operations.make(bob.pk, amount_cents=None, note="")
    over = {"expires_at": made.expires_at, "withdrawn_at": made.created_at}
    Ask.objects.bulk_create(
        Ask(user=bob, created_at=made.created_at, **over)
        for _each in range(operations.MADE_AT_MOST - 1)
    )
    operations.withdraw(made.pk)
    with pytest.raises(operations.TooManyMade):
        operations.make(bob.pk, amount_cents=None, note="")
    assert signed_in(bob).post("/ask/", {"amount": "", "note": ""}).status_code == 422


def test_a_token_that_no_database_holds_is_no_link(client, as_alice):
    for path in ("/pay/a%00b/", "/verify/a%00b/", f"/pay/{'x' * 3000}/", "/pay/%ED%A0%80/"):
        assert client.get(path).status_code == 404
        assert as_alice.get(path).status_code == 404


def test_who_has_left_makes_no_link(db):
    leaver: User = UserFactory()
    leaving.close(Context(leaver.pk), leaver.pk)
    with pytest.raises(AccountClosed):
        operations.make(leaver.pk, amount_cents=None, note="Tea")
