"""The nightly run finds every proof, ends what takes too long, and says what it saw; and the
licences of what we depend on are listed and allowed."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

pytestmark = pytest.mark.any_engine

PROOFS = settings.BASE_DIR / "tests/proof"


def load(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(
        f"ci_{name}", settings.BASE_DIR / f".ci/{name}.py"
    )
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_proof_runs_at_night_and_the_soak_last():
    nightly = load("nightly")
    proofs = {path.stem.removeprefix("prove_") for path in PROOFS.glob("prove_*.py")}
    names = [step.name for step in nightly.steps()]
    assert {f"proof-{name}" for name in proofs} <= set(names)
    assert {"supply", "fuzz", "suite-sqlite", "suite-postgres"} <= set(names)
    assert nightly.proofs()[-1] == "soak"
    assert [step.name for step in nightly.chosen(["soak", "supply"])] == ["supply", "proof-soak"]
    with pytest.raises(SystemExit, match="No such step: nonsense"):
        nightly.chosen(["nonsense"])


def test_the_report_says_what_passed_failed_and_took_too_long(tmp_path, monkeypatch):
    nightly = load("nightly")
    monkeypatch.setattr(nightly, "LOGS", tmp_path)
    steps = [
        nightly.Step("good", ["sh", "-c", "echo 42 restored"]),
        nightly.Step("bad", ["sh", "-c", "echo one lost; exit 3"]),
        # What it started ends with it.
        nightly.Step("slow", ["sh", "-c", "sleep 600 & echo $!; sleep 600"], limit_s=1),
        nightly.Step("never", ["true"]),
    ]
    for step in steps[:3]:
        step.run()
    text = nightly.report(steps, datetime(2026, 11, 29, tzinfo=UTC))
    assert "**FAILED: bad, slow; not run: never**" in text
    assert "42 restored" in text
    assert "one lost" in text
    assert "FAILED, exit status 3" in text
    assert "FAILED: not done in 1 s" in text
    child, late_at = int(steps[2].log.read_text()), time.monotonic() + 10
    # It has its signal, and perhaps hasn't had its turn.
    while not has_ended(child):
        assert time.monotonic() < late_at
        time.sleep(0.05)


def has_ended(process_id: int) -> bool:
    try:
        return "zombie" in Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return True


def test_each_package_of_the_site_is_listed_with_an_allowed_licence():
    supply = load("supply")
    assert supply.PAGE.read_text() == supply.page(), "run .ci/supply.py --licences"
    assert [one for one in supply.packages() if not supply.is_allowed(one.licence)] == []
    assert not supply.is_allowed("GPL-3.0-only")
    assert not supply.is_allowed("MIT AND GPL-3.0-only")
    assert not supply.is_allowed("")
    assert supply.is_allowed("GPL-3.0-only OR MIT")


def test_someone_has_judged_each_finding_that_is_no_secret():
    """The baseline of detect-secrets has no room for a reason, so docs/design.md has them."""
    found = json.loads((settings.BASE_DIR / ".ci/secrets.json").read_text())["results"]
    rows = (settings.BASE_DIR / "docs/design.md").read_text().split("### No secrets")[1]
    assert set(re.findall(r"`(\S+)`", rows.split("\n## ")[0])) >= set(found)
    assert all(one.get("is_secret") is False for some in found.values() for one in some)


def test_the_bill_of_materials_has_each_package_with_its_hashes():
    supply = load("supply")
    bill = supply.sbom()
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    found = {one["name"]: one for one in bill["components"]}
    assert found["django"]["purl"].startswith("pkg:pypi/django@")
    assert all(one["hashes"] for one in found.values())
    assert bill == supply.sbom()
