"""Operators send a message again for a reason: once, never a code, never to an old contact."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.factories import UserFactory
from tests.ledger.support.crowd import run_together
from tests.pages import text
from wallet import messages, resending
from wallet.context import Context
from wallet.messages import Contact, Topic, sending
from wallet.models import AuditEvent, Delivery, User

pytestmark = pytest.mark.django_db

LIST = reverse("admin:wallet_delivery_changelist")


@pytest.fixture
def jane(db: None) -> User:
    return UserFactory(name="Jane Wanjiru", phone="+254712345678", email="jane@example.com")


def ask(client: Client, *deliveries: Delivery, **more: str) -> str:
    given = {"action": "send_again", "_selected_action": [one.pk for one in deliveries]} | more
    return text(client.post(LIST, given, follow=True))


@pytest.mark.any_engine
def test_an_operator_sends_a_message_again_for_a_reason(as_operator, jane, capsys):
    messages.alert(jane.pk, Topic.PIN_CHANGED)
    sms = Delivery.objects.get(channel="sms")
    assert "None of these can be sent again" in ask(as_operator, sms)
    sending.send_all()
    page = ask(as_operator, sms)
    assert "Jane Wanjiru PIN changed, 0712 *** 678" in page
    assert "Enter a reason" in ask(as_operator, sms, confirm="1")
    assert Delivery.objects.count() == 2
    why = {"confirm": "1", "reason": "She says it didn't arrive."}
    assert "1 message is sent again." in ask(as_operator, sms, **why)
    assert "None of these can be sent again" in ask(as_operator, sms, **why)
    capsys.readouterr()
    assert sending.send_all() == 1
    assert capsys.readouterr().out.startswith("SMS to +254712345678: Your Nissmart PIN was")
    event = AuditEvent.objects.get(action="send_again")
    assert (event.subject, event.reason) == (f"member {jane.pk}", why["reason"])
    assert event.facts == {"about": "pin_changed", "to": "0712 *** 678"}


@pytest.mark.any_engine
def test_no_code_and_no_old_contact_is_sent_to(as_operator, jane):
    soon = timezone.now() + timedelta(minutes=10)
    messages.send_code(jane.pk, Contact.of(jane.phone), "123456", send_before=soon)
    messages.alert(jane.pk, Topic.PHONE_CHANGED, also=[Contact.of("+254722000111")])
    sending.send_all()
    old = Delivery.objects.get(to="+254722000111")
    code = Delivery.objects.get(is_secret=True)
    why = {"confirm": "1", "reason": "It didn't arrive."}
    assert "None of these can be sent again" in ask(as_operator, old, code, **why)
    for one in (old, code):
        assert not resending.send_again(Context(jane.pk, reason="x"), one.pk)
    assert not AuditEvent.objects.filter(action="send_again").exists()


@pytest.mark.django_db(transaction=True)
def test_two_colleagues_together_send_one(jane, operator):
    messages.alert(jane.pk, Topic.PIN_CHANGED)
    sending.send_all()
    sms = Delivery.objects.get(channel="sms")
    done: list[bool] = []

    def send() -> None:
        done.append(resending.send_again(Context(operator.pk, reason="It was lost."), sms.pk))

    run_together(*[send] * 4)
    assert sorted(done) == [False, False, False, True]
    assert Delivery.objects.filter(channel="sms").count() == 2
    assert AuditEvent.objects.filter(action="send_again").count() == 1
