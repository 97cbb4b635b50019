"""A process of the product that fills tables with stale rows, and times requests beside them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.contrib.sessions.models import Session as OldSession  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.http import HttpResponseBase  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from adminpanel.models import Alert, CheckResult, CheckRun, ExportJob  # noqa: E402
from adminpanel.tables import tidying  # noqa: E402
from ledger import operations, verify  # noqa: E402
from ledger.models import Ask  # noqa: E402
from tests.bench.workers import serve  # noqa: E402
from tests.conftest import pass_second_factor  # noqa: E402
from wallet.api import tokens  # noqa: E402
from wallet.context import Context  # noqa: E402
from wallet.models import (  # noqa: E402
    AuditEvent,
    CacheEntry,
    Delivery,
    Device,
    GuessCount,
    RateWindow,
    Session,
    User,
)
from wallet.staff.roles import FINANCE  # noqa: E402

# `collectstatic` hasn't run, so there is no manifest. A slow hash would hide what tables cost.
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
PASSWORD = "a-Long-Enough-1"
MEMBERS = 60
IS_POSTGRES = connection.vendor == "postgresql"
# The i-th second of 2021, and the rows of a check's run.
AT = (
    "(timestamptz '2021-01-01 00:00+00' + i * interval '1 second')"
    if IS_POSTGRES
    else "strftime('%Y-%m-%d %H:%M:%S', 1609459200 + i, 'unixepoch')"
)
CHECKS = len(verify.CHECKS)
# By model: what its columns have. The others have what fits their type.
STALE: dict[type[models.Model], dict[str, str]] = {
    Session: {"digest": "'s' || i", "expires_at": AT},
    OldSession: {"session_key": "'s' || i", "expire_date": AT},
    GuessCount: {"key": "'password:login ' || i", "changed_at": AT},
    RateWindow: {"key": "'address:10.' || i", "minute": "26000000 + i / 60", "count": "1"},
    CacheEntry: {"cache_key": "':1:allauth:rl:' || i", "expires": AT},
    Delivery: {
        **{"channel": "'sms'", '"to"': "'+254711000000'", "state": "'sent'", "attempts": "1"},
        **{"created_at": AT, "claimed_at": AT, "ended_at": AT, "turn": "1"},
    },
    Device: {"user_id": "{nobody}", "digest": "'d' || i", "last_used_at": AT},
    Ask: {"user_id": "{nobody}", "token": "'t' || i", "created_at": "{before}", "expires_at": AT},
    ExportJob: {
        **{"asked_by_id": "{nobody}", "digest": "'d' || i", "state": "'done'", "sha256": "'x'"},
        **{"finished_at": AT, "expires_at": AT, "filters": "{empty}", "dataset": "'ledger'"},
    },
    # Below zero, so that the ids of new runs stay free.
    CheckRun: {"id": "-i", "asked_at": AT, "finished_at": AT},
    CheckResult: {
        **{"id": "-i", "run_id": f"-(1 + i % ({{rows}} / {CHECKS}))", "finished_at": AT},
        "check_name": f"'old' || (i / ({{rows}} / {CHECKS}))",
    },
    AuditEvent: {"at": AT, "facts": "{empty}", "action": "'wrong_guess'", "subject": "'site'"},
    Alert: {"kind": "'CHECK'", "subject": "'s' || i", "cleared_at": AT},
}
people: dict[str, Any] = {}


def prepare() -> None:
    for number in range(MEMBERS):
        user = User.objects.create_user(
            name="Stale Member", phone=f"+2547120{number:05}", password=PASSWORD
        )
        context = Context(user.pk, key=str(uuid4()))
        operations.deposit(context, account_id=user.primary_account().pk, amount_cents=10_000_00)
    finance = User.objects.create_user(name="Finance Person", email="stale@example.com")
    finance.groups.add(Group.objects.get(name=FINANCE))
    User.objects.create_user(name="No Body", phone="+254713999999")


def sign_in_all() -> None:
    """After the database was copied: both have the same people."""
    members = list(User.objects.filter(name="Stale Member").order_by("pk"))
    _token, secret = tokens.issue(user_id=members[0].pk, scope="service", name="proof")
    member, finance = Client(), Client()
    member.force_login(members[0])
    finance.force_login(User.objects.get(email="stale@example.com"))
    pass_second_factor(finance)
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    people.update(members=members, member=member, finance=finance, program=program, number=0)


def fill(rows: int) -> dict[str, float]:
    """Insert that many stale rows into each table. Seconds for each."""
    nobody = User.objects.get(name="No Body").pk
    before = "timestamptz '2020-01-01'" if IS_POSTGRES else "'2020-01-01 00:00:00'"
    taken = {}
    for model, given in STALE.items():
        began = time.perf_counter()
        columns = {
            **{f'"{field.column}"': filler(field) for field in model._meta.local_fields},
            **{f'"{name.strip(chr(34))}"': value for name, value in given.items()},
        }
        values = {name: value for name, value in columns.items() if value}
        many = rows // CHECKS if model is CheckRun else rows
        select = ", ".join(values.values()).format(
            nobody=nobody, before=before, rows=rows, empty="'{}'"
        )
        source = (
            f"generate_series(0, {many - 1}) AS i"
            if IS_POSTGRES
            else f"(WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c "
            f"WHERE i < {many - 1}) SELECT i FROM c)"
        )
        if model in (CheckRun, CheckResult):
            select = select.replace("-i", "-(i + 1)", 1)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0") if IS_POSTGRES else None
            cursor.execute(
                f"INSERT INTO {model._meta.db_table} ({', '.join(values)}) "
                f"SELECT {select} FROM {source}"
            )
        taken[model._meta.db_table] = time.perf_counter() - began
    with connection.cursor() as cursor:
        # As autovacuum does on a real server.
        cursor.execute("VACUUM ANALYZE" if IS_POSTGRES else "PRAGMA optimize")
    connection.close()
    return taken


def filler(field: Any) -> str:
    """What a column has that isn't given. Empty for what the database fills in."""
    if field.primary_key or field.null:
        return ""
    if isinstance(field, models.JSONField):
        return "'[]'"
    if isinstance(field, models.DateTimeField):
        return AT
    if isinstance(field, models.UUIDField):
        return "gen_random_uuid()" if IS_POSTGRES else "lower(hex(randomblob(16)))"
    if isinstance(field, models.BooleanField):
        return "false"
    return "0" if isinstance(field, models.IntegerField) else "''"


def address() -> dict[str, str]:
    """Of another stranger each time, so that no limit of one network is met."""
    people["number"] += 1
    number = people["number"]
    return {"REMOTE_ADDR": f"203.{number // 62500 % 250}.{number // 250 % 250}.{number % 250}"}


def someone() -> User:
    members: list[User] = people["members"]
    return members[people["number"] % len(members)]


def sign_in() -> HttpResponseBase:
    client, form = Client(**address()), {"login": str(someone().phone), "password": PASSWORD}
    return client.post("/accounts/login/", form)


def send_code() -> HttpResponseBase:
    return Client(**address()).post("/accounts/password/reset/", {"email": str(someone().phone)})


def transfer() -> HttpResponseBase:
    source, target = people["members"][:2]
    body = {"from_user_id": source.pk, "to_user_id": target.pk, "amount_cents": 1_00}
    key = {"Idempotency-Key": str(uuid4())}
    program: Client = people["program"]
    return program.post("/api/transfer", body, content_type="application/json", headers=key)


def page(who: str, path: str) -> Callable[[], HttpResponseBase]:
    def get() -> HttpResponseBase:
        client = people[who] if who else Client(**address())
        return client.get(path)

    return get


REQUESTS: dict[str, Callable[[], HttpResponseBase]] = {
    "sign-in page": page("", "/accounts/login/"),
    "sign in": sign_in,
    "send a code": send_code,
    "home": page("member", "/"),
    "inbox": page("member", "/messages/"),
    "security": page("member", "/security/"),
    "check a document": page("", "/verify/ABCDEFGHJKMNPQRS/"),
    "transfer by the API": transfer,
    "panel overview": page("finance", "/panel/"),
    "panel integrity": page("finance", "/panel/integrity/"),
    "panel tables": page("finance", "/panel/integrity/tables/"),
    "panel audit": page("finance", "/panel/audit/"),
    "panel exports": page("finance", "/panel/reports/exports/"),
}


def measure(name: str) -> tuple[float, int]:
    """Milliseconds of one request, and its status."""
    began = time.perf_counter()
    response = REQUESTS[name]()
    taken = (time.perf_counter() - began) * 1000
    response.close()
    return taken, response.status_code


def work(seconds: float) -> list[float]:
    """Milliseconds of each transfer, one after another, for this long."""
    taken, ends_at = [], time.monotonic() + seconds
    while time.monotonic() < ends_at:
        milliseconds, status = measure("transfer by the API")
        assert status in (200, 201), status
        taken.append(milliseconds)
    return taken


def sweep(seconds: float) -> dict[str, Any]:
    """Tidy up as the worker does, with its pause, until nothing is left or the time is up."""
    began, rows, longest = time.monotonic(), 0, 0.0
    while time.monotonic() - began < seconds:
        turn = time.monotonic()
        deleted = tidying.tidy()
        longest = max(longest, time.monotonic() - turn)
        rows += deleted
        if not deleted:
            break
        time.sleep(0.2)
    left = {one.name: one.rows().count() for one in tidying.SWEEPS}
    now = timezone.now().isoformat()
    return {
        "rows": rows,
        "s": time.monotonic() - began,
        "longest_s": longest,
        "left": left,
        "at": now,
    }


if __name__ == "__main__":
    serve(
        {
            **{"prepare": prepare, "sign_in_all": sign_in_all, "fill": fill},
            **{"measure": measure, "work": work, "sweep": sweep, "names": lambda: list(REQUESTS)},
        }
    )
