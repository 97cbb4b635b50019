"""Every table has a decision about its rows, and the worker sweeps what may grow without bound."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session as OldSession
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from adminpanel.models import CheckResult, CheckRun
from adminpanel.tables import queries, tidying
from adminpanel.tables.decisions import BOUNDED, KEPT
from adminpanel.tables.queries import sizes
from adminpanel.tables.tidying import SWEEPS, tidy
from ledger.models import Ask
from nissmart import work
from tests.conftest import signed_in, staff
from wallet.db import sweeping
from wallet.models import CacheEntry, Delivery, Device, GuessCount, RateWindow, Session
from wallet.staff.roles import AUDITOR

OPERATIONS = settings.BASE_DIR / "docs/operations.md"


@pytest.mark.django_db
def test_every_table_is_kept_bounded_or_swept_and_only_one_of_them():
    """Decide in adminpanel/tables/ what becomes of a new table's rows."""
    swept = {sweep.table for sweep in SWEEPS}
    decided = [*swept, *KEPT, *BOUNDED]
    assert set(decided) == set(connection.introspection.table_names())
    assert len(decided) == len(set(decided))


@pytest.mark.any_engine
def test_the_guide_lists_each_sweep_as_it_is():
    section = OPERATIONS.read_text().split("\n## 7. ")[1].split("\n## ")[0]
    lines = re.findall(r"^\| `(\S+)` \| (.+) \| (.+) \| (.+) \|$", section, re.M)
    said = [
        (sweep.table, str(sweep.kept), str(sweep.reason), str(sweep.written_by)) for sweep in SWEEPS
    ]
    assert lines == said


@pytest.mark.django_db
def test_a_sweep_finds_its_rows_by_an_index():
    """Otherwise each look for old rows would read the whole table."""
    for sweep in SWEEPS:
        with connection.cursor() as cursor:
            found = connection.introspection.get_constraints(cursor, sweep.table).values()
        first = {one["columns"][0] for one in found if one["index"] and one["columns"]}
        assert sweep.by in first, sweep.name


@pytest.mark.skipif(connection.vendor != "postgresql", reason="asks PostgreSQL's planner")
@pytest.mark.django_db
def test_postgresql_reads_no_table_to_its_end_for_the_oldest_rows():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    for sweep in SWEEPS:
        oldest = queries.rows_by_age(sweep)[:1].explain()
        assert "Seq Scan" not in oldest, (sweep.name, oldest)
        assert "Sort" not in oldest, (sweep.name, oldest)
        # It builds a table of all that is on the other side before the first row.
        assert "Anti Join" not in sweep.rows().explain(), sweep.name


def old_rows(user: Any) -> dict[str, list[Any]]:
    """For each sweep, three rows that are to go and one that stays, in this order."""
    now, day = timezone.now(), timedelta(days=1)
    times = [now - 800 * day + n * timedelta(seconds=1) for n in range(3)] + [now + day]
    minutes = [int(at.timestamp()) // 60 for at in times]
    sent = {"channel": "sms", "to": "+254711111111", "state": "sent", "claimed_at": now}
    for n, at in enumerate(times):
        cache.set(f"key{n}", "x", (at - now).total_seconds())
    rows = {
        "sessions": [Session(digest=f"{n}", expires_at=at) for n, at in enumerate(times)],
        "old-sessions": [
            OldSession(session_key=f"{n}", expire_date=at) for n, at in enumerate(times)
        ],
        "guesses": [GuessCount(key=f"{n}") for n in range(4)],
        "rate-limits": [RateWindow(key=f"{n}", minute=minute) for n, minute in enumerate(minutes)],
        "deliveries": [Delivery(**sent) for _each in times],
        "devices": [
            Device(user=user, digest=f"{n}", last_used_at=at) for n, at in enumerate(times)
        ],
        "asks": [
            Ask(user=user, token=f"{n}", created_at=at - day, expires_at=at)
            for n, at in enumerate(times)
        ],
        "check-runs": [CheckRun(finished_at=at) for at in times],
    }
    saved = {name: type(some[0]).objects.bulk_create(some) for name, some in rows.items()}
    saved["cache"] = list(CacheEntry.objects.order_by("expires"))
    for name, column in (("guesses", "changed_at"), ("deliveries", "created_at")):
        for row, at in zip(saved[name], times, strict=True):
            type(row).objects.filter(pk=row.pk).update(**{column: at})
    return saved


@pytest.mark.django_db(transaction=True)
def test_the_worker_deletes_old_rows_in_small_batches_and_leaves_the_others(alice, monkeypatch):
    monkeypatch.setattr(sweeping, "RUN_S", 0)
    saved = old_rows(alice)
    queued = Delivery.objects.create(channel="sms", to="+254711111111", text="late")
    Delivery.objects.filter(pk=queued.pk).update(created_at=timezone.now() - timedelta(days=800))
    failed = CheckRun.objects.create(finished_at=timezone.now() - timedelta(days=900))
    CheckResult.objects.create(
        run=failed, check_name="sums", finished_at=timezone.now(), duration_ms=1, found=2
    )
    assert work.do_what_is_due([tidy])
    # Former members and exports have other tests.
    assert {sweep.name for sweep in SWEEPS} - set(saved) == {"former-members", "exports"}
    for name, rows in saved.items():
        left = type(rows[0]).objects.filter(pk__in=[row.pk for row in rows])
        assert list(left.values_list("pk", flat=True)) == [rows[3].pk], name
    # What still waits isn't deleted, and neither is a run in which a check failed.
    assert Delivery.objects.filter(pk=queued.pk).exists()
    assert CheckRun.objects.filter(pk=failed.pk).exists()
    assert tidy() == 0


@pytest.mark.django_db(transaction=True)
def test_a_run_ends_after_its_time_and_the_next_one_goes_on(monkeypatch):
    old = timezone.now() - timedelta(days=2)
    Session.objects.bulk_create(Session(digest=f"{n}", expires_at=old) for n in range(1_200))
    [sweep] = [one for one in SWEEPS if one.name == "sessions"]
    assert [sweep.run(run_s=0) for _run in range(4)] == [500, 500, 200, 0]


@pytest.mark.django_db(transaction=True)
def test_a_table_that_was_never_analyzed_shows_its_rows():
    """PostgreSQL's estimate for the planner is -1 until the first ANALYZE."""
    is_postgres, end = connection.vendor == "postgresql", timezone.now()
    with connection.cursor() as cursor:
        if is_postgres:
            cursor.execute("TRUNCATE wallet_session")
        Session.objects.bulk_create(Session(digest=f"{n}", expires_at=end) for n in range(300))
        if is_postgres:
            cursor.execute("SELECT pg_stat_force_next_flush()")
    assert sizes(["wallet_session"])["wallet_session"].rows >= 300


@pytest.mark.django_db
def test_a_failed_sweep_stops_no_other(monkeypatch):
    def broken() -> Any:
        raise ValueError("a broken sweep")

    words = {"kept": "", "reason": "", "written_by": ""}
    broken_one = sweeping.Sweep("broken", broken, by="id", **words)
    monkeypatch.setattr(tidying, "SWEEPS", (broken_one, *SWEEPS))
    RateWindow.objects.create(key="x", minute=1)
    with pytest.raises(ExceptionGroup):
        tidy()
    assert not RateWindow.objects.exists()


@pytest.mark.django_db
def test_the_cache_counts_no_rows_and_works_as_django_promises(django_assert_num_queries):
    with django_assert_num_queries(3):  # with its savepoint
        cache.set("a", 1)
    assert (cache.get("a"), cache.add("a", 2), cache.get("a")) == (1, False, 1)
    assert (cache.add("b", 2), cache.get("b")) == (True, 2)
    cache.set("c", 3, timeout=-1)
    assert cache.get("c") is None
    cache.set("c", 3, timeout=-1)
    assert (cache.touch("c"), cache.add("c", 4), cache.get("c")) == (False, True, 4)
    assert (cache.touch("c", 100), cache.touch("d")) == (True, False)
    cache.set("e", 5, timeout=None)
    assert cache.incr("e") == 6


@pytest.mark.django_db
@pytest.mark.any_engine
def test_the_page_shows_each_table_to_finance_auditors_and_operators(
    client, as_finance, as_operator, monkeypatch
):
    monkeypatch.setattr(queries, "COUNTED", 1)
    for digest in "xy":
        Session.objects.create(digest=digest, expires_at=timezone.now() - timedelta(days=1))
    auditor = signed_in(staff(AUDITOR))
    for one, url in (
        (as_finance, "/panel/integrity/tables/"),
        (auditor, "/panel/integrity/tables/"),
        (as_operator, "/admin/tables/"),
    ):
        page = one.get(url).content.decode()
        assert all(f">{name}</" in page for name in [*KEPT, *BOUNDED, "wallet_session", "cache"])
        assert "over 1<" in page
    assert client.get("/panel/integrity/tables/").status_code == 302
