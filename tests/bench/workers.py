"""Worker processes that run the product for a benchmark.

A worker reads one JSON object a line and answers with another. Each is a separate process with
its own database connection, like the clients of a real site.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.postgres import owner_of

ROOT = Path(__file__).resolve().parent.parent.parent


def environment(url: str) -> dict[str, str]:
    """The environment of production. With DEBUG on, Django would keep a copy of every statement."""
    return os.environ | {
        "DATABASE_URL": url,
        "DATABASE_OWNER_URL": owner_of(url),
        "DEBUG": "0",
        "SECRET_KEY": "only-for-this-benchmark",
        "ALLOWED_HOSTS": "testserver,127.0.0.1",
        "HTTPS": "0",
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "nissmart.settings",
    }


def manage(url: str, *arguments: str) -> str:
    """Run `manage.py` on this database, and return what it prints."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, env=environment(url), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}")
    return done.stdout.strip()


def warn_if_busy() -> None:
    """On a busy machine times mean little, but ratios are still valid."""
    load, cores = os.getloadavg()[1], os.cpu_count() or 1
    if load > 2 * cores:
        print(f"The machine is busy (load {load:.1f} on {cores} cores): trust the ratios only.")


class Worker:
    """One process, running `<package>.<name>` on this database."""

    def __init__(self, name: str, url: str, package: str = "tests.bench") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"{package}.{name}"],
            env=environment(url),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **question: Any) -> None:
        assert self.process.stdin
        print(json.dumps(question), file=self.process.stdin, flush=True)

    def answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("A benchmark's worker has died; its error is above.")
        return json.loads(line)

    def get(self, **question: Any) -> Any:
        self.ask(**question)
        return self.answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


@contextmanager
def team(name: str, url: str, size: int) -> Iterator[list[Worker]]:
    with ExitStack() as stack:
        yield [stack.enter_context(Worker(name, url)) for _number in range(size)]


def serve(answers: dict[str, Callable[..., Any]]) -> None:
    """Run as a worker: answer {"do": name, ...} with `answers[name](...)` until stdin ends."""
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(answers[question.pop("do")](**question)), flush=True)
