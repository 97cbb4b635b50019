"""docs/api.md is correct: its commands and its client run, and it lists every error code."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from django.core.management import call_command

from ledger import errors, goal_errors, payment_errors
from ledger.schedules import errors as schedule_errors
from nissmart.api import CODE_OF_STATUS
from tests.api.support.calls import issue
from tests.books import assert_books_right
from tests.factories import UserFactory, balance
from wallet.errors import Busy, OutcomeUnknown, Refusal
from wallet.models import ApiToken, User

GUIDE = Path(__file__).parents[2] / "docs" / "api.md"


def blocks(language: str) -> list[str]:
    """The guide's code blocks in this language ("" for none), in order."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    return [text for name, text in fences if name == language]


@pytest.fixture
def environment(live_server) -> dict[str, str]:
    """The variables that the guide asks its reader to set. No proxy."""
    token = issue(UserFactory(name="Guide Reader"), "service")
    return os.environ | {"NISSMART": live_server.url, "TOKEN": token, "no_proxy": "*"}


def run(command: list[str], text: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, input=text, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.any_engine
def test_the_guides_shell_commands_run(environment):
    missing = [tool for tool in ("bash", "curl", "jq") if not shutil.which(tool)]
    if missing:
        sentence = f"THE GUIDE'S COMMANDS ARE NOT TESTED: {', '.join(missing)} is not installed."
        warnings.warn(sentence, stacklevel=1)
        pytest.skip(sentence)
    commands = blocks("sh")
    assert len(commands) >= 5
    said = run(["bash", "-euo", "pipefail", "-s"], "\n".join(commands), environment)
    assert "401" in said.splitlines()[-1]
    jane = User.objects.get(name="Jane Wambui")
    john = User.objects.get(name="John Kamau")
    assert (balance(jane), balance(john)) == (304_50, 100_00)
    assert_books_right()


@pytest.mark.any_engine
def test_the_guides_client_runs(environment):
    (client,) = blocks("python")
    assert run([sys.executable, "-"], client, environment) == "10000\n"
    assert balance(User.objects.get(name="Ann Njeri")) == 100_00
    assert_books_right()


class Answers:
    """A local server that gives these answers in turn, then repeats the last. Records each call."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.calls = calls = []
        waiting = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                calls.append(self.path)
                status, text = waiting.pop(0) if len(waiting) > 1 else waiting[0]
                self.send_response(status)
                self.send_header("Retry-After", "0.01")
                self.end_headers()
                self.wfile.write(text.encode())

            do_POST = do_GET

            def log_message(self, *args: object) -> None:
                """Keep the test output clean."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


def load_call(monkeypatch, url: str):
    """The guide's `call` function, without the example that uses it."""
    (client,) = blocks("python")
    monkeypatch.setenv("NISSMART", url)
    monkeypatch.setenv("TOKEN", "nsk_x")
    monkeypatch.setenv("no_proxy", "*")
    names: dict = {}
    exec(client.partition("\nann = ")[0], names)
    return names["call"]


BAD_GATEWAY = (502, "<html><title>Bad gateway</title>")


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([BAD_GATEWAY, (503, "{}"), (200, '{"id": 1}')], {"id": 1}),
        ([(500, "{}"), (429, "{}"), (504, ""), (200, "[]")], []),
    ],
)
def test_the_guides_client_retries_temporary_errors(monkeypatch, answers, result):
    server = Answers(*answers)
    call = load_call(monkeypatch, server.url)
    assert call("POST", "/api/deposit", {}, key="one") == result
    assert len(server.calls) == len(answers)


@pytest.mark.parametrize(
    ("answer", "attempts"), [(BAD_GATEWAY, 5), ((500, "{}"), 5), ((400, '{"detail": "No."}'), 1)]
)
def test_the_guides_client_raises_when_it_gives_up(monkeypatch, answer, attempts):
    server = Answers(answer)
    call = load_call(monkeypatch, server.url)
    with pytest.raises(RuntimeError, match=f"^{answer[0]} "):
        call("POST", "/api/deposit", {}, key="one")
    assert len(server.calls) == attempts


def test_the_guides_client_raises_when_no_server_answers(monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    call = load_call(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(OSError, match="refused"):
        call("GET", "/api/balance/1")


def test_the_guides_client_does_not_retry_a_post_without_a_key(monkeypatch):
    server = Answers((500, "{}"))
    call = load_call(monkeypatch, server.url)
    with pytest.raises(RuntimeError):
        call("POST", "/api/users", {"name": "Ann"})
    assert len(server.calls) == 1


@pytest.mark.django_db
def test_the_guides_management_command_issues_a_token(capsys):
    lines = [line for block in blocks("") for line in block.splitlines()]
    (line,) = [line for line in lines if " manage.py " in line]
    # The same command as in README: on a fresh checkout no other one runs.
    before, _manage, command = line.partition(" manage.py ")
    assert before == "DEBUG=1 .venv/bin/python"
    UserFactory(email="operator@example.com")
    call_command(*shlex.split(command))
    assert capsys.readouterr().out.startswith("nsk_")
    assert ApiToken.objects.get().name == "payroll"


NOT_OF_PROGRAMS = (
    *(errors.CorrectionRefused, errors.FeeChanged, payment_errors.PaymentRefused),
    *(errors.ReversalRefused, errors.SettledOtherwise, goal_errors.NoLock),
)


def test_the_guide_lists_every_error_code():
    modules = (errors, goal_errors, payment_errors, schedule_errors)
    refusals = [found for module in modules for found in vars(module).values()]
    codes = set(CODE_OF_STATUS.values()) | {
        found.code
        for found in (*refusals, Busy, OutcomeUnknown)
        if isinstance(found, type)
        and hasattr(found, "code")
        and found not in (Refusal, errors.AmountRefused)
        # Programs can't reverse, settle, correct or lock, and name no fee.
        and not issubclass(found, NOT_OF_PROGRAMS)
    }
    codes |= {"malformed_json", "unsupported_media_type"}  # wallet.strict_json
    table = GUIDE.read_text().partition("## Errors")[2]
    missing = {code for code in codes if f"`{code}`" not in table}
    assert not missing
