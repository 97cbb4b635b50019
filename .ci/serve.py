"""Serve Nissmart on this machine: what `make run` starts. Ctrl-C stops everything."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import execute_from_command_line

ROOT = Path(__file__).resolve().parent.parent
STOP_TIMEOUT_S = 10
# Ctrl-C, a plain `kill` and a closed terminal all end it the same way.
SIGNS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nissmart.settings")
    # With a key of somebody's own this may be a real site: no people with a known password there.
    wants_demo = "SECRET_KEY" not in os.environ
    if not settings_given():
        serve_like_production()
    for sign in SIGNS:
        signal.signal(sign, signal.default_int_handler)

    host = os.environ.get("HOST", "127.0.0.1")
    port = int(os.environ.get("PORT", "8000"))
    if is_answering(port):
        print(f"Port {port} is taken. Choose another: make run PORT={port + 1}", file=sys.stderr)
        return 1

    try:
        prepare(wants_demo)
        return supervise(commands(host, port), port)
    except KeyboardInterrupt:
        return 0


def settings_given() -> bool:
    return "SECRET_KEY" in os.environ or "DEBUG" in os.environ


def serve_like_production() -> None:
    """What users would see, errors included, but over plain HTTP and on this machine alone."""
    os.environ["SECRET_KEY"] = own_secret()
    os.environ.setdefault("HTTPS", "0")
    os.environ.setdefault("SUPPORT_CONTACT", "help@nissmart.example or 0800 000 000")
    os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")


def own_secret() -> str:
    """A key of this checkout's own, so that sessions outlive a restart."""
    file = ROOT / ".secret-key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(64))
    return file.read_text()


def prepare(wants_demo: bool) -> None:
    """Bring database and static files up to date."""
    manage("migrate", "--verbosity=0")
    manage("createcachetable", "--verbosity=0")
    collect_static()
    if wants_demo:
        manage("demo", "--if-empty", "--yes")


def collect_static() -> None:
    """Collect the static files, if any has changed since: compressing them takes seconds."""
    sources = [
        (path, os.stat(storage.path(path)).st_mtime_ns)
        for finder in get_finders()
        for path, storage in finder.list(None)
    ]
    state = repr((settings.STORAGES["staticfiles"], sorted(sources)))
    stamp = ROOT / ".venv" / "static-files"
    if settings.STATIC_ROOT.is_dir() and stamp.exists() and stamp.read_text() == state:
        return
    manage("collectstatic", "--no-input", "--verbosity=0")
    stamp.write_text(state)


def manage(*arguments: str) -> None:
    execute_from_command_line(["manage.py", *arguments])


def commands(host: str, port: int) -> list[list[str]]:
    """What runs side by side: the web server and the background worker."""
    granian = str(Path(sys.executable).parent / "granian")
    # Warnings of its own (it finds eight threads many for two cores) are no news to who starts it.
    web = [granian, "--interface=wsgi", f"--host={host}", f"--port={port}"]
    web += [
        "--respawn-failed-workers",
        "--blocking-threads=8",
        "--log-level=error",
        "nissmart.wsgi:application",
    ]
    return [web, [sys.executable, "manage.py", "work"]]


def supervise(commands: list[list[str]], port: int) -> int:
    """Run the commands until one ends or we are told to stop; then end the others.

    The first is the web server, which is started again once it has answered: granian gives up
    when its worker dies twice within some seconds, and no option tells it not to.
    """
    told: list[int] = []
    # Taken note of, never raised: `make` hands on what the whole group was sent already, and a
    # second one must not break off the start of a process, or the end of one.
    for sign in SIGNS:
        signal.signal(sign, lambda sign, _frame: told.append(sign))
    processes: list[subprocess.Popen[bytes]] = []
    announced = False
    try:
        # Groups of their own: Ctrl-C reaches only us, and what a process has started ends with it.
        for command in commands:
            processes.append(subprocess.Popen(command, process_group=0))
        while not told and all(process.poll() is None for process in processes):
            if not announced and is_answering(port):
                announced = True
                print(f"\nNissmart is at http://localhost:{port}  (Ctrl-C stops it)", flush=True)
            time.sleep(0.2)
            if announced and not told and processes[0].poll() is not None:
                print("The web server has ended and is started again", file=sys.stderr)
                processes[0] = subprocess.Popen(commands[0], process_group=0)
                announced = False
        codes = [process.poll() for process in processes]
    finally:
        stop(processes)
    return 0 if told else next(filter(None, codes), 0)


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def is_answering(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
