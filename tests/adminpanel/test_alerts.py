"""The team hears of each event once until it clears, by mail and by a signed webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from adminpanel.alerts import operations as alerts
from adminpanel.models import Alert, CheckResult, CheckRun, ReversalProposal
from tests.factories import send
from tests.wallet.support.mail import failing

pytestmark = pytest.mark.django_db

SECRET = "a secret of the webhook"


class Webhook(HTTPServer):
    """Keeps what was posted. Answers with `status`."""

    status = 204

    def __init__(self) -> None:
        super().__init__(("localhost", 0), Receiver)
        self.posted: list[tuple[dict[str, str], bytes]] = []


class Receiver(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((dict(self.headers), body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def webhook(settings) -> Iterator[Webhook]:
    server = Webhook()
    Thread(target=server.serve_forever, daemon=True).start()
    settings.ALERT_WEBHOOK_URL = f"http://localhost:{server.server_port}/alerts"
    settings.ALERT_WEBHOOK_SECRET = SECRET
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def by_mail(settings) -> None:
    settings.ALERT_EMAILS = ["team@example.com"]


def check_books(*, failed: bool) -> None:
    at = timezone.now()
    run = CheckRun.objects.create(started_at=at, finished_at=at)
    CheckResult.objects.create(
        run=run, check_name="sums", finished_at=at, duration_ms=1, found=int(failed)
    )


def turn() -> None:
    alerts.watch()
    alerts.send_due()


def subjects() -> list[str]:
    return [message.subject for message in mail.outbox]


def test_alerts_are_off_by_default():
    check_books(failed=True)
    turn()
    assert not Alert.objects.exists()


def test_an_event_is_mailed_once_until_it_clears(by_mail):
    check_books(failed=True)
    for _ in range(3):
        turn()
    check_books(failed=True)
    turn()
    said = "Nissmart: Check of the books failed: Sum of each transaction"
    assert subjects() == [said]
    assert mail.outbox[0].to == ["team@example.com"]
    check_books(failed=False)
    turn()
    assert Alert.objects.get().cleared_at
    check_books(failed=True)
    turn()
    assert subjects() == [said, said]


def test_an_approval_alerts_when_it_has_waited(by_mail, alice, bob, wambui, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    ReversalProposal.objects.create(
        amount_cents=1_00,
        transaction=send(alice, bob, 10_00),
        reason="Sent twice",
        proposed_by=wambui,
    )
    turn()
    assert subjects() == []
    time_machine.shift(timedelta(seconds=3601))
    for _ in range(2):
        turn()
    assert subjects() == ["Nissmart: Reversals wait for approval: 1"]
    assert "Alice" not in mail.outbox[0].body


def test_a_low_float_alerts(by_mail, settings, alice):
    settings.ALERT_FLOAT_BELOW_CENTS = 1_000_00
    turn()
    assert subjects() == []
    settings.ALERT_FLOAT_BELOW_CENTS = 1_000_01
    turn()
    (said,) = subjects()
    assert said.replace("\xa0", " ").endswith("is low: KES 1,000.00")


def test_a_float_that_swings_alerts_once_an_hour_at_most(by_mail, settings, alice, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    for minute in range(60):
        settings.ALERT_FLOAT_BELOW_CENTS = 1_000_01 if minute % 2 else 1_000_00
        turn()
        time_machine.shift(timedelta(minutes=1))
    assert len(subjects()) == 1
    settings.ALERT_FLOAT_BELOW_CENTS = 1_000_01
    time_machine.shift(timedelta(minutes=1))
    turn()
    assert len(subjects()) == 2


def test_a_swinging_float_whose_mail_failed_is_still_mailed(by_mail, settings, alice):
    settings.ALERT_FLOAT_BELOW_CENTS = 1_000_01
    alerts.watch()
    settings.ALERT_FLOAT_BELOW_CENTS = 0
    alerts.watch()
    settings.ALERT_FLOAT_BELOW_CENTS = 1_000_01
    turn()
    assert len(subjects()) == 1


def test_a_payout_alerts_when_its_outcome_has_been_unknown_for_long(
    by_mail, settings, unknown, time_machine
):
    settings.ALERT_UNKNOWN_AFTER_S = 900
    time_machine.move_to(unknown.sent_at + timedelta(seconds=900), tick=False)
    turn()
    assert subjects() == []
    time_machine.shift(timedelta(seconds=1))
    for _ in range(2):
        turn()
    reference = unknown.transaction.reference
    said = f"Nissmart: The outcome of payout {reference} is unknown. Don't pay again."
    assert subjects() == [said]
    assert "Alice" not in mail.outbox[0].body


def test_the_webhook_gets_an_alert_while_mail_is_down(webhook, by_mail, settings):
    settings.MAILERS = {"default": {"BACKEND": "tests.wallet.support.mail.Failing"}}
    check_books(failed=True)
    with failing(ConnectionResetError()):
        turn()
    assert len(webhook.posted) == 1
    alert = Alert.objects.get()
    assert alert.posted_at
    assert alert.mailed_at is None
    assert alert.next_try_at


def test_the_webhook_gets_a_signed_post_and_is_tried_again(webhook, by_mail, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    webhook.status = 503
    check_books(failed=True)
    turn()
    turn()
    assert len(webhook.posted) == 1
    webhook.status = 204
    time_machine.shift(timedelta(minutes=2))
    for _ in range(2):
        turn()
    assert len(webhook.posted) == 2
    # The mail had arrived the first time.
    assert len(subjects()) == 1
    headers, body = webhook.posted[1]
    signed = headers["Nissmart-Timestamp"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["Nissmart-Signature"] == f"sha256={expected}"
    posted = json.loads(body)
    assert (posted["kind"], posted["subject"]) == ("CHECK", "sums")
    assert Alert.objects.get(pk=posted["id"]).posted_at


def test_a_webhook_that_is_down_is_given_up(webhook, time_machine):
    time_machine.move_to(timezone.now(), tick=False)
    webhook.status = 500
    check_books(failed=True)
    for _ in range(9):
        turn()
        time_machine.shift(timedelta(hours=5))
    assert len(webhook.posted) == 6
    assert Alert.objects.get().next_try_at is None


def test_what_has_cleared_is_not_sent(by_mail, settings):
    check_books(failed=True)
    alerts.watch()
    check_books(failed=False)
    alerts.watch()
    alerts.send_due()
    assert subjects() == []


def test_the_database_allows_one_alert_until_it_clears():
    Alert.objects.create(kind="CHECK", subject="sums", text="Failed.")
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(kind="CHECK", subject="sums", text="Failed.")
    Alert.objects.update(cleared_at=timezone.now())
    Alert.objects.create(kind="CHECK", subject="sums", text="Failed.")
