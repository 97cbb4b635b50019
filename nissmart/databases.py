"""The database settings, from the environment. docs/configuration.md lists every variable."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environ import Env

POOLERS = ("", "session", "transaction")
POSTGRESQL_PORT = "5432"
# Each thread keeps its connection. Opening one per request would cost more than a payment.
KEPT: dict[str, Any] = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}


def databases(env: Env, base_dir: Path) -> dict[str, dict[str, Any]]:
    """The database, and the replica for reports if REPLICA_URL names one."""
    found = {"default": database(env, base_dir)}
    if url := env.str("REPLICA_URL", ""):
        found["replica"] = replica(env, url, found["default"]["ENGINE"])
    return found


def replica(env: Env, url: str, engine: str) -> dict[str, Any]:
    """The replica's settings. Its sessions only read."""
    if engine != "wallet.db.postgresql" or is_sqlite(url):
        raise ImproperlyConfigured(
            "REPLICA_URL names a replica of PostgreSQL. SQLite has none: leave it empty."
        )
    # No pooler: a setting of the session would stay with what the pooler shares.
    return postgresql(env, url, pooler="", among_several="standby", is_read_only=True)


def owner(env: Env, base_dir: Path) -> dict[str, Any]:
    """The same from DATABASE_OWNER_URL, the role that owns the tables. Empty when it isn't set.

    It goes around a pooler: `pg_dump` reads in one session, and migrations take long.
    """
    url = env.str("DATABASE_OWNER_URL", "")
    return settings_of(url, env, base_dir) if url else {}


def database(env: Env, base_dir: Path) -> dict[str, Any]:
    """Turn DATABASE_URL into Django's settings, with the guarantees that money needs."""
    url = env.str("DATABASE_URL", "sqlite:///db.sqlite3")
    return settings_of(url, env, base_dir, pooler=env.str("DATABASE_POOLER", ""))


def settings_of(url: str, env: Env, base_dir: Path, *, pooler: str = "") -> dict[str, Any]:
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{base_dir / url.removeprefix('sqlite:///')}"
    if is_sqlite(url):
        return sqlite(env, url)
    return postgresql(env, url, pooler=pooler)


def sqlite(env: Env, url: str) -> dict[str, Any]:
    config = KEPT | dict(env.db_url_config(url))
    config["ENGINE"] = "wallet.db.sqlite"
    config["OPTIONS"] = {
        # IMMEDIATE takes the one write lock at BEGIN, in place of row locks.
        "transaction_mode": "IMMEDIATE",
        "timeout": env.float("LOCK_TIMEOUT_S", 1.5),
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    } | config.get("OPTIONS", {})
    # Threads and processes of the tests share the database, so it can't be in memory.
    config["TEST"] = {"NAME": f"{config['NAME']}.test"}
    return config


def postgresql(
    env: Env,
    url: str,
    *,
    pooler: str,
    among_several: str = "read-write",
    is_read_only: bool = False,
) -> dict[str, Any]:
    """PostgreSQL's settings. Of several hosts it takes the first that is `among_several`."""
    config = KEPT | dict(env.db_url_config(url))
    hosts = hosts_of(url)
    several: dict[str, Any] = {}
    if len(hosts) > 1:
        # libpq's own names. One port would count for all hosts, and it wants no brackets.
        config["HOST"], config["PORT"] = (",".join(each) for each in zip(*hosts, strict=True))
        several = {"target_session_attrs": among_several}
    if pooler not in POOLERS:
        raise ImproperlyConfigured("DATABASE_POOLER must be `session`, `transaction` or empty.")
    statement_timeout_s = env.float("STATEMENT_TIMEOUT_S", 15)
    lock_timeout_s = env.float("LOCK_TIMEOUT_S", 1.5)
    timeouts = [milliseconds(each) for each in (lock_timeout_s, statement_timeout_s, 30)]
    config["ENGINE"] = "wallet.db.postgresql"
    # Give up on a server that is down or silent. Each of several hosts gets connect_timeout.
    # STATEMENT_TIMEOUT_S=0 means no limit here too.
    silence = {"connect_timeout": 3, "answer_timeout_s": 2 * statement_timeout_s or None}
    silence |= {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    silence |= {"tcp_user_timeout": 30_000}
    # PostgreSQL prepares a statement after five runs on a connection. With a pooler in transaction
    # mode the next transaction may be on another connection, so nothing is prepared.
    is_shared = pooler == "transaction"
    prepared = {"server_side_binding": True, "prepare_threshold": None if is_shared else 5}
    config["DISABLE_SERVER_SIDE_CURSORS"] = is_shared
    ours = {"timeouts": timeouts, "pooler": pooler, "is_read_only": is_read_only}
    config["OPTIONS"] = silence | prepared | ours | several | config.get("OPTIONS", {})
    return config


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite:")


def hosts_of(url: str) -> list[tuple[str, str]]:
    """The hosts that the URL names, each with its port: `h1:5433,h2,[::1]:5434`."""
    names = urlsplit(url).netloc.rpartition("@")[2]
    found = []
    for name in names.split(","):
        bracketed, _bracket, rest = name.rpartition("]")
        host, _colon, port = rest.partition(":")
        found.append((bracketed.removeprefix("[") or unquote(host), port or POSTGRESQL_PORT))
    return found


def milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms" if seconds else "0"
