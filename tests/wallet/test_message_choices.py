"""Members choose where each kind of message goes. Those about security always go everywhere."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from ledger import alerts
from tests.conftest import signed_in
from tests.factories import UserFactory, deposit, send
from tests.pages import elements, text
from wallet import messages
from wallet.messages import Kind, Topic
from wallet.models import Delivery, Message, MessageChoice, User, Way

pytestmark = pytest.mark.django_db

CHOICES = reverse("wallet:message_choices")


def sent(user: User, topic: str) -> list[str]:
    """The channels that the member's last message about this went to."""
    message = Message.objects.filter(user=user, topic=topic).latest("pk")
    return sorted(message.deliveries.values_list("channel", flat=True))


def everything(way: Way, **more: Way) -> dict[str, str]:
    """A form with this way for all kinds but the statement, which is off, and but `more`."""
    return {kind.value: way.value for kind in Kind} | {"statements": "off"} | more


def test_each_kind_goes_where_the_member_wants_it_and_security_everywhere(alice, bob):
    alerts.skip()
    client = signed_in(alice)
    chosen = everything(Way.BOTH, payments_out=Way.SMS, deposits=Way.INBOX)
    answer = client.post(CHOICES, chosen)
    assert (answer.status_code, answer.headers["Location"]) == (303, CHOICES)
    assert sent(alice, "choices_changed") == ["email", "sms"]
    send(alice, bob, 20_00)
    deposit(alice, 5_00)
    send(bob, alice, 10_00)
    alerts.write_due()
    messages.alert(alice.pk, Topic.FROZEN)
    assert sent(alice, "sent") == ["sms"]
    assert sent(alice, "deposited") == []
    assert sent(alice, "received") == ["email", "sms"]
    assert sent(bob, "received") == ["email", "sms"]
    assert sent(alice, "frozen") == ["email", "sms"]
    assert "You added KES 5.00" in text(client.get(reverse("wallet:inbox")))


@pytest.mark.any_engine
def test_what_was_not_changed_is_not_stored_and_reports_nothing(alice):
    client = signed_in(alice)
    page = client.get(CHOICES)
    assert "always go to all your contacts" in text(page)
    for _turn in range(2):
        client.post(CHOICES, everything(Way.BOTH, deposits=Way.EMAIL))
    assert list(MessageChoice.objects.values_list("kind", "way")) == [("deposits", "email")]
    assert Message.objects.filter(topic="choices_changed").count() == 1


@pytest.mark.any_engine
def test_only_what_the_member_has_is_offered_and_a_contact_to_come_is_served(db):
    jane = UserFactory(email=None)
    client = signed_in(jane)
    options = elements(client.get(CHOICES), "option")
    assert {dict(option.attributes)["value"] for option in options} == {*("sms", "inbox", "off")}
    assert client.post(CHOICES, everything(Way.EMAIL)).status_code == 422
    client.post(CHOICES, everything(Way.SMS, deposits=Way.INBOX))
    User.objects.filter(pk=jane.pk).update(email="jane@example.com")
    jane.refresh_from_db()
    assert messages.way_of(jane.pk, Kind.PAYMENTS_IN) == Way.BOTH
    assert messages.way_of(jane.pk, Kind.DEPOSITS) == Way.INBOX


def test_the_database_refuses_two_choices_and_unknown_ones(alice):
    MessageChoice.objects.create(user=alice, kind="deposits", way="sms")
    for kind, way in [("deposits", "email"), ("withdrawals", "pigeon"), ("withdrawals", "off")]:
        with pytest.raises(IntegrityError), transaction.atomic():
            MessageChoice.objects.create(user=alice, kind=kind, way=way)
    assert not Delivery.objects.exists()
