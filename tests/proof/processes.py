"""CPU time of a stack's processes, from /proc."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tests.proof.stack import Stack

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class Processes:
    """The processes of a stack by kind: the workers, the web server, the simulator, PostgreSQL."""

    def __init__(self, it: Stack, url: str) -> None:
        self.workers = [worker.pid for worker in it.workers]
        self.web, self.simulator = it.web.pid, it.simulator.process.pid
        self.port = url.rsplit(":", 1)[1].split("/")[0]

    def cpu_s(self) -> dict[str, float]:
        return {
            "worker": sum(map(cpu_s, self.workers)),
            "web": sum(map(cpu_s, with_children(self.web))),
            "simulator": cpu_s(self.simulator),
            "PostgreSQL": sum(cpu_s(pid) for pid in self.postgres()),
        }

    def postgres(self) -> Iterable[int]:
        """The server and its backends."""
        for place in Path("/proc").glob("[0-9]*"):
            try:
                command = (place / "cmdline").read_bytes()
            except OSError:
                continue
            if command.startswith(b"/") and f"-p\0{self.port}\0".encode() in command:
                return with_children(int(place.name))
        return []


def with_children(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def cpu_s(pid: int) -> float:
    """Of all its threads, and of its ended children."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(int(ticks) for ticks in fields[11:15]) / TICKS_PER_S
