"""Kill the primary of a cluster again and again, while clients send money through the product.

Three nodes of Patroni and PostgreSQL with a synchronous standby, as docs/operations.md builds them,
and the product with all three in DATABASE_URL: two web processes and a worker, which are never
restarted. Sixteen clients send money, and repeat each order with its key until the answer is
definite.

Each round kills the primary: its whole machine (`machine`), the machine a second after its
synchronous standby stopped receiving (`receiver`), or PostgreSQL alone, which Patroni then starts
again (`postgres`). What was confirmed to clients must be in the books once, the service must be
back within 30 s, and the old primary must have rejoined before the next round.

ROUNDS and CLIENTS are how many, PLACE is where the cluster is built.
"""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from nissmart.embedded_postgres import free_port
from tests.bench.workers import ROOT, environment, manage, warn_if_busy
from tests.proof.patroni import Cluster, Node, cluster, missing_programs, wait_until
from tests.proof.payers import Payers
from tests.proof.stack import web_server

ROUNDS = int(os.environ.get("ROUNDS", "10"))
CLIENTS = int(os.environ.get("CLIENTS", "16"))
MEMBERS, SHILLINGS = 60, 100_000
WARM_UP_S, AT_LATEST_S, REJOINS_WITHIN_S = 4.0, 30.0, 180.0
STOPPED_FOR_S = 1.0
KINDS = ("machine", "receiver", "machine", "receiver", "postgres")
HEAD = (
    "round  kind      primary   detected  service  rejoined  acknowledged  unknown  retried  lost"
)

PREPARE = f"""
from ledger import operations
from wallet.api import tokens
from wallet.context import Context
from wallet.models import User
ids = []
for number in range({MEMBERS}):
    user = User.objects.create_user(name=f"Member Number{{number}}", phone=f"+2547121{{number:05}}")
    wallet = user.primary_account().pk
    given = Context(user.pk, key=f"given {{number}}")
    operations.deposit(given, account_id=wallet, amount_cents={SHILLINGS * 100})
    ids.append(str(user.pk))
service = User.objects.create_user(name="Service")
print(tokens.issue(user_id=service.pk, scope="service", name="failover")[1], *ids)
"""
SENT = """SELECT idempotency_key, amount_cents FROM ledger_transaction
    WHERE type = 'TRANSFER' AND idempotency_key IS NOT NULL"""


class Round(NamedTuple):
    kind: str
    old: str
    new: str
    detected_s: float
    service_s: float
    rejoined_s: float
    acknowledged: int
    unknown: int
    retried: int
    lost: int

    def line(self, number: int) -> str:
        return (
            f"{number:>5}  {self.kind:<8}  {self.old} -> {self.new}  {self.detected_s:>6.1f} s"
            f"  {self.service_s:>5.1f} s  {self.rejoined_s:>6.1f} s  {self.acknowledged:>12,}"
            f"  {self.unknown:>7}  {self.retried:>7}  {self.lost:>4}"
        )


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if missing := missing_programs():
        names = " and ".join(missing)
        print(f"FAILOVER IS NOT PROVED: {names} not installed (apt install patroni etcd-server).")
        return 1
    place = Path(tempfile.mkdtemp(prefix="failover-", dir=os.environ.get("PLACE")))
    place.chmod(0o755)
    try:
        with cluster(place) as it, product(it.url) as (port, processes):
            prove(it, port, processes)
    finally:
        if not os.environ.get("KEEP"):
            shutil.rmtree(place, ignore_errors=True)
    warn_if_busy()
    return 0


@contextmanager
def product(url: str) -> Iterator[tuple[int, list[subprocess.Popen[bytes]]]]:
    """The product on this database: two web processes, and a worker."""
    manage(url, "migrate", "--verbosity=0")
    manage(url, "createcachetable", "--verbosity=0")
    port = free_port()
    with web_server(url, port) as web:
        log = None if os.environ.get("VERBOSE") else subprocess.DEVNULL
        command = [sys.executable, "manage.py", "work"]
        worker = subprocess.Popen(command, cwd=ROOT, env=environment(url), stdout=log, stderr=log)
        try:
            yield port, [web, worker]
        finally:
            worker.terminate()
            with suppress(subprocess.TimeoutExpired):
                worker.wait(60)
            worker.kill()


def prove(it: Cluster, port: int, processes: list[subprocess.Popen[bytes]]) -> None:
    token, *members = manage(it.url, "shell", "--verbosity=0", "--command", PREPARE).split()
    payers = Payers(port, token, list(map(int, members)), CLIENTS)
    print(f"{CLIENTS} clients, {ROUNDS} rounds\n{HEAD}", flush=True)
    payers.start()
    found = []
    try:
        for number in range(ROUNDS):
            found.append(one_round(it, payers, port, KINDS[number % len(KINDS)]))
            print(found[-1].line(number + 1), flush=True)
            assert all(process.poll() is None for process in processes), "the product has ended"
        away_s = switch_over(it, payers)
        print(f"A planned switchover: {away_s:.1f} s without a payment.", flush=True)
    finally:
        payers.stop()
    check(it, payers, found)


def one_round(it: Cluster, payers: Payers, port: int, kind: str) -> Round:
    """Kill the primary, and wait until all is as before."""
    time.sleep(WARM_UP_S)
    primary, standby = it.primary(), it.synchronous()
    assert primary, "there is no primary"
    assert standby, "there is no synchronous standby"
    before = (len(payers.heard.paid), len(payers.heard.unknown), len(payers.heard.retried))
    stopped = stop_receiver(standby) if kind == "receiver" else None
    if kind == "postgres":
        for pid in primary.postgres_pids():
            os.kill(pid, signal.SIGKILL)
    else:
        primary.kill()
    killed_at = time.monotonic()
    if stopped:
        os.kill(stopped, signal.SIGCONT)
    confirmed = {key for key, at in list(payers.heard.paid.items()) if at <= killed_at}
    detected_s = wait_until(lambda: is_replaced(it, primary, kind), "a primary", 3 * AT_LATEST_S)
    back_s = wait_until(lambda: has_paid_since(payers, killed_at), "a payment", 3 * AT_LATEST_S)
    service_s = (payers.heard.first_after(killed_at) or 0) - killed_at
    assert service_s <= AT_LATEST_S, f"the service was away for {service_s:.1f} s ({back_s:.1f})"
    wait_until(lambda: is_ready(port), "/readyz, although payments go through", AT_LATEST_S)
    new = it.primary()
    assert new
    kept = {key for key, _cents in it.ask(SENT, "nissmart")}
    if kind != "postgres":
        primary.start()
    rejoined_s = wait_until(it.is_whole, "the old primary to rejoin", REJOINS_WITHIN_S)
    now = (len(payers.heard.paid), len(payers.heard.unknown), len(payers.heard.retried))
    counts = [after - first for first, after in zip(before, now, strict=True)]
    lost = len(confirmed - kept)
    return Round(kind, primary.name, new.name, detected_s, service_s, rejoined_s, *counts, lost)


def switch_over(it: Cluster, payers: Payers) -> float:
    """Make the synchronous standby the primary, as an operator does. How long nothing was paid."""
    primary, standby = it.primary(), it.synchronous()
    assert primary, "there is no primary"
    assert standby, "there is no synchronous standby"
    began = time.monotonic()
    names = ["--primary", primary.name, "--candidate", standby.name]
    primary.control("switchover", "nissmart", *names, "--force")
    wait_until(lambda: it.primary() is standby, "the standby to take over", 60)
    wait_until(it.is_whole, "the cluster to be whole", REJOINS_WITHIN_S)
    paid = sorted(at for at in list(payers.heard.paid.values()) if at >= began - 1)
    return max(after - before for before, after in pairwise(paid))


def stop_receiver(standby: Node) -> int:
    """Stop the standby from receiving, as a stalled machine would. Commits wait from here on."""
    pid = standby.receiver_pid()
    assert pid, "the standby receives nothing"
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STOPPED_FOR_S)
    return pid


def is_replaced(it: Cluster, old: Node, kind: str) -> bool:
    new = it.primary()
    return new is not None and (new is not old or kind == "postgres")


def has_paid_since(payers: Payers, killed_at: float) -> bool:
    assert not payers.errors, payers.errors
    return payers.heard.first_after(killed_at) is not None


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def check(it: Cluster, payers: Payers, found: list[Round]) -> None:
    """Every order ended, and is in the books once, with the amount that was sent."""
    heard, rows = payers.heard, it.ask(SENT, "nissmart")
    in_books = dict(rows)
    lost = heard.paid.keys() - in_books.keys()
    doubled = len(rows) - len(in_books)
    never_asked = in_books.keys() - heard.cents.keys()
    other_amount = [key for key, cents in rows if heard.cents.get(key) != cents]
    print(f"Answers: {dict(heard.answers)}")
    print(
        f"{len(heard.paid):,} acknowledged, {len(rows):,} in the books: {len(lost)} lost,"
        f" {doubled} doubled, {len(never_asked)} never asked for, {len(other_amount)} changed."
        f" {len(heard.unknown):,} were unknown at first, {len(heard.retried):,} sent again."
    )
    print(f"Service back after at most {max(one.service_s for one in found):.1f} s.")
    print(manage(it.url, "verify_ledger"))
    assert not lost
    assert not doubled
    assert not never_asked
    assert not other_amount
    assert not sum(one.lost for one in found)
    assert heard.paid.keys() == in_books.keys() == heard.cents.keys()


if __name__ == "__main__":
    sys.exit(main())
