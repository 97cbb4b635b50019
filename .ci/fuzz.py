"""Let generated input loose on the API and on every parser, far more of it than `make test` does.

    .venv/bin/python .ci/fuzz.py

`make nightly` runs it. FUZZ_CASES is the number of API calls and PARSER_CASES that of parsed
inputs, each about. FUZZ_ENGINE=postgres calls the API on PostgreSQL; the default is SQLite.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTEST = [str(ROOT / ".venv/bin/pytest"), "-q", "-p", "no:cacheprovider"]
DEFAULTS = {"NIGHTLY": "1", "FUZZ_CASES": "100000", "PARSER_CASES": "1000000", "DEBUG": "1"}


def main() -> int:
    environment = DEFAULTS | os.environ
    on_postgres = environment.get("FUZZ_ENGINE") == "postgres"
    before = [sys.executable, str(ROOT / "tests/postgres.py")] if on_postgres else []
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="nissmart-fuzz-") as place:
        environment.setdefault("DATABASE_URL", f"sqlite:///{place}/fuzz.sqlite3")
        for name, path in (
            ("parsers", "tests/nissmart/test_parsers.py"),
            ("API", "tests/api/test_schema.py"),
        ):
            print(f"=== {name}", flush=True)
            done = subprocess.run([*before, *PYTEST, path], cwd=ROOT, env=environment, check=False)
            verdicts.append(done.returncode)
    return int(any(verdicts))


if __name__ == "__main__":
    sys.exit(main())
