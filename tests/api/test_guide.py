"""docs/api.md is true: its commands and its client run, and it names every error there is."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from django.core.management import call_command

from ledger import errors
from ledger.errors import LedgerError
from nissmart.api import CODE_OF_STATUS
from tests.api.calls import issue
from tests.books import assert_books_right
from tests.factories import UserFactory, balance
from wallet.models import ApiToken, User

GUIDE = Path(__file__).parents[2] / "docs" / "api.md"


def blocks(language: str) -> list[str]:
    """The guide's code blocks in this language ("" for none), in order."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    return [text for name, text in fences if name == language]


@pytest.fixture
def surroundings(live_server) -> dict[str, str]:
    """The variables that the guide's reader has set; calls go to this machine directly."""
    token = issue(UserFactory(name="Guide Reader"), "service")
    return os.environ | {"NISSMART": live_server.url, "TOKEN": token, "no_proxy": "*"}


def run(command: list[str], text: str, surroundings: dict[str, str]) -> str:
    done = subprocess.run(
        command, input=text, env=surroundings, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_its_commands_run_one_after_the_other(surroundings):
    missing = [tool for tool in ("bash", "curl", "jq") if not shutil.which(tool)]
    if missing:
        sentence = f"THE GUIDE'S COMMANDS ARE NOT TESTED: {', '.join(missing)} is not installed."
        warnings.warn(sentence, stacklevel=1)
        pytest.skip(sentence)
    commands = blocks("sh")
    assert len(commands) >= 5
    said = run(["bash", "-euo", "pipefail", "-s"], "\n".join(commands), surroundings)
    assert "401" in said.splitlines()[-1]
    jane = User.objects.get(name="Jane Wambui")
    john = User.objects.get(name="John Kamau")
    assert (balance(jane), balance(john)) == (379_50, 100_00)
    assert_books_right()


def test_its_client_runs(surroundings):
    (client,) = blocks("python")
    assert run([sys.executable, "-"], client, surroundings) == "10000\n"
    assert balance(User.objects.get(name="Ann Njeri")) == 100_00
    assert_books_right()


@pytest.mark.django_db
def test_its_management_command_issues_a_token(capsys):
    lines = [line for block in blocks("") for line in block.splitlines()]
    (line,) = [line for line in lines if line.startswith("python manage.py ")]
    UserFactory(email="operator@example.com")
    call_command(*shlex.split(line)[2:])
    assert capsys.readouterr().out.startswith("nsk_")
    assert ApiToken.objects.get().name == "payroll"


def test_it_names_every_error():
    codes = set(CODE_OF_STATUS.values()) | {
        found.code
        for found in vars(errors).values()
        if isinstance(found, type)
        and issubclass(found, LedgerError)
        and hasattr(found, "code")
        # Programs do not reverse.
        and not issubclass(found, errors.ReversalRefused)
    }
    codes |= {"malformed_json", "unsupported_media_type"}  # wallet.strict_json
    table = GUIDE.read_text().partition("## Errors")[2]
    missing = {code for code in codes if f"`{code}`" not in table}
    assert not missing
