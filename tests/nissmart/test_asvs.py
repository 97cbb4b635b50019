"""docs/asvs.md has every requirement of levels 1 and 2 once, and names only what exists."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

pytestmark = pytest.mark.any_engine

ROOT = settings.BASE_DIR
TEXT = (ROOT / "docs/asvs.md").read_text()
ROWS = re.findall(r"^\| ([\d.]+) \| ([12]) \| (.+) \| (.+) \|$", TEXT, re.M)
VERDICTS = ("Met: ", "Not met: ", "Doesn't apply: ")


def listed(level: str) -> list[str]:
    [ids] = re.findall(rf"^Level {level}: ([\d.\s]+)", TEXT, re.M)
    return ids.split()


def test_every_requirement_has_one_row():
    assert [len(listed(level)) for level in "12"] == [70, 183]
    for level in "12":
        assert sorted(id for id, of, _words, _how in ROWS if of == level) == sorted(listed(level))


def test_every_row_has_a_verdict_and_few_words():
    for id, _level, words, how in ROWS:
        assert how.startswith(VERDICTS), id
        assert len(words.split()) <= 8, id
    counts = [sum(how.startswith(verdict) for *_row, how in ROWS) for verdict in VERDICTS]
    assert "{} are met, {} aren't, and {} don't apply".format(*counts) in TEXT


def missing(name: str) -> bool:
    """Is this no test, file or setting of ours?"""
    path, _, test = name.partition("::")
    if path.isupper():
        return not hasattr(settings, path)
    file = ROOT / path
    if "/" not in path and not file.exists():
        return False  # a word, such as a header
    return not file.exists() or (bool(test) and f"def {test}(" not in file.read_text())


def test_everything_that_a_row_names_exists():
    named = {name for *_row, how in ROWS for name in re.findall(r"`([\w./:-]+)`", how)}
    assert len(named) > 150
    elsewhere = {"/api/docs", "/healthz", "/readyz"}
    assert not sorted(name for name in named - elsewhere if missing(name))
