"""The steps of deploy/Dockerfile, carried out without Docker in an empty folder.

What is copied is copied from what git has, each RUN runs with an empty environment, and then the
image's command serves a PostgreSQL with the settings of deploy/env.example. Its HEALTHCHECK must
pass, /readyz too, and SIGTERM must end it. Left out: making a user, and the other user's rights.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.bench.workers import ROOT
from tests.postgres import free_port, owner_of, server

DOCKERFILE = ROOT / "deploy/Dockerfile"
INSIDE = "/opt/nissmart"
READY_WITHIN_S = 240  # others may use the machine
# Where packages come from and what is trusted is this machine's business.
KEPT = ("PIP_", "SSL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class Step(NamedTuple):
    word: str
    rest: str


def steps(text: str) -> Iterator[Step]:
    for line in re.sub(r"\\\n", " ", text).splitlines():
        if line.strip() and not line.startswith("#"):
            word, _space, rest = line.partition(" ")
            yield Step(word, rest.strip())


class Image:
    """What the steps make: a folder, an environment, a command and a check."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.env = {"PATH": f"{place}/bin:/usr/bin:/bin", "HOME": str(place)}
        self.env |= {name: value for name, value in os.environ.items() if name.startswith(KEPT)}
        self.command: list[str] = []
        self.check: list[str] = []
        self.left_out: list[str] = []
        (place / "bin").mkdir(parents=True)
        (place / "bin/python").symlink_to(base_python())
        self.root = place / "root"

    def do(self, step: Step) -> None:
        rest = step.rest
        match step.word:
            case "WORKDIR":
                assert rest == INSIDE
                self.root.mkdir(exist_ok=True)
            case "ENV":
                self.env |= dict(pair.split("=", 1) for pair in rest.split())
            case "COPY" if not rest.startswith("--from=build"):
                self.copy(*rest.split())
            case "RUN" if rest.startswith("useradd"):
                self.left_out.append("useradd")
            case "RUN":
                self.run(["sh", "-ec", rest])
            case "HEALTHCHECK":
                self.check = json.loads(rest[rest.index("CMD ") + 4 :])
            case "CMD":
                self.command = json.loads(rest)
            case "FROM" | "COPY" | "USER" | "EXPOSE" | "STOPSIGNAL":
                pass
            case _:
                raise AssertionError(f"{step.word} isn't known here")

    def copy(self, source: str, target: str) -> None:
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", source]
        for name in subprocess.check_output(listed, cwd=ROOT, text=True).split("\n")[:-1]:
            to = self.root / (name if target == "./" else target + name.removeprefix(source))
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to)

    def run(self, command: list[str], **more: str) -> str:
        run = subprocess.run(
            command,
            cwd=self.root,
            env=self.env | more,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, f"{command}: {run.stdout[-2000:]} {run.stderr[-2000:]}"
        return run.stdout


def base_python() -> str:
    """The interpreter below this virtual environment."""
    return str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")


def settings_of_a_site(url: str, port: int, key: str) -> dict[str, str]:
    """deploy/env.example, with what is empty filled in where the start needs it."""
    lines = (ROOT / "deploy/env.example").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if "=" in line and line[0] != "#")
    given |= {"SECRET_KEY": key, "DATABASE_URL": url, "PORT": str(port)}
    given |= {"AFRICASTALKING_USERNAME": "site", "AFRICASTALKING_API_KEY": "key"}
    return given | {"HOST": "127.0.0.1"}


def build(place: Path) -> Image:
    image = Image(place)
    for step in steps(DOCKERFILE.read_text()):
        image.do(step)
    return image


def serve(image: Image, more: dict[str, str]) -> str:
    """Start the command as the image has it, wait for its own health check, and stop it."""
    began = time.monotonic()
    process = subprocess.Popen(image.command, cwd=image.root, env=image.env | more)
    try:
        while time.monotonic() - began < READY_WITHIN_S:
            assert process.poll() is None, "the command has ended"
            try:
                image.run(image.check, **more)
                break
            except AssertionError:
                time.sleep(0.3)
        alive = image.run(image.check, **more).strip()
        alive_s = time.monotonic() - began
        ready = image.run([*image.check, "/readyz"], **more).strip()
    finally:
        process.send_signal(signal.SIGTERM)
        status = process.wait(40)
    assert (alive, ready, status) == ("200 alive", "200 ready", 0), (alive, ready, status)
    try:
        image.run(image.check, **more)
    except AssertionError:
        return f"healthy after {alive_s:.1f} s, ready, stopped with 0, then unhealthy"
    raise AssertionError("the health check passes without a server")


def failures(image: Image, more: dict[str, str]) -> list[str]:
    """Which checks of the deployment fail. The proxy, the mail server and people are missing."""
    run = subprocess.run(
        [".venv/bin/python", "manage.py", "check_deployment", "--json"],
        cwd=image.root,
        env=image.env | more,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [json.loads(line) for line in run.stdout.splitlines()]
    assert lines, run.stderr[-2000:]
    return sorted({line["check"] for line in lines if line["level"] == "FAIL"})


def main() -> int:
    key = secrets.token_urlsafe(64)
    with tempfile.TemporaryDirectory(prefix="nissmart-image-") as folder, server() as url:
        began = time.monotonic()
        image = build(Path(folder))
        built_s = time.monotonic() - began
        more = settings_of_a_site(url, free_port(), key)
        for command in ("migrate", "createcachetable"):
            owner = more | {"DATABASE_OWNER_URL": owner_of(url)}
            image.run([".venv/bin/python", "manage.py", command, "--verbosity=0"], **owner)
        served = serve(image, more)
        image.run([".venv/bin/python", "manage.py", "work", "--once"], **more)
        failed = failures(image, more)
        found = subprocess.run(
            ["grep", "-rlF", key, folder], capture_output=True, text=True, check=False
        )
        assert not found.stdout, f"a secret is in {found.stdout}"
        size = sum(file.stat().st_size for file in image.root.rglob("*") if file.is_file())
    print(f"built in {built_s:.0f} s, {size >> 20} MB; {served}; without {image.left_out}")
    print(f"check_deployment fails for {failed}")
    expected = {"addresses", "archive", "contacts", "mail", "proxy", "sms"}
    assert set(failed) <= expected, set(failed) - expected
    return 0


if __name__ == "__main__":
    sys.exit(main())
