"""`manage.py check_deployment` finds what is wrong with an installation, and says what to do."""

from __future__ import annotations

import json
import resource
import socket
import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from adminpanel.integrity.heartbeats import Heartbeats
from adminpanel.integrity.jobs import JOBS
from adminpanel.models import WorkerJob
from ledger import guards
from ledger.rails.simulated import SIMULATED
from nissmart.demo.members import AMINA
from nissmart.deployment import machine
from nissmart.deployment.all import CHECKS, NAMES
from nissmart.deployment.check import Check, Level
from tests.factories import UserFactory
from tests.owner import as_superuser
from tests.postgres import free_port
from wallet.days import nairobi_day

is_postgres = pytest.mark.skipif("connection.vendor != 'postgresql'", reason="about PostgreSQL")
SMTP = "django.core.mail.backends.smtp.EmailBackend"


def look(name: str) -> tuple[str, str]:
    """The worst level that the check found, and all that it said."""
    check = next(check for check in CHECKS if check.name == name)
    found = check.run()
    worst = max((one.level for one in found), key=list(Level).index)
    return worst, " ".join(one.what for one in found)


@pytest.fixture
def ready(settings) -> Any:
    """The settings of a site that may open."""
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x9-Qw_47" * 8, []
    settings.DEBUG, settings.ALLOWED_HOSTS = False, ["pay.savings.co.ke"]
    settings.HTTPS, settings.SECURE_SSL_REDIRECT = True, True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.CLIENT_IP_HEADER = "Clientip"
    settings.SITE_URL = "https://pay.savings.co.ke"
    settings.DEFAULT_FROM_EMAIL = "Savings <hello@savings.co.ke>"
    settings.SUPPORT_CONTACT, settings.MONEY_IS_AT = "0800 123 456", "a trust account"
    settings.SECURITY_CONTACT = "mailto:security@savings.co.ke"
    settings.ALERT_EMAILS, settings.OUTBOX_FILE = ["team@savings.co.ke"], ""
    return settings


@pytest.mark.any_engine
@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "wrong", "level", "words"),
    [
        ("secret key", {"SECRET_KEY": "short"}, Level.FAIL, "SECRET_KEY is short"),
        ("secret key", {"SECRET_KEY_FALLBACKS": ["ab" * 40]}, Level.FAIL, "FALLBACKS is short or"),
        ("debug", {"DEBUG": True}, Level.FAIL, "DEBUG is on"),
        ("hosts", {"ALLOWED_HOSTS": ["*"]}, Level.FAIL, "has *"),
        ("hosts", {"ALLOWED_HOSTS": []}, Level.FAIL, "is empty"),
        ("https", {"HTTPS": False}, Level.FAIL, "go in clear"),
        ("https", {"SECURE_PROXY_SSL_HEADER": None}, Level.FAIL, "redirects them forever"),
        ("https", {"SECURE_SSL_REDIRECT": False}, Level.WARN, "only the proxy"),
        ("client address", {"CLIENT_IP_HEADER": ""}, Level.FAIL, "share its limits"),
        ("addresses", {"SITE_URL": "http://pay.savings.co.ke"}, Level.FAIL, "over HTTPS"),
        ("addresses", {"SITE_URL": "https://evil.example"}, Level.FAIL, "isn't this site"),
        ("addresses", {"DEFAULT_FROM_EMAIL": "A <a@b.example>"}, Level.FAIL, "made up"),
        ("contacts", {"SUPPORT_CONTACT": ""}, Level.FAIL, "No page offers help"),
        ("contacts", {"ALERT_EMAILS": []}, Level.WARN, "gets no alert"),
        ("codes", {"OUTBOX_FILE": "outbox.jsonl"}, Level.FAIL, "collects codes"),
        ("django", {"X_FRAME_OPTIONS": "SAMEORIGIN"}, Level.FAIL, "security.W019"),
        ("static files", {"STATIC_ROOT": "/nowhere"}, Level.FAIL, "aren't collected"),
        ("time zone", {"TIME_ZONE": "Africa/Lagos"}, Level.FAIL, "1:00:00 from UTC"),
        ("sms", {"SMS_SENDER": "console"}, Level.FAIL, "codes are printed"),
        ("mail", {}, Level.FAIL, "sends no mail"),
        ("rail", {"RAIL": "simulated"}, Level.WARN, "no money is real"),
        ("rail", {"RAIL": "mpesa", "MPESA_BASE_URL": ""}, Level.FAIL, "MPESA_BASE_URL"),
    ],
)
def test_a_wrong_setting_is_found(ready, name, wrong, level, words):
    if name not in ("django", "static files", "sms", "mail", "rail"):
        assert look(name)[0] == Level.OK, look(name)
    for setting, value in wrong.items():
        setattr(ready, setting, value)
    found, said = look(name)
    assert (found, words in said) == (level, True), said


@pytest.mark.any_engine
def test_a_password_of_the_rail_that_ends_is_found(monkeypatch):
    monkeypatch.setattr(
        type(SIMULATED), "password_expires_on", lambda _rail: nairobi_day() + timedelta(days=3)
    )
    assert "password ends on" in look("rail")[1]


@pytest.mark.django_db(transaction=True)
def test_a_missing_trigger_is_found():
    assert look("guards")[0] == Level.OK
    guards.ENTRY_GUARDS.remove(connection)
    try:
        level, said = look("guards")
        assert (level, "ledger_entry_no_" in said) == (Level.FAIL, True)
    finally:
        guards.ENTRY_GUARDS.install(connection)


@pytest.mark.django_db
def test_a_migration_that_is_due_and_a_missing_table_are_found(settings):
    assert look("migrations")[0] == look("cache table")[0] == Level.OK
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'adminpanel'")
    assert look("migrations")[0] == Level.FAIL
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": "nowhere"}}
    assert look("cache table")[0] == Level.FAIL


@pytest.mark.django_db(transaction=True)
def test_a_database_that_forgets_is_found():
    """The tests' own database isn't durable, on either engine."""
    level, said = look("durability")
    assert level == Level.FAIL
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous=FULL")
            assert look("durability")[0] == Level.OK
            cursor.execute("PRAGMA synchronous=OFF")
            return
        assert "fsync = off" in said
        assert "synchronous_commit" not in said
        cursor.execute("SET synchronous_commit = local")
        try:
            assert "synchronous_commit = local" in look("durability")[1]
        finally:
            cursor.execute("RESET synchronous_commit")
    assert look("standby")[0] == Level.WARN
    assert look("archive") == (
        Level.FAIL,
        "PostgreSQL archives nothing, so a lost disk is the end of the books.",
    )


@is_postgres
@pytest.mark.django_db(transaction=True)
def test_timeouts_that_a_pooler_dropped_are_found():
    assert look("timeouts")[0] == Level.OK
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
    try:
        assert "lock_timeout is 0 ms where the settings say 1500ms" in look("timeouts")[1]
    finally:
        connection.close()


@is_postgres
@pytest.mark.django_db(transaction=True)
def test_a_role_that_could_undo_the_triggers_is_found():
    assert look("role")[0] == Level.FAIL, "the tests' role owns the tables"
    with as_superuser(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE ROLE nissmart_seller")
        cursor.execute("GRANT USAGE ON SCHEMA public TO nissmart_seller")
        cursor.execute("GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO nissmart_seller")
        for sql, words in (
            ("SELECT 1", "can't undo"),
            ("GRANT TRUNCATE ON ledger_entry TO nissmart_seller", "may empty"),
            ("GRANT CREATE ON SCHEMA public TO nissmart_seller", "may empty"),
            ("ALTER TABLE ledger_goal OWNER TO nissmart_seller", "owns the tables"),
            ("ALTER ROLE nissmart_seller CREATEROLE", "may do anything"),
        ):
            cursor.execute(sql)
            cursor.execute("SET LOCAL ROLE nissmart_seller")
            assert words in look("role")[1]
            cursor.execute("RESET ROLE")
        transaction.set_rollback(True)


@pytest.mark.any_engine
@pytest.mark.django_db
def test_a_worker_that_stands_still_or_fails_is_found():
    assert "No worker has ever run" in look("worker")[1]
    heartbeats = Heartbeats()
    heartbeats.begin(JOBS)
    heartbeats.write()
    assert look("worker")[0] == Level.OK, "the age of the last check says nothing about a worker"
    with pytest.raises(ZeroDivisionError), heartbeats.doing("work.send_texts"):
        raise ZeroDivisionError
    heartbeats.write()
    assert look("worker") == (Level.FAIL, "Send SMS: failed 1 times in a row (ZeroDivisionError).")
    rows = WorkerJob.objects.filter(job="work.send_texts")
    long_ago = timezone.now() - timedelta(hours=2)
    rows.update(failures=0, started_at=long_ago, ended_at=long_ago)
    assert look("worker") == (Level.FAIL, "Send SMS: a worker lives, and doesn't come round to it.")
    WorkerJob.objects.update(seen_at=timezone.now() - timedelta(hours=3))
    assert look("worker")[1].replace("\xa0", " ") == "No worker has been seen for 3 hours."


@pytest.mark.any_engine
@pytest.mark.django_db
def test_people_of_the_demo_are_found():
    assert (look("demo")[0], look("people")[0]) == (Level.OK, Level.WARN)
    UserFactory(email=AMINA.email)
    assert look("demo")[0] == Level.FAIL


@pytest.mark.any_engine
def test_too_few_open_files_and_a_file_system_in_memory_are_found():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
    try:
        assert look("open files")[0] == Level.FAIL
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert machine.kind_of_file_system("/dev/shm/nissmart") in machine.UNSAFE_FOR_SQLITE
    assert machine.kind_of_file_system("/proc/self") == "proc"


def serve_mail(listener: socket.socket, got: list[str]) -> None:
    """A mail server that takes what it's given."""
    stream, _address = listener.accept()
    with stream, stream.makefile("rw", newline="\r\n") as lines:
        is_text = False

        def say(text: str) -> None:
            lines.write(f"{text}\n")
            lines.flush()

        say("220 mail")
        for line in lines:
            got.append(line.strip())
            is_text = is_text and line.strip() != "."
            if not is_text:
                is_text = line.startswith("data")
                say("354 go on" if is_text else "250 well")
            if line.startswith("quit"):
                return


@pytest.mark.any_engine
def test_the_mail_server_is_tried_and_only_a_wish_sends_mail(settings):
    options = {"host": "127.0.0.1", "port": free_port(), "timeout": 5}
    settings.MAILERS = {"default": {"BACKEND": SMTP, "OPTIONS": options}}
    assert "refuses us" in look("mail")[1]
    got: list[str] = []
    with socket.create_server(("127.0.0.1", options["port"])) as listener:
        thread = threading.Thread(target=serve_mail, args=(listener, got), daemon=True)
        thread.start()
        assert look("mail")[0] == Level.OK
        thread.join(5)
    assert not any(line.lower().startswith("mail from") for line in got)


@pytest.mark.django_db(transaction=True)
def test_the_command_says_it_all_and_fails(capsys):
    skipped = [f"--skip={name}" for name in ("proxy", "django", "sms")]
    out = StringIO()
    with pytest.raises(CommandError, match=r"\d+ FAIL, \d+ WARN: not ready"):
        call_command("check_deployment", "--json", *skipped, "--send-mail=a@b.co.ke", stdout=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    named = [line["check"] for line in lines]
    assert {"secret key", "worker", "sent mail"} <= set(named)
    assert not {"proxy", "django", "sms"} & set(named)
    assert all(line["what"].endswith(".") for line in lines), lines
    # What isn't right comes with what to do.
    assert all((line["level"] == "OK") != bool(line["todo"]) for line in lines)


@pytest.mark.any_engine
def test_a_check_that_breaks_is_a_failure_and_not_the_end():
    def breaks() -> Any:
        raise OSError("no such disk")

    [found] = Check("disk", "All is well.", breaks).run()
    assert (found.level, "no such disk" in found.what) == (Level.FAIL, True)
    assert len(set(NAMES)) == len(NAMES)
