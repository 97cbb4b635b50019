"""Serve Nissmart on this machine: what `make run` starts. Ctrl-C stops everything."""

from __future__ import annotations

import os
import secrets
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import supervise
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from supervise import Service

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import mpesa  # noqa: E402

from nissmart.embedded_postgres import PostgresError, Server  # noqa: E402
from nissmart.front.command import command  # noqa: E402

ON = ("1", "true", "yes", "on", "y", "ok")


def main() -> int:
    os.chdir(ROOT)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nissmart.settings")
    # With a SECRET_KEY this may be a real site, so create no people with a known password.
    is_demo = "SECRET_KEY" not in os.environ
    if is_demo and not is_on(os.environ, "DEBUG"):
        serve_like_production()
    if is_demo:
        # Only here: the file holds codes that open accounts.
        os.environ.setdefault("OUTBOX_FILE", str(ROOT / "outbox.jsonl"))
    hosts = addresses(os.environ.get("HOST", "localhost"))
    is_private = is_demo or is_of_this_machine(os.environ)
    has_sandbox = mpesa.wants_sandbox(os.environ, is_private=is_private)
    if complaint := refusal(os.environ, hosts, has_sandbox=has_sandbox):
        print(complaint, file=sys.stderr)
        return 1
    supervise.interrupt_once()
    try:
        sandbox = prepare_sandbox(hosts) if has_sandbox else None
        with database() as postgres, metrics_folder():
            prepare(is_demo)
            # What serves needn't know how to become the owner of the tables.
            os.environ.pop("DATABASE_OWNER_URL", None)
            started = services(hosts, port_of(os.environ), sandbox)
            return supervise.run(started, postgres, lambda: be_ready(hosts[0], sandbox))
    except KeyboardInterrupt:
        return 0
    except (PostgresError, ImproperlyConfigured) as error:
        print(error, file=sys.stderr)
        return 1


def serve_like_production() -> None:
    """Serve what users would see, errors included, but over plain HTTP and only on this machine."""
    os.environ["SECRET_KEY"] = own_secret()
    os.environ.setdefault("HTTPS", "0")
    os.environ.setdefault("SUPPORT_CONTACT", "help@nissmart.example or 0800 000 000")
    os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")


def own_secret() -> str:
    """This checkout's key, kept in a file so that sessions outlive a restart."""
    file = ROOT / ".secret-key"
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(64))
    return file.read_text()


def addresses(host: str) -> list[str]:
    """Where to listen. `localhost` is both loopback addresses, where the machine has both."""
    if host != "localhost":
        return [host.strip("[]")]
    return ["127.0.0.1", *(["::1"] if has_ipv6() else [])]


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def refusal(environ: Mapping[str, str], hosts: list[str], *, has_sandbox: bool = False) -> str:
    """Why we can't serve with this environment, or "". Called before anything changes.

    `has_sandbox`: we start a simulator of M-PESA, so its settings aren't missing.
    """
    port = environ.get("PORT", "8000")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        return f"PORT is {port!r}; it must be a number from 1 to 65535."
    if environ.get("ENGINE", "sqlite") not in ("sqlite", "postgres"):
        return f"ENGINE is {environ['ENGINE']!r}; it must be sqlite or postgres."
    if environ.get("ENGINE") and environ.get("DATABASE_URL"):
        return "Set ENGINE, to run a database here, or DATABASE_URL, to name one; not both."
    if missing := missing_settings(environ, has_sandbox=has_sandbox):
        return complaint_about(missing)
    if has_sandbox and not mpesa.callback_host(hosts, allowed_hosts(environ)):
        return (
            "The M-PESA simulator reaches the site only on this machine:"
            " leave HOST out, and add localhost to ALLOWED_HOSTS."
        )
    if any(supervise.is_answering((loopback(host), int(port))) for host in hosts):
        return f"Port {port} is taken. Choose another: make run PORT={int(port) + 1}"
    return ""


def complaint_about(missing: dict[str, str]) -> str:
    width = max(map(len, missing))
    lines = [f"  {name:{width}} {what}" for name, what in missing.items()]
    hint = "Without SECRET_KEY, `make run` serves a demo that needs none."
    if missing.keys() <= mpesa.NEEDED.keys():
        hint = "A demo with none of them (`make run RAIL=mpesa`) starts a simulator of M-PESA."
    return "\n".join(
        [
            "Nissmart can't start, because these settings are missing:",
            *lines,
            f"docs/configuration.md lists all settings. {hint}",
        ]
    )


def missing_settings(environ: Mapping[str, str], *, has_sandbox: bool = False) -> dict[str, str]:
    """Settings without which nothing would work, each with what to set it to."""
    missing = {} if is_on(environ, "DEBUG") else missing_of_a_site(environ)
    if environ.get("RAIL") == "mpesa" and not has_sandbox:
        missing |= mpesa.missing(environ)
    return missing


def missing_of_a_site(environ: Mapping[str, str]) -> dict[str, str]:
    """Settings without which every page would be an error."""
    missing = {}
    if not environ.get("SECRET_KEY"):
        missing["SECRET_KEY"] = "a long random text"
    if not environ.get("ALLOWED_HOSTS", "").strip(", "):
        missing["ALLOWED_HOSTS"] = "the site's host names, such as nissmart.example"
    is_encrypted = is_on(environ, "HTTPS", default=True)
    redirects = is_encrypted and is_on(environ, "SECURE_SSL_REDIRECT", default=True)
    # We speak plain HTTP, so without a proxy every request would be redirected to HTTPS forever.
    if redirects and not is_on(environ, "BEHIND_TLS_PROXY"):
        missing["BEHIND_TLS_PROXY"] = "1 if a proxy ends TLS; or HTTPS=0 for plain HTTP"
    return missing


def is_of_this_machine(environ: Mapping[str, str]) -> bool:
    """Does the site answer to no name but this machine's, over plain HTTP?"""
    if is_on(environ, "DEBUG"):
        return True
    is_encrypted = is_on(environ, "HTTPS", default=True)
    return not is_encrypted and set(allowed_hosts(environ)) <= set(mpesa.LOCAL_HOSTS)


def allowed_hosts(environ: Mapping[str, str]) -> list[str]:
    named = [name.strip() for name in environ.get("ALLOWED_HOSTS", "").split(",")]
    return [name for name in named if name] or (["*"] if is_on(environ, "DEBUG") else [])


def is_on(environ: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    return environ[name].lower().strip() in ON if name in environ else default


@contextmanager
def database() -> Iterator[Server | None]:
    """With ENGINE=postgres, run a PostgreSQL of this checkout. SQLite needs no server."""
    if os.environ.get("ENGINE") != "postgres":
        yield None
        return
    place = ROOT / os.environ.get("POSTGRES_DIR", "db.postgres")
    with Server(place) as server:
        os.environ["DATABASE_URL"] = server.url
        os.environ["DATABASE_OWNER_URL"] = server.owner_url
        # For `manage.py` in another terminal. They hold passwords, so others can't read them.
        files = {place / "url": server.url, place / "owner-url": server.owner_url}
        for file, url in files.items():
            file.touch(mode=0o600)
            file.write_text(url)
        try:
            yield server
        finally:
            for file in files:
                file.unlink(missing_ok=True)


@contextmanager
def metrics_folder() -> Iterator[None]:
    """With METRICS_TOKEN, a folder in which all processes count, so that one scrape has all."""
    if not os.environ.get("METRICS_TOKEN") or os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        yield
        return
    with TemporaryDirectory(prefix="nissmart-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


def prepare_sandbox(hosts: list[str]) -> mpesa.Sandbox:
    """Point this process, and all that it starts, at a simulator of M-PESA."""
    sandbox = mpesa.Sandbox(ROOT / os.environ.get("SANDBOX_DIR", "sandbox"))
    host = mpesa.callback_host(hosts, allowed_hosts(os.environ))
    site_url = f"http://{host}:{port_of(os.environ)}"
    os.environ.update(sandbox.prepare(site_url, os.environ.get("SECRET_KEY") or own_secret()))
    return sandbox


def prepare(is_demo: bool) -> None:
    """Bring the database and the static files up to date."""
    manage("migrate", "--verbosity=0")
    manage("createcachetable", "--verbosity=0")
    collect_static()
    if is_demo:
        manage("demo", "--if-empty", "--yes")


def collect_static() -> None:
    """Collect the static files, if any has changed: compressing them takes seconds."""
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


def services(hosts: list[str], port: int, sandbox: mpesa.Sandbox | None) -> list[Service]:
    """What runs side by side: a web server on each IP address, the background worker, and M-PESA's
    simulator if there is one."""
    servers = [
        Service("web server", command(host=host, port=port), (loopback(host), port))
        for host in hosts
    ]
    started = [*servers, Service("worker", [sys.executable, "manage.py", "work"])]
    return [sandbox.service(), *started] if sandbox else started


def loopback(host: str) -> str:
    """Where we reach a server that listens on this host."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # nosec B104: only compared


def port_of(environ: Mapping[str, str]) -> int:
    return int(environ.get("PORT", "8000"))


def be_ready(host: str, sandbox: mpesa.Sandbox | None) -> None:
    """Everything answers: say where. A simulator first hears where the site is."""
    if sandbox:
        manage("register_callbacks")
    announce(host)
    if sandbox:
        print(sandbox.announcement(), flush=True)


def announce(host: str) -> None:
    """Print a URL that works, or the host names of the site."""
    port, names = port_of(os.environ), settings.ALLOWED_HOSTS
    if settings.HTTPS or not {"*", "localhost"} & set(names):
        where = f"on port {port} of {host}, for {', '.join(names)}"
    elif host in ("127.0.0.1", "0.0.0.0", "::1", "::"):  # nosec B104: only compared
        where = f"at http://localhost:{port}"
    else:
        where = f"at http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"\nNissmart is {where}  (Ctrl-C stops it)", flush=True)
    if settings.OUTBOX_FILE:
        print(f"Codes and messages are in {settings.OUTBOX_FILE}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
