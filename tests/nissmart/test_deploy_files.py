"""The files in `deploy/`: they name what exists, and leave nothing open."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from nissmart.front.command import STOP_TIMEOUT_S

pytestmark = pytest.mark.any_engine

ROOT = Path(settings.BASE_DIR)
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("nissmart-*.service"))
ANALYZE = shutil.which("systemd-analyze")
# Below 2 of 10 systemd calls a unit well protected.
EXPOSED_AT_MOST = 2.0
EXACT = re.compile(r"[a-z]+:\d+\.\d+(\.\d+)?-[a-z-]+(@sha256:[0-9a-f]{64})?")


def documented() -> set[str]:
    """The settings that docs/configuration.md has a row for."""
    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "docs/configuration.md").read_text(), re.M)
    return {name for row in rows for name in re.findall(r"`([A-Z0-9_]+)`", row)}


def example() -> dict[str, str]:
    lines = (DEPLOY / "env.example").read_text().splitlines()
    pairs = [line.lstrip("#").split("=", 1) for line in lines if re.match(r"#?[A-Z0-9_]+=", line)]
    return dict(pairs)


@pytest.mark.skipif(not ANALYZE, reason="systemd-analyze isn't installed: units are NOT tested")
def test_systemd_takes_the_units_and_finds_them_protected(tmp_path):
    for file in [*UNITS, DEPLOY / "systemd/nissmart.target"]:
        text = file.read_text().replace("/opt/nissmart/.venv/bin/python", "/bin/sh")
        (tmp_path / file.name).write_text(text.replace("/opt/nissmart", str(ROOT)))
    run = ["systemd-analyze", "--man=no", "verify", *tmp_path.iterdir()]
    verified = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    for unit in UNITS:
        run = ["systemd-analyze", "security", "--offline=true", "--no-pager", unit]
        said = subprocess.run(run, capture_output=True, text=True, check=True).stdout
        score = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
        assert score, said
        assert float(score[1]) <= EXPOSED_AT_MOST, unit.name


def test_what_runs_has_time_to_end_what_it_is_at():
    """A statement ends, then the server's own limit, and last that of systemd or Docker."""
    statement_s = 15
    web = STOP_TIMEOUT_S
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert statement_s < web
    for unit in UNITS:
        text = unit.read_text()
        stop = int(re.findall(r"^TimeoutStopSec=(\d+)$", text, re.M)[0])
        name = unit.stem.removeprefix("nissmart-")
        assert stop > web
        assert compose[name]["stop_grace_period"] == f"{stop}s"
        assert "Restart=always" in text
        assert "owner.env" not in re.sub("#.*", "", text), "the site isn't the owner"


def test_the_containers_are_pinned_checked_and_closed():
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert set(services) == {"database", "migrate", "web", "worker", "proxy"}
    for name, service in services.items():
        if service["image"].startswith("nissmart:"):
            assert service["read_only"], name
            assert service["cap_drop"] == ["ALL"], name
        else:
            assert EXACT.fullmatch(service["image"]), name
        if name not in ("migrate", "worker"):
            assert service["healthcheck"]["test"], name
        for file in service.get("env_file", []):
            assert (DEPLOY / file).parent.name == "compose"
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert "outside" not in services["database"]["networks"]
    owner = [name for name, service in services.items() if "owner.env" in str(service)]
    assert owner == ["migrate"]
    options = " ".join(services["database"]["command"])
    assert not re.search("fsync|synchronous_commit|full_page_writes", options)


def test_the_settings_of_the_example_are_documented_and_have_no_secret():
    given = example()
    assert set(given) <= documented()
    for name in ("SECRET_KEY", "AFRICASTALKING_API_KEY", "MPESA_CONSUMER_SECRET"):
        assert given[name] == "", name
    assert '"password": ""' in given["MAIL_OPTIONS"]
    assert not {"DEBUG", "OUTBOX_FILE", "HTTPS"} & set(given)
    # The settings that the commands of deploy/ read.
    for text in ((DEPLOY / "web").read_text(), (DEPLOY / "healthcheck.py").read_text()):
        assert set(re.findall(r'\$\{(\w+):-|environ\.get\("(\w+)"', text))
        for names in re.findall(r'\$\{(\w+):-|environ\.get\("(\w+)"', text):
            assert set(filter(None, names)) <= documented()


def test_the_image_is_pinned_without_root_and_without_secrets():
    text = (DEPLOY / "Dockerfile").read_text()
    steps = [line for line in text.splitlines() if line and not line.startswith("#")]
    bases = {line.split()[1] for line in steps if line.startswith("FROM")}
    assert len(bases) == 1
    assert EXACT.fullmatch(bases.pop())
    assert [line for line in steps if line.startswith("USER")] == ["USER 10001"]
    assert "--require-hashes" in text
    assert not re.search(r"^(ENV|ARG) .*(KEY|SECRET|PASSWORD|URL)", text, re.M)
    assert {line.split()[0] for line in steps} >= {"HEALTHCHECK", "STOPSIGNAL", "CMD"}
    sources = re.findall(r"^COPY (?!--from)(\S+) ", text, re.M)
    allowed = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.M))
    assert set(sources) == allowed
    assert all((ROOT / source).exists() for source in sources)
