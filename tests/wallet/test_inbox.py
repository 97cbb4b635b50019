"""Members read their own messages, newest first, and no secret is among them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger import alerts
from tests.conftest import signed_in
from tests.factories import UserFactory, send
from tests.pages import elements, fields, text, words
from wallet import messages
from wallet.messages import Contact, Topic
from wallet.messages.words import WORDS
from wallet.models import Message, User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

INBOX = reverse("wallet:inbox")
PREFERENCES = reverse("wallet:preferences")


@pytest.fixture
def jane(db: None) -> User:
    return UserFactory(name="Jane Wanjiru")


def unread(user: User) -> int:
    return Message.objects.unread_by(user).count()


def test_an_empty_inbox_says_what_will_come(jane):
    page = signed_in(jane).get(INBOX)
    assert "No messages yet" in text(page)
    assert "Mark all as read" not in text(page)
    assert not elements(page, "span", class_="dot")


def test_each_message_leads_to_what_it_is_about_and_is_read_then(alice, bob):
    alerts.skip()
    record = send(alice, bob, 20_00)
    alerts.write_due()
    messages.alert(bob.pk, Topic.PIN_CHANGED)
    client = signed_in(bob)
    page = client.get(INBOX)
    newest, payment = elements(page, "a", class_="message")
    assert words(newest).startswith("Not read: Your PIN was changed")
    assert "Alice W. sent you KES 20.00" in words(payment)
    assert "You now have KES 20.00." in words(payment)
    assert "Messages, some not read" in text(page)
    assert "2 not read" in text(client.get(reverse("wallet:profile")))

    [url] = [dict(payment.attributes)["href"]]
    assert client.head(url).status_code == 303
    assert unread(bob) == 2
    assert client.get(url).headers["Location"] == f"/activity/{record.reference}/"
    assert client.get(f"/activity/{record.reference}/").status_code == 200
    assert [one.topic for one in Message.objects.unread_by(bob)] == ["pin_changed"]
    pin_changed = Message.objects.latest("pk")
    answer = client.get(reverse("wallet:open_message", args=[pin_changed.pk]))
    assert answer.headers["Location"] == reverse("wallet:security")
    assert "Messages, some not read" not in text(client.get(INBOX))


def test_strangers_see_and_mark_nothing(jane, carol):
    message = messages.alert(jane.pk, Topic.PIN_CHANGED)
    stranger = signed_in(carol)
    assert stranger.get(reverse("wallet:open_message", args=[message.pk])).status_code == 404
    stranger.post(reverse("wallet:read_all"), {"through": message.pk})
    assert unread(jane) == 1
    assert "PIN" not in words(elements(stranger.get(INBOX), "main")[0])


def test_all_that_was_shown_is_marked_as_read_and_nothing_that_came_later(jane):
    for _turn in range(2):
        messages.alert(jane.pk, Topic.PIN_CHANGED)
    client = signed_in(jane)
    shown = fields(client.get(INBOX))["through"]
    messages.alert(jane.pk, Topic.FROZEN)
    answer = client.post(reverse("wallet:read_all"), {"through": shown})
    assert (answer.status_code, answer.headers["Location"]) == (303, INBOX)
    assert [one.topic for one in Message.objects.unread_by(jane)] == ["frozen"]
    for wrong in ("", "x", "9" * 30):
        assert client.post(reverse("wallet:read_all"), {"through": wrong}).status_code == 400


def test_pages_hold_each_message_once_under_its_day(jane, settings, time_machine):
    settings.PAGE_SIZE = 2
    time_machine.move_to("2026-11-25T10:00:00Z", tick=False)
    for _turn in range(3):
        messages.alert(jane.pk, Topic.PIN_CHANGED)
        time_machine.shift(timedelta(days=1))
    client = signed_in(jane)
    first = client.get(INBOX)
    assert [words(day) for day in elements(first, "h2", class_="day")] == [
        "Yesterday",
        "26 November",
    ]
    [more] = [dict(link.attributes) for link in elements(first, "a", class_="wide")]
    second = client.get(INBOX + more["href"])
    assert [words(day) for day in elements(second, "h2", class_="day")] == ["25 November"]
    seen = [dict(row.attributes)["href"] for page in (first, second)
            for row in elements(page, "a", class_="message")]  # fmt: skip
    assert len(seen) == len(set(seen)) == 3
    assert "no older messages" in text(client.get(INBOX, {"cursor": "1"}))


def test_a_hidden_balance_is_not_in_the_inbox(alice, bob):
    alerts.skip()
    send(alice, bob, 20_00)
    alerts.write_due()
    client = signed_in(alice)
    assert "KES 980.00" in text(client.get(INBOX))
    client.post(PREFERENCES, {"balance": "hidden"})
    page = text(client.get(INBOX))
    assert "You sent KES 20.00" in page
    assert "980" not in page


def test_no_code_and_no_link_is_in_the_inbox(jane):
    soon = timezone.now() + timedelta(minutes=10)
    messages.send_code(jane.pk, Contact.of(jane.phone), "123456", send_before=soon)
    messages.send_mail(jane.pk, jane.email, "Sign in", "https://nissmart.example/key/abc")
    messages.alert(jane.pk, Topic.NEW_DEVICE, device="Chrome on Linux", link="https://x.example/")
    main = words(elements(signed_in(jane).get(INBOX), "main")[0])
    assert "Chrome on Linux. Not you? Sign it out." in main
    assert not {"123456", "key/abc", "x.example"} & set(main.split())
    assert "https" not in main


def test_every_topic_has_a_page_and_old_messages_without_a_fact_are_shown(jane, settings):
    settings.PAGE_SIZE = len(Topic)
    for topic in Topic:
        Message.objects.create(user=jane, topic=topic, facts={})
        reverse(WORDS[topic].page)
    page = signed_in(jane).get(INBOX)
    assert len(elements(page, "a", class_="message")) == len(Topic)
    assert "– sent you –" in text(page)
