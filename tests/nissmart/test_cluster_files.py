"""The files of a cluster in `deploy/patroni`, and the commands that fill them in.

`tests/proof/prove_failover.py` runs three nodes with them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_engine

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "deploy" / "patroni"
GUIDE = (ROOT / "docs" / "operations.md").read_text()
BACK_WITHIN_S = 30


@pytest.mark.parametrize("file", ["etcd.default", "patroni.yml"])
def test_the_guide_fills_every_blank(file):
    blanks = set(re.findall(r"@([A-Z_]+)@", (FOLDER / file).read_text()))
    command = GUIDE.partition(f" deploy/patroni/{file} > /etc/")[0].rpartition("\nsed ")[2]
    assert set(re.findall(r"s\|@([A-Z_]+)@\|", command)) == blanks


def test_a_standby_takes_over_in_time_and_only_with_every_commit():
    text = (FOLDER / "patroni.yml").read_text()
    found = dict(re.findall(r"^ +(\w+): (\w+)$", text, re.M))
    ttl, loop, retry = (int(found[name]) for name in ("ttl", "loop_wait", "retry_timeout"))
    # Patroni's own rule. Below it a primary loses its key while it tries to keep it.
    assert loop + 2 * retry <= ttl <= BACK_WITHIN_S - 2 * loop
    assert found["synchronous_mode"] == found["synchronous_mode_strict"] == "true"
