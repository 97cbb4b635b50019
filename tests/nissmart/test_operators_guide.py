"""docs/operations.md: its commands are whole. `make proof ARGS=recovery` runs them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.proof import guide, prove_recovery
from tests.proof.machine import Machine

pytestmark = pytest.mark.any_engine
OURS = ("2", "3.1", "3.2", "3.3", "4.1", "4.2", "4.3")


@pytest.mark.parametrize("section", OURS)
def test_its_commands_can_be_read_and_what_they_name_exists(section: str) -> None:
    script = guide.commands(section)
    subprocess.run(["bash", "-n", "-c", script], check=True)
    for name in re.findall(r"manage\.py (\w+)", script):
        assert name in get_commands()
    for path in re.findall(r"\bdeploy/\S+", script):
        assert (guide.ROOT / path).is_file()


def test_the_proof_follows_all_of_them() -> None:
    source = Path(prove_recovery.__file__).read_text()
    assert set(re.findall(r'machine\.follow\("([\d.]+)"', source)) == set(OURS)
    assert prove_recovery.NAMED in guide.commands("4.3")


def test_what_the_proof_replaces_is_in_the_text(tmp_path: Path) -> None:
    """Otherwise a change of the text would let the proof touch the system's own database."""
    text = "".join(map(guide.commands, OURS))
    conf = (guide.ROOT / "deploy/pgbackrest/pgbackrest.conf").read_text()
    unused = [old for old in Machine(tmp_path).replaced if old not in text]
    assert all(old in conf for old in unused), unused
    rest = text
    for old in Machine(tmp_path).replaced:
        rest = rest.replace(old, "")
    assert re.findall(r"systemctl|apt-get|/etc/|/var/|\b5432\b", rest) == []
