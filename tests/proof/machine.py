"""A database machine as Debian makes one, in a separate directory: PostgreSQL with its settings
apart from its data, reached by its socket as the user postgres and with passwords by TCP."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from nissmart.embedded_postgres import find_binaries
from tests.bench.workers import environment
from tests.postgres import free_port
from tests.proof import guide

SETTINGS = """
data_directory = '{data}'
hba_file = '{etc}/pg_hba.conf'
ident_file = '{etc}/pg_ident.conf'
port = {port}
listen_addresses = '127.0.0.1'
unix_socket_directories = '{place}/run'
shared_buffers = 64MB
max_connections = 60
include_dir = 'conf.d'
"""
# The settings of the site of section 1, as they are in its file: with a space in one.
SITE = {
    "SECRET_KEY": "k" * 60,
    "ALLOWED_HOSTS": "pay.example.com",
    "MONEY_IS_AT": "Bank of the proof",
}
FOLDERS = ("run", "lock", "log", "backups", "main")
# An operator's shell hasn't got these: the commands find them in the files of the site.
OF_THE_SITE = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "HTTPS",
)


class Machine:
    """Runs during the block. Needs root, as the commands of the guide do."""

    def __init__(self, place: Path) -> None:
        self.place, self.port = place, free_port()
        self.data, self.etc = place / "main", place / "postgresql"
        self.binaries = find_binaries()
        postgres = pwd.getpwnam("postgres")
        self.as_postgres = {"user": postgres.pw_uid, "group": postgres.pw_gid, "extra_groups": []}
        service = f"runuser -u postgres -- {self.binaries}/pg_ctl -s -w -D {self.etc}"
        log = f"-l {place}/log/postgresql.log"
        self.replaced = {
            "apt-get install --yes pgbackrest": "pgbackrest version",
            "systemctl restart postgresql@15-main": f"{service} {log} -m fast restart",
            "systemctl start postgresql@15-main": f"{service} {log} -t 300 start",
            "systemctl stop postgresql@15-main": f"{service} -m fast stop",
            "/etc/postgresql/15/main": str(self.etc),
            "/var/lib/postgresql/15/main": str(self.data),
            "/etc/pgbackrest": f"{place}/pgbackrest",
            "/var/lib/pgbackrest": f"{place}/repository",
            "/var/log/pgbackrest": f"{place}/log/pgbackrest",
            "/var/backups/nissmart": f"{place}/backups",
            "/etc/nissmart": f"{place}/nissmart",
            "127.0.0.1:5432": f"127.0.0.1:{self.port}",
        }
        self.environment = environment("sqlite:///unused") | {
            "SETTINGS_FOLDER": f"{place}/nissmart",
            "PGHOST": f"{place}/run",
            "PGPORT": str(self.port),
            "PGBACKREST_CONFIG": f"{place}/pgbackrest/pgbackrest.conf",
            "PGBACKREST_CONFIG_INCLUDE_PATH": f"{place}/pgbackrest/conf.d",
            # As in the configuration file, but for where this machine is.
            "PGBACKREST_REPO1_PATH": f"{place}/repository",
            "PGBACKREST_PG1_PATH": str(self.data),
            "PGBACKREST_PG1_PORT": str(self.port),
            "PGBACKREST_PG1_SOCKET_PATH": f"{place}/run",
            "PGBACKREST_LOG_PATH": f"{place}/log",
            "PGBACKREST_LOCK_PATH": f"{place}/lock",
        }
        for name in OF_THE_SITE:
            self.environment.pop(name, None)

    def __enter__(self) -> Self:
        self.place.chmod(0o755)
        for name in FOLDERS:
            (self.place / name).mkdir()
            shutil.chown(self.place / name, "postgres", "postgres")
        self.data.chmod(0o700)
        command = [self.binaries / "initdb", "-D", self.data, "-U", "postgres", "-E", "UTF8"]
        command += ["--locale=C.UTF-8", "--auth-local=peer", "--auth-host=scram-sha-256"]
        subprocess.run(
            command, check=True, stdout=subprocess.DEVNULL, cwd=self.place, **self.as_postgres
        )
        (self.etc / "conf.d").mkdir(parents=True)
        (self.place / "nissmart").mkdir()
        lines = [f"{name}={value}\n" for name, value in SITE.items()]
        (self.place / "nissmart/nissmart.env").write_text("".join(lines))
        for name in ("pg_hba.conf", "pg_ident.conf"):
            shutil.move(self.data / name, self.etc / name)
        values = {"data": self.data, "etc": self.etc, "place": self.place, "port": self.port}
        (self.etc / "postgresql.conf").write_text(SETTINGS.format(**values))
        (self.data / "postgresql.conf").unlink()
        subprocess.run(["chown", "-R", "postgres:postgres", self.etc], check=True)
        self.serve("start")
        return self

    def __exit__(self, *_error: object) -> None:
        if (self.data / "postmaster.pid").exists():
            self.serve("stop", "-m", "immediate")

    def serve(self, act: str, *more: str) -> None:
        command = [self.binaries / "pg_ctl", "-s", "-w", "-D", self.etc, act, *more]
        log = ["-l", str(self.place / "log/postgresql.log")] if act == "start" else []
        subprocess.run(
            [*command, *log], check=True, cwd=self.place, env=self.environment, **self.as_postgres
        )

    def follow(self, section: str, **more: str) -> str:
        """Run the commands of a section of the guide here."""
        return guide.follow(section, self.replaced, self.environment, **more)

    def url(self, file: str = "database.env") -> str:
        """The address that the guide wrote down."""
        return (self.place / "nissmart" / file).read_text().strip().split("=", 1)[1]

    def manage(self, *arguments: str) -> str:
        """Run `manage.py` as the application."""
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=guide.ROOT,
            env=environment(self.url()) | {"DATABASE_OWNER_URL": ""},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def destroy(self) -> None:
        """Kill the server with all its processes, and lose the disk."""
        postmaster = int((self.data / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
        for process in [postmaster, *map(int, children)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        while Path(f"/proc/{postmaster}").exists() and not is_dead(postmaster):
            time.sleep(0.05)
        shutil.rmtree(self.data, ignore_errors=True)
        # An archiver that was killed may still be writing: what it began dies with it.
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(mode=0o700)
        shutil.chown(self.data, "postgres", "postgres")


def is_dead(process: int) -> bool:
    """Has it ended, though its parent hasn't asked how?"""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True
