"""Processes that run the product for a benchmark, and answer what they are asked.

A worker reads one JSON object a line and answers each with another. It is a process of its
own so that each has its database, as the clients of a real site have.
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

ROOT = Path(__file__).resolve().parent.parent.parent


def environment(url: str) -> dict[str, str]:
    """As in production: with DEBUG on, Django would keep a copy of every statement."""
    return os.environ | {
        "DATABASE_URL": url,
        "DEBUG": "0",
        "SECRET_KEY": "only-for-this-benchmark",
        "ALLOWED_HOSTS": "testserver",
        "HTTPS": "0",
        "LOG_LEVEL": "WARNING",
        "DJANGO_SETTINGS_MODULE": "nissmart.settings",
    }


def manage(url: str, *arguments: str) -> str:
    """Run `manage.py` on that database; what it prints."""
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(
        command, env=environment(url), cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}")
    return done.stdout.strip()


def say_how_busy() -> None:
    """Times mean little on a machine that does other things; ratios still do."""
    load, cores = os.getloadavg()[1], os.cpu_count() or 1
    if load > 2 * cores:
        print(f"The machine is busy (load {load:.1f} on {cores} cores): trust the ratios only.")


class Worker:
    """One process, running `tests.bench.<name>` on that database."""

    def __init__(self, name: str, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"tests.bench.{name}"],
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
    """Be a worker: answer {"do": name, ...} with `answers[name](...)` until nobody asks."""
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(answers[question.pop("do")](**question)), flush=True)
