"""The launcher of `make run`, and a folder for a test's private PostgreSQL."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings


@pytest.fixture
def serve(monkeypatch) -> Any:
    """The module `.ci/serve.py`."""
    monkeypatch.syspath_prepend(settings.BASE_DIR / ".ci")
    import serve

    return serve


@pytest.fixture
def postgres_place() -> Iterator[Path]:
    yield from new_place()


@pytest.fixture(scope="module")
def used_place() -> Iterator[Path]:
    """A folder that the tests of a module share, because initdb takes seconds."""
    yield from new_place()


def new_place() -> Iterator[Path]:
    """A folder outside `tmp_path`, which PostgreSQL's user can't reach when we're root."""
    if "sqlite" in settings.DATABASES["default"]["ENGINE"]:
        pytest.skip("the run on PostgreSQL tests this")
    with tempfile.TemporaryDirectory(prefix="nissmart-", ignore_cleanup_errors=True) as place:
        yield Path(place)
