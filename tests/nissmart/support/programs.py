"""Fake PostgreSQL programs, for tests of which ones we choose."""

from __future__ import annotations

from pathlib import Path

from nissmart.embedded_postgres import PROGRAMS


def fake_programs(place: Path, version: str) -> Path:
    """A folder of programs that only print their version."""
    place.mkdir()
    for name in PROGRAMS:
        program = place / name
        program.write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        program.chmod(0o755)
    return place
