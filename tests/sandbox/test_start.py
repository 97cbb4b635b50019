"""`python -m nissmart.sandbox` prints its URL, keeps its book, and imports nothing of ours."""

from __future__ import annotations

import ast
import json
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.support.daraja import Daraja

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "nissmart" / "sandbox"
FILES = [ROOT / "nissmart" / "__init__.py", *sorted(PACKAGE.rglob("*.py"))]


class Process:
    """A simulator in a separate process, with its book on disk."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.certificate = folder / "certificate.pem"
        command = [sys.executable, "-m", "nissmart.sandbox", "--settle", "0", "--frozen"]
        command += ["--state", str(folder / "book.jsonl"), "--certificate", str(self.certificate)]
        self.popen = subprocess.Popen(
            [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        self.first_line = self.line()
        self.settings = dict(self.line().split("=", 1) for _ in range(9))

    def line(self) -> str:
        assert self.popen.stdout is not None
        return self.popen.stdout.readline().strip()

    def client(self, receiver) -> Daraja:
        base_url = self.settings["MPESA_BASE_URL"]
        return Daraja(base_url, self.certificate.read_bytes(), self.settings, receiver)

    def end(self, sign: int) -> int:
        self.popen.send_signal(sign)
        return self.popen.wait(timeout=10)


@pytest.fixture
def launch(tmp_path) -> Iterator:
    processes: list[Process] = []

    def launch(*options: str) -> Process:
        processes.append(Process(tmp_path, *options))
        return processes[-1]

    yield launch
    for process in processes:
        process.popen.kill()
        process.popen.wait()
        assert process.popen.stdout is not None
        process.popen.stdout.close()


def test_it_prints_its_url_and_settings(launch, receiver):
    process = launch("--phones", "pin", "--float", "500")
    assert process.first_line == f"M-PESA sandbox at {process.settings['MPESA_BASE_URL']}"
    assert process.settings["MPESA_BASE_URL"].startswith("http://127.0.0.1:")
    assert process.settings["MPESA_CERTIFICATE"] == str(process.certificate)
    key = process.certificate.with_name("certificate.pem.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    daraja = process.client(receiver)
    daraja.stk()
    daraja.advance()
    assert daraja.control("organisation", {})["utility"] == 600
    assert process.end(signal.SIGTERM) == 0


def test_the_book_and_the_certificate_survive_a_kill(launch, receiver):
    first = launch()
    daraja = first.client(receiver)
    credential = daraja.credential()
    daraja.b2c("NSP-paid", Amount="100")
    daraja.pay_bill(70)
    daraja.scenario(id="NSP-waiting", delay_s=60)
    daraja.b2c("NSP-waiting", Amount="200")
    daraja.stk()
    daraja.advance()
    before = daraja.book()
    statement = daraja.send("GET", "/_sim/statement.csv").raw
    first.end(signal.SIGKILL)

    daraja = launch().client(receiver)
    for request_id in ("NSP-paid", "NSP-waiting"):
        assert daraja.b2c(request_id).error[2] == "Duplicate OriginatorConversationID."
    daraja.advance()
    after = daraja.book()
    assert after[:2] == before
    assert [paid["reference"] for paid in after[2:]] == ["NSP-waiting"]
    assert daraja.control("organisation", {})["utility"] == 5_000_000 - 100 + 70 - 205
    codes = {one["kind"]: one["code"] for one in daraja.control("payments")}
    assert codes["stk"] == "1019"
    assert statement.splitlines()[6] in daraja.send("GET", "/_sim/statement.csv").raw.splitlines()
    daraja.b2c("NSP-new", SecurityCredential=credential)
    daraja.advance()
    receipts = [paid["receipt"] for paid in daraja.book()]
    assert len(receipts) == len(set(receipts)) == 4


def test_an_incomplete_last_line_is_cut_off(start, tmp_path):
    state = tmp_path / "book.jsonl"
    start(state=state).pay_bill(70)
    state.write_bytes(state.read_bytes() + b'{"asked": {"ser')
    daraja = start(state=state)
    assert len(daraja.book()) == 1
    daraja.pay_bill(80)
    assert len([json.loads(line) for line in state.read_text().splitlines()]) == 4


def imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from names if node.module in ("nissmart", "nissmart.sandbox") else [node.module]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_imports_nothing_of_the_product(file):
    for name in imports(file):
        is_allowed = name.split(".")[0] in sys.stdlib_module_names or name.startswith(
            ("cryptography.", "nissmart.sandbox.")
        )
        assert is_allowed or name == "cryptography", f"{file.name} imports {name}"
