"""The database settings, from the environment. docs/configuration.md lists every variable."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environ import Env

POOLERS = ("", "session", "transaction")


def owner(env: Env, base_dir: Path) -> dict[str, Any]:
    """The same from DATABASE_OWNER_URL, the role that owns the tables. Empty when it isn't set."""
    url = env.str("DATABASE_OWNER_URL", "")
    return settings_of(url, env, base_dir) if url else {}


def database(env: Env, base_dir: Path) -> dict[str, Any]:
    """Turn DATABASE_URL into Django's settings, with the guarantees that money needs."""
    return settings_of(env.str("DATABASE_URL", "sqlite:///db.sqlite3"), env, base_dir)


def settings_of(url: str, env: Env, base_dir: Path) -> dict[str, Any]:
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{base_dir / url.removeprefix('sqlite:///')}"
    # Each thread keeps its connection. Opening one per request would cost more than a payment.
    kept: dict[str, Any] = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    config = kept | dict(env.db_url_config(url))
    lock_timeout_s = env.float("LOCK_TIMEOUT_S", 1.5)
    given = config.get("OPTIONS", {})
    if config["ENGINE"].endswith("sqlite3"):
        config["ENGINE"] = "wallet.db.sqlite"
        config["OPTIONS"] = {
            # IMMEDIATE takes the one write lock at BEGIN, in place of row locks.
            "transaction_mode": "IMMEDIATE",
            "timeout": lock_timeout_s,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        } | given
        # Threads and processes of the tests share the database, so it can't be in memory.
        config["TEST"] = {"NAME": f"{config['NAME']}.test"}
        return config
    pooler = env.str("DATABASE_POOLER", "")
    if pooler not in POOLERS:
        raise ImproperlyConfigured("DATABASE_POOLER must be `session`, `transaction` or empty.")
    statement_timeout_s = env.float("STATEMENT_TIMEOUT_S", 15)
    timeouts = [milliseconds(each) for each in (lock_timeout_s, statement_timeout_s, 30)]
    config["ENGINE"] = "wallet.db.postgresql"
    # Give up on a server that is down or silent. STATEMENT_TIMEOUT_S=0 means no limit here too.
    silence = {"connect_timeout": 3, "answer_timeout_s": 2 * statement_timeout_s or None}
    silence |= {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    silence |= {"tcp_user_timeout": 30_000}
    # PostgreSQL prepares a statement after five runs on a connection. With a pooler in transaction
    # mode the next transaction may be on another connection, so nothing is prepared.
    is_shared = pooler == "transaction"
    prepared = {"server_side_binding": True, "prepare_threshold": None if is_shared else 5}
    config["DISABLE_SERVER_SIDE_CURSORS"] = is_shared
    config["OPTIONS"] = silence | prepared | {"timeouts": timeouts, "pooler": pooler} | given
    return config


def milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms" if seconds else "0"
