"""/metrics shows what all processes count and what the database says. The rules use only that."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.db import connection
from prometheus_client import CollectorRegistry, multiprocess
from prometheus_client.parser import text_string_to_metric_families

from adminpanel.integrity.heartbeats import Heartbeats
from adminpanel.integrity.jobs import JOBS
from nissmart.metrics import database, snapshot
from tests.api.support.calls import issue, order
from tests.api.support.granian import Connection, server
from tests.factories import send, withdraw
from tests.ledger.support import paya

DEPLOY = Path(configured.BASE_DIR) / "deploy"
RULES = DEPLOY / "prometheus" / "alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "nissmart.json"
PROMTOOL = shutil.which("promtool")
TOKEN = "a token of the scraper"
NAME = re.compile(r"\bnissmart_[a-z_]+")
SUFFIX = re.compile("_(sum|count|bucket|created)$")
# Selectors such as {status="500"}, and the labels that a rule groups by.
LABEL = re.compile(r'(\w+)(?:=|!=|=~|!~)"|by \(([\w, ]+)\)')

type Samples = dict[str, list[dict[str, str]]]


@pytest.fixture(autouse=True)
def read_again() -> None:
    snapshot.SNAPSHOT.forget()


def samples(text: str) -> Samples:
    """The labels of all samples, by the name of the sample. A family without any has none."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        if family.type == "gauge":
            found[family.name] = []
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.labels | {"": str(sample.value)})
    return found


def value(text: str, name: str, **labels: str) -> float:
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


@pytest.mark.any_engine
@pytest.mark.django_db
def test_only_a_scraper_with_the_token_reads_the_metrics(client, settings):
    assert client.get("/metrics").status_code == 404
    for nothing in ("", "Bearer ", "Bearer"):
        assert client.get("/metrics", headers={"Authorization": nothing}).status_code == 404
    settings.METRICS_TOKEN = TOKEN
    for wrong in ("", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN} ", "Bearer é"):
        answer = client.get("/metrics", headers={"Authorization": wrong})
        assert (answer.status_code, "nissmart_" in answer.text) == (401, False)
    right = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert right.status_code == 200
    assert right.headers["Content-Type"].startswith("text/plain; version=")
    assert value(right.text, "nissmart_database_up") == 1


def wait_for_both(folder: Path) -> None:
    """The first process may answer before the second has started."""
    counted = CollectorRegistry()
    multiprocess.MultiProcessCollector(counted, path=str(folder))
    late_at = time.monotonic() + 30
    while counted.get_sample_value("nissmart_web_threads") != 8:
        assert time.monotonic() < late_at
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_scrape_of_the_running_site_has_what_rules_and_dashboard_name(
    alice, bob, tmp_path, monkeypatch
):
    monkeypatch.setenv("METRICS_TOKEN", TOKEN)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    send(alice, bob, 1_00)
    token = issue(alice)
    with server(workers=2, threads=4) as port:
        wait_for_both(tmp_path)
        # Each connection may reach the other process.
        for number in range(12):
            paying = order("transfer", alice.pk, bob.pk, amount_cents=100 if number else 10**9)
            answer = Connection(port, token).call("POST", "/api/transfer", paying)
            assert answer.status == (201 if number else 400)
            Connection(port).call("GET", f"/nothing/{number}")
        call_command("work", "--once")
        text = Connection(port, TOKEN).call("GET", "/metrics").content.decode()
    assert value(text, "nissmart_orders_total", kind="TRANSFER", outcome="SUCCESS") == 11
    assert value(text, "nissmart_orders_total", kind="TRANSFER") == 12
    asked = {"route": "api:transfer", "method": "POST"}
    assert value(text, "nissmart_request_seconds_count", status="2xx", **asked) == 11
    assert value(text, "nissmart_request_seconds_count", status="4xx", **asked) == 1
    assert value(text, "nissmart_request_seconds_count", route="none") == 12
    assert value(text, "nissmart_refused_requests_total", status="404") == 12
    assert value(text, "nissmart_web_threads") == 8
    assert value(text, "nissmart_requests_in_progress") == 1
    assert value(text, "nissmart_workers") == 1
    assert "/nothing/" not in text
    found = samples(text)
    rules, dashboard = RULES.read_text(), DASHBOARD.read_text()
    named = set(NAME.findall(dashboard)) | set(NAME.findall(rules))
    assert named <= set(found), "no such metric"
    ours = {SUFFIX.sub("", name) for name in found if name.startswith("nissmart")}
    assert ours <= {SUFFIX.sub("", name) for name in named}, "never shown"
    for line in expressions():
        for name in NAME.findall(line):
            known = {label for labels in found[name] for label in labels}
            assert not found[name] or labels_of(line) <= known, line


def expressions() -> list[str]:
    """Those of the rules and the dashboard that use one metric, so their labels belong to it."""
    rules = re.findall(r"^ +expr: (.+)$", RULES.read_text(), re.M)
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    return [line for line in rules + shown if len(set(NAME.findall(line))) == 1]


def labels_of(line: str) -> set[str]:
    found = {name for pair in LABEL.findall(line) for names in pair for name in names.split(", ")}
    return found - {""}


@pytest.mark.django_db
def test_a_scrape_makes_few_queries_however_much_there_is(
    alice, bob, django_assert_max_num_queries
):
    def queries() -> int:
        with django_assert_max_num_queries(60) as made:
            snapshot.SNAPSHOT.collect()
        snapshot.SNAPSHOT.forget()
        return len(made)

    worker = Heartbeats()
    worker.begin(JOBS)
    worker.write()
    few = queries()
    with paya.known():
        for _ in range(5):
            send(alice, bob, 1_00)
            withdraw(alice, 10_00)
        assert queries() <= few + 2
        gauges = {each.name: each.samples for each in snapshot.SNAPSHOT.collect()}
    states = {each.labels["state"]: each.value for each in gauges["nissmart_payouts"]}
    assert sum(states.values()) == 5
    with django_assert_max_num_queries(0):
        snapshot.SNAPSHOT.collect()


@pytest.mark.django_db(transaction=True)
def test_without_a_database_the_processes_still_show_what_they_count(client, settings):
    settings.METRICS_TOKEN = TOKEN
    client.get("/healthz")
    right = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = "/nowhere/at/all"
    try:
        text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).text
    finally:
        connection.close()
        connection.settings_dict["NAME"] = right
    assert "nissmart_database_up 0.0" in text
    assert value(text, "nissmart_request_seconds_count", route="healthz") >= 1
    assert "nissmart_workers " not in text


@pytest.mark.any_engine
@pytest.mark.django_db(transaction=True)
def test_a_reading_that_fails_leaves_out_only_its_own_gauges(monkeypatch):
    broken = partial(database.rows, "SELECT nonsense")
    monkeypatch.setitem(snapshot.READINGS, "size", broken)
    gauges = {each.name: each.samples for each in snapshot.SNAPSHOT.collect()}
    failed = [each.labels["reading"] for each in gauges["nissmart_readings_failed"] if each.value]
    assert failed == ["size"]
    assert gauges["nissmart_database_up"][0].value == 1
    assert {"nissmart_sessions", "nissmart_workers"} <= gauges.keys()
    assert "nissmart_database_bytes" not in gauges


@pytest.mark.any_engine
@pytest.mark.django_db(transaction=True)
def test_a_rail_that_is_not_used_has_no_float_that_is_low(settings):
    def shown() -> set[str]:
        [floats] = [each for each in snapshot.read() if each.name == "nissmart_float_cents"]
        return {each.labels["rail"] for each in floats.samples}

    assert shown() == {"simulated"}
    settings.RAIL = "mpesa"
    assert shown() == {"mpesa"}


@pytest.mark.any_engine
@pytest.mark.skipif(
    PROMTOOL is None, reason="PROMTOOL IS MISSING: apt install prometheus, or the rules go unjudged"
)
def test_promtool_finds_the_rules_right(tmp_path):
    place = tmp_path / "prometheus"
    shutil.copytree(DEPLOY / "prometheus", place)
    (place / "nissmart.token").write_text(TOKEN)
    for command in (
        ("check", "config", "prometheus.yml"),
        ("check", "rules", "alerts.yml"),
        ("test", "rules", "alerts_test.yml"),
    ):
        run = subprocess.run(
            [str(PROMTOOL), *command], cwd=place, capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout + run.stderr
    rules = (place / "alerts.yml").read_text()
    assert rules.count("summary: ") == rules.count("do: ") == rules.count("- alert: ")
