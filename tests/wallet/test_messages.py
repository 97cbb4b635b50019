"""Messages are queued in the caller's transaction, and a worker sends each at most once."""

from __future__ import annotations

import json
import os
import signal
import smtplib
import subprocess
import sys
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from nissmart import work
from tests.api.support.granian import database_url
from tests.factories import UserFactory
from tests.ledger.support.crowd import run_together
from tests.pages import text
from tests.wallet.support.mail import failing
from tests.wallet.support.provider import Provider, provider
from wallet import messages
from wallet.messages import Contact, Topic, sending
from wallet.models import Channel, Delivery, Message, User

pytestmark = pytest.mark.django_db

PHONE = "+254712345678"


@pytest.fixture
def jane(db: None) -> User:
    return UserFactory(name="Jane Wanjiru", phone=PHONE, email="jane@example.com")


@pytest.fixture
def outbox(tmp_path, settings):
    """The lines of OUTBOX_FILE so far."""
    file = tmp_path / "outbox.jsonl"
    settings.OUTBOX_FILE = str(file)
    return lambda: [json.loads(line) for line in file.read_text().splitlines()]


def code(to: str = PHONE, digits: str = "123456", **late: object) -> Delivery:
    before = timezone.now() + timedelta(minutes=10)
    messages.send_code(None, Contact.of(to), digits, **({"send_before": before} | late))
    return Delivery.objects.latest("pk")


def test_an_alert_goes_to_every_contact_and_is_kept_for_the_inbox(jane, outbox, capsys):
    old = Contact.of("+254722000111")
    messages.alert(jane.pk, Topic.PHONE_CHANGED, also=[old, Contact.of(PHONE)])
    message = Message.objects.get()
    assert (message.user, message.topic) == (jane, "phone_changed")
    sending.send_all()
    assert [(line["channel"], line["to"]) for line in outbox()] == [
        ("sms", PHONE),
        ("sms", "+254722000111"),
        ("email", "jane@example.com"),
    ]
    assert all("phone number of your Nissmart wallet was changed" in line["text"]
               and "Not you? " in line["text"] for line in outbox())  # fmt: skip
    assert [one.subject for one in mail.outbox] == ["Nissmart: Your phone number was changed"]
    assert capsys.readouterr().out.count("SMS to ") == 2
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}
    assert sending.send_all() == 0


def test_a_code_is_wiped_once_it_is_sent_and_the_admin_never_shows_it(as_operator, outbox):
    sent, waiting = code(), code("jane@example.com", "654321")
    sending.send_due(Channel.SMS)
    sent.refresh_from_db()
    assert (sent.state, sent.text) == ("sent", "")
    assert "123456" in outbox()[0]["text"]
    for one in (sent, waiting):
        page = as_operator.get(reverse("admin:wallet_delivery_change", args=[one.pk]))
        assert "it holds a code" in text(page)
        assert not {"123456", "654321", PHONE, "jane@example.com"} & set(text(page).split())
        assert as_operator.post(page.request["PATH_INFO"], {"text": "x"}).status_code == 403
    listed = text(as_operator.get(reverse("admin:wallet_delivery_changelist")))
    assert "0712 *** 678" in listed
    assert "j***@example.com" in listed
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=sent.pk).update(text="123456")


def test_a_code_that_is_too_late_is_not_sent(outbox, time_machine):
    delivery = code()
    time_machine.move_to(timezone.now() + timedelta(minutes=11))
    assert sending.send_all() == 0
    delivery.refresh_from_db()
    assert (delivery.state, delivery.text, delivery.failure) == ("failed", "", "too late")


def test_codes_go_before_alerts(jane, capsys):
    messages.alert(jane.pk, Topic.PIN_CHANGED)
    code()
    sending.send_due(Channel.SMS)
    first, second = capsys.readouterr().out.splitlines()
    assert ("123456" in first, "PIN" in second) == (True, True)


@pytest.mark.parametrize(
    ("status", "http_status", "state", "failure"),
    [
        (101, 201, "sent", ""),
        (403, 201, "failed", "NotSent: 403 Said"),
        (101, 500, "failed", "NotSent: HTTP 500"),
    ],
)
def test_africas_talking_gets_what_its_documentation_asks_for(status, http_status, state, failure):
    with provider() as sms, override_settings(**sms.settings):
        sms.status, sms.http_status = status, http_status
        delivery = code()
        sending.send_all()
        sending.send_all()
    [asked] = sms.asked
    assert asked["path"] == "/version1/messaging"
    assert (asked["username"], asked["to"], asked["from"]) == ("nissmart", PHONE, "NISSMART")
    assert asked["message"].startswith("123456 is your Nissmart code.")
    assert sms.keys == ["key"]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.failure, delivery.text) == (state, failure, "")


def test_a_provider_that_does_not_answer_is_not_asked_again(caplog):
    with provider() as sms, override_settings(SMS_TIMEOUT_S=0.1, **sms.settings):
        sms.go_on.clear()
        delivery = code()
        sending.send_all()
        sending.send_all()
        assert len(sms.asked) == 1
    delivery.refresh_from_db()
    assert (delivery.state, delivery.failure, delivery.text) == ("failed", "ReadTimeout", "")
    assert "123456" not in caplog.text


def nowhere() -> dict[str, str]:
    """Settings of a provider that isn't running."""
    with provider() as sms:
        return sms.settings


def test_what_surely_was_not_taken_is_sent_later_and_once(jane, time_machine):
    time_machine.move_to("2026-11-29T08:00:00Z", tick=False)
    messages.alert(jane.pk, Topic.PIN_CHANGED)
    delivery = Delivery.objects.get(channel="sms")
    with override_settings(**nowhere()):
        assert (sending.send_due(Channel.SMS), sending.send_due(Channel.SMS)) == (1, 0)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("queued", 1)
    assert delivery.failure == "NotTaken: no connection, ConnectError"
    with provider() as sms, override_settings(**sms.settings):
        sms.status = 405  # no credit
        time_machine.shift(59)
        assert sending.send_due(Channel.SMS) == 0
        time_machine.shift(1)
        assert sending.send_due(Channel.SMS) == 1
        sms.status = 101
        time_machine.shift(sending.PAUSES[1])
        assert [sending.send_due(Channel.SMS) for _turn in range(2)] == [1, 0]
        assert len(sms.asked) == 2
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.failure) == ("sent", 3, "")


def test_attempts_end_and_a_code_has_none_after_its_time(jane, time_machine):
    time_machine.move_to("2026-11-29T08:00:00Z", tick=False)
    messages.alert(jane.pk, Topic.PIN_CHANGED)
    short_lived = code(send_before=timezone.now() + timedelta(minutes=3))
    with override_settings(**nowhere()):
        for pause in (*sending.PAUSES, timedelta(days=1)):
            sending.send_due(Channel.SMS)
            time_machine.shift(pause)
        assert sending.send_due(Channel.SMS) == 0
    ended = Delivery.objects.filter(channel="sms").order_by("pk")
    assert [(one.state, one.attempts) for one in ended] == [("failed", 6), ("failed", 2)]
    short_lived.refresh_from_db()
    assert short_lived.text == ""


def test_a_worker_that_comes_back_late_changes_nothing(jane, time_machine):
    """It may not put back in the queue what another one has ended or sent since."""
    time_machine.move_to("2026-11-29T08:00:00Z", tick=False)
    messages.alert(jane.pk, Topic.PIN_CHANGED)
    held = sending.claim(Channel.SMS)
    assert held
    time_machine.shift(timedelta(minutes=11))
    sending.end_lost()
    sending.send_later(held, "NotTaken: no connection")
    sending.end(held, "")
    held.refresh_from_db()
    assert held.state == "failed"
    assert sending.send_due(Channel.SMS) == 0


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (smtplib.SMTPRecipientsRefused({"jane@example.com": (550, b"no such user")}), "failed"),
        (smtplib.SMTPRecipientsRefused({"jane@example.com": (450, b"busy")}), "queued"),
        (smtplib.SMTPDataError(451, b"try later"), "queued"),
        (smtplib.SMTPServerDisconnected("gone"), "failed"),
        (ConnectionRefusedError(), "queued"),
    ],
)
def test_mail_is_tried_again_only_if_the_server_did_not_take_it(jane, settings, error, state):
    """A connection that breaks while mail is sent may have sent it."""
    settings.MAILERS = {"default": {"BACKEND": "tests.wallet.support.mail.Failing"}}
    messages.alert(jane.pk, Topic.PIN_CHANGED)
    with failing(error):
        sending.send_due(Channel.EMAIL)
    delivery = Delivery.objects.get(channel="email")
    assert delivery.state == state
    assert "jane" not in delivery.failure


@pytest.mark.django_db(transaction=True)
def test_several_workers_send_each_once():
    with provider() as sms, override_settings(**sms.settings):
        for number in range(8):
            code(f"+25471234560{number}")
        run_together(*[lambda: sending.send_due(Channel.SMS)] * 4)
    assert sorted(asked["to"] for asked in sms.asked) == [f"+25471234560{n}" for n in range(8)]


def worker(sms: Provider) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "work"],
        cwd=configured.BASE_DIR,
        env=os.environ | {"DATABASE_URL": database_url(), "DEBUG": "1"} | sms.settings,
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_sends_nothing_twice(time_machine):
    """kill -9 while the provider has the SMS. Payments don't wait for it either."""
    delivery = code()
    with provider() as sms:
        sms.go_on.clear()
        victim = worker(sms)
        try:
            assert sms.heard.wait(30)
            os.kill(victim.pid, signal.SIGKILL)
        finally:
            victim.kill()
            victim.wait()
        sms.go_on.set()
        delivery.refresh_from_db()
        assert delivery.state == "sending"
        with override_settings(**sms.settings):
            code("+254722000111")
            assert sending.send_all() == 1
            time_machine.move_to(timezone.now() + timedelta(minutes=11))
            assert sending.send_all() == 0
    assert [asked["to"] for asked in sms.asked] == [PHONE, "+254722000111"]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.text) == ("failed", "")
    assert "perhaps it was sent" in delivery.failure


def test_payments_have_another_thread_than_messages():
    assert not set(work.MESSAGE_JOBS) & set(work.PAYMENT_JOBS + work.JOBS)


@pytest.mark.parametrize(
    "row",
    [
        {"state": "lost"},
        {"channel": "pigeon"},
        {"state": "sent"},
        {"state": "sent", "is_secret": True, "text": "123456", "claimed_at": timezone.now()},
    ],
)
def test_the_database_refuses_a_broken_delivery(row):
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(**({"channel": "sms", "to": PHONE, "text": "Hello"} | row))


def test_nothing_is_sent_of_what_is_rolled_back(jane):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        messages.alert(jane.pk, Topic.FROZEN)
        raise ZeroDivisionError
    assert sending.send_all() == 0
    assert connection.connection


def test_old_deliveries_go_and_messages_stay(jane, time_machine, settings, monkeypatch):
    settings.DELIVERY_DAYS = 30
    time_machine.move_to("2026-11-01T10:00:00Z", tick=False)
    for _ in range(2):
        messages.alert(jane.pk, Topic.PIN_CHANGED)
    sending.send_all()
    waiting = messages.alert(jane.pk, Topic.PIN_CHANGED)
    time_machine.move_to("2026-12-01T10:00:00Z", tick=False)
    messages.alert(jane.pk, Topic.PIN_CHANGED)
    assert sending.SWEEP.run() == 0
    time_machine.shift(1)
    assert [sending.SWEEP.run() for _ in range(2)] == [4, 0]
    # What still waits isn't forgotten, however old it is.
    assert waiting.deliveries.count() == 2
    assert (Delivery.objects.count(), Message.objects.count()) == (4, 4)


def test_a_message_is_sent_although_the_outbox_file_can_not_be_written(settings, tmp_path, caplog):
    settings.OUTBOX_FILE = str(tmp_path)
    sent = code()
    sending.send_due(Channel.SMS)
    sent.refresh_from_db()
    assert sent.state == "sent"
    assert "the outbox file can't be written" in caplog.text
