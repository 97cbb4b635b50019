"""A cluster on this machine: etcd, and three nodes of Patroni with PostgreSQL.

Each node is configured by the files of `deploy/patroni`, with separate ports. When root starts
them they run as the user `postgres`, because PostgreSQL doesn't run as root.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from nissmart.embedded_postgres import account_to_run_as, free_port
from tests.bench.workers import ROOT
from tests.proof.processes import with_children

DEPLOY = ROOT / "deploy" / "patroni"
PROGRAMS = ("patroni", "etcd")
ADDRESS = "127.0.0.1"
STARTS_WITHIN_S = 120
APPLICATION = "nissmart"


class Node:
    """A machine of the cluster: Patroni, and PostgreSQL as its child."""

    def __init__(self, name: str, place: Path, blanks: Mapping[str, str]) -> None:
        self.name, self.place = name, place / name
        self.port, self.api_port = free_port(), free_port()
        self.place.mkdir()
        self.data, self.config = self.place / "data", self.place / "patroni.yml"
        own = {"NODE": name, "PORT": self.port, "API_PORT": self.api_port}
        own |= {"DATA": self.data, "HOME": self.place}
        self.config.write_text(filled("patroni.yml", blanks | own))
        self.config.chmod(0o600)
        lend(self.place, self.config)
        self.patroni: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.patroni = start(["patroni", str(self.config)], self.place)

    def kill(self) -> None:
        """As if the machine lost its power: Patroni, PostgreSQL and all its sessions."""
        pids = self.postgres_pids()
        assert self.patroni
        for pid in [self.patroni.pid, *pids]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.patroni.wait()

    def control(self, *arguments: str) -> str:
        """Run patronictl on this machine."""
        command = ["/usr/bin/patronictl", "-c", str(self.config), *arguments]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=self.place)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def stop(self) -> None:
        """Patroni stops its PostgreSQL when it is asked to end."""
        if self.patroni and self.patroni.poll() is None:
            self.patroni.terminate()
            try:
                self.patroni.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def postgres_pids(self) -> list[int]:
        """The server and its processes, of which the first is the server."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            return with_children(pid)
        except (OSError, ValueError, IndexError):
            return []

    def receiver_pid(self) -> int | None:
        """The process that receives the primary's WAL."""
        for pid in self.postgres_pids():
            with contextlib.suppress(OSError):
                if b"walreceiver" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
        return None

    def says(self) -> dict[str, Any]:
        """What its Patroni says about it; empty when it doesn't answer."""
        try:
            with urllib.request.urlopen(self.url("patroni"), timeout=2) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            # 503 for a server that doesn't run yet, with the same content.
            with contextlib.suppress(ValueError):
                return dict(json.load(error))
        except (OSError, ValueError):
            pass
        return {}

    def url(self, path: str) -> str:
        return f"http://{ADDRESS}:{self.api_port}/{path}"

    def is_primary(self) -> bool:
        said = self.says()
        return said.get("role") in ("master", "primary") and said.get("state") == "running"

    def members(self) -> list[dict[str, Any]]:
        try:
            with urllib.request.urlopen(self.url("cluster"), timeout=2) as answer:
                return list(json.load(answer)["members"])
        except (OSError, ValueError, KeyError):
            return []


class Cluster:
    """The nodes, and the URL with which the application finds the primary among them."""

    def __init__(self, nodes: list[Node], passwords: Mapping[str, str]) -> None:
        self.nodes, self.passwords = nodes, passwords
        hosts = ",".join(f"{ADDRESS}:{node.port}" for node in nodes)
        self.url = f"postgres://{APPLICATION}:{passwords['POSTGRES_PASSWORD']}@{hosts}/nissmart"

    def primary(self) -> Node | None:
        return next((node for node in self.nodes if node.is_primary()), None)

    def synchronous(self) -> Node | None:
        """The standby that confirms each commit."""
        found = {one["name"]: one["role"] for node in self.nodes for one in node.members()}
        return next((one for one in self.nodes if found.get(one.name) == "sync_standby"), None)

    def is_whole(self) -> bool:
        """One primary, all others stream from it, and one of them confirms each commit."""
        primary = self.primary()
        members = primary.members() if primary else []
        timelines = {one.get("timeline") for one in members}
        running = [one for one in members if one["state"] in ("running", "streaming")]
        has_sync = any(one["role"] == "sync_standby" for one in members)
        is_whole = len(running) == len(self.nodes) and has_sync and len(timelines) == 1
        return is_whole and self.streaming() == len(self.nodes) - 1

    def streaming(self) -> int:
        rows = self.ask("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'")
        return int(rows[0][0]) if rows else 0

    def ask(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Ask the primary as PostgreSQL's superuser. No rows when there is no primary."""
        primary = self.primary()
        if primary is None:
            return []
        try:
            with psycopg.connect(
                host=ADDRESS,
                port=primary.port,
                user="postgres",
                password=self.passwords["POSTGRES_PASSWORD"],
                dbname=database,
                autocommit=True,
                connect_timeout=3,
            ) as connection:
                cursor = connection.execute(sql)
                return cursor.fetchall() if cursor.description else []
        except psycopg.OperationalError:
            return []

    def set_up(self) -> None:
        """The application's role and database."""
        password = self.passwords["POSTGRES_PASSWORD"]
        self.ask(f"CREATE ROLE {APPLICATION} LOGIN PASSWORD '{password}'")
        self.ask(f"CREATE DATABASE nissmart OWNER {APPLICATION}")


@contextmanager
def cluster(place: Path, names: tuple[str, ...] = ("n1", "n2", "n3")) -> Iterator[Cluster]:
    """Build the cluster in `place` and run it during the block."""
    roles = ("POSTGRES", "REPLICATION", "REWIND", "API")
    passwords = {f"{role}_PASSWORD": secrets.token_hex(12) for role in roles}
    lend(place)
    with etcd(place) as client_url, ExitStack() as stack:
        blanks = passwords | {"ADDRESS": ADDRESS, "NETWORK": f"{ADDRESS}/32", "ETCD": client_url}
        nodes = [Node(name, place, blanks) for name in names]
        it = Cluster(nodes, passwords)
        for number, node in enumerate(nodes):
            stack.callback(node.stop)
            node.start()
            if not number:
                wait_until(lambda: it.primary() is not None, "the first node", STARTS_WITHIN_S)
        wait_until(it.is_whole, "the whole cluster", STARTS_WITHIN_S)
        it.set_up()
        yield it


@contextmanager
def etcd(place: Path) -> Iterator[str]:
    """One etcd, with the settings of its file. Yields the address for clients."""
    peer, client, data = free_port(), free_port(), place / "etcd"
    own = {"NODE": "e1", "DATA": str(data), "ADDRESS": ADDRESS}
    own |= {"PEER_PORT": str(peer), "CLIENT_PORT": str(client)}
    own |= {"PEERS": f"e1=http://{ADDRESS}:{peer}"}
    lines = filled("etcd.default", own).splitlines()
    pairs = [line.split("=", 1) for line in lines if line.startswith("ETCD_")]
    settings = {name: value.strip('"') for name, value in pairs}
    process = start(["etcd"], place, os.environ | settings)
    try:
        yield f"{ADDRESS}:{client}"
    finally:
        process.terminate()
        process.wait(30)


def filled(file: str, blanks: Mapping[str, object]) -> str:
    """A file of `deploy/patroni` with its blanks filled in."""
    text = (DEPLOY / file).read_text()
    for name, value in blanks.items():
        text = text.replace(f"@{name}@", str(value))
    return text


def lend(*paths: Path) -> None:
    if account := account_to_run_as():
        for path in paths:
            os.chown(path, account["user"], account["group"])


def start(
    command: list[str], place: Path, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a program that logs to `place`."""
    log = (place / f"{command[0]}.log").open("ab")
    env = dict(environment or os.environ) | {"HOME": str(place), "PATH": "/usr/bin:/bin:/usr/sbin"}
    return subprocess.Popen(
        command,
        cwd=place,
        env=env,
        stdout=log,
        stderr=log,
        start_new_session=True,
        **account_to_run_as(),
    )


def missing_programs() -> list[str]:
    return [name for name in PROGRAMS if not shutil.which(name)]


def wait_until(is_so: Callable[[], bool], what: str, timeout_s: float) -> float:
    """Wait, and return how many seconds it took."""
    began = time.monotonic()
    while not is_so():
        if time.monotonic() - began > timeout_s:
            raise SystemExit(f"Waited {timeout_s:g} s in vain for {what}.")
        time.sleep(0.2)
    return time.monotonic() - began
