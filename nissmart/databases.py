"""Where the data is, from the environment. docs/configuration.md lists every variable."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from environ import Env

POOLERS = ("", "session", "transaction")


def database(env: Env, base_dir: Path) -> dict[str, Any]:
    """Turn DATABASE_URL into Django's settings, with the guarantees money needs on each engine."""
    url = env.str("DATABASE_URL", "sqlite:///db.sqlite3")
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{base_dir / url.removeprefix('sqlite:///')}"
    # Each thread keeps its connection: to open one for each request would cost more than a payment.
    kept: dict[str, Any] = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    config = kept | dict(env.db_url_config(url))
    lock_timeout_s = env.float("LOCK_TIMEOUT_S", 1.5)
    given = config.get("OPTIONS", {})
    if config["ENGINE"].endswith("sqlite3"):
        config["ENGINE"] = "wallet.db.sqlite"
        config["OPTIONS"] = {
            # IMMEDIATE takes the one write lock at BEGIN: it is SQLite's row lock.
            "transaction_mode": "IMMEDIATE",
            "timeout": lock_timeout_s,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        } | given
        # Threads and processes of the tests share the database, so it is a file.
        config["TEST"] = {"NAME": f"{config['NAME']}.test"}
        return config
    pooler = env.str("DATABASE_POOLER", "")
    if pooler not in POOLERS:
        raise ImproperlyConfigured("DATABASE_POOLER is `session`, `transaction` or nothing.")
    statement_timeout_s = env.float("STATEMENT_TIMEOUT_S", 15)
    timeouts = [milliseconds(each) for each in (lock_timeout_s, statement_timeout_s, 30)]
    config["ENGINE"] = "wallet.db.postgresql"
    # A server that is down, or that went away without a word, is given up. 0 is no limit here too.
    silence = {"connect_timeout": 10, "answer_timeout_s": 2 * statement_timeout_s or None}
    silence |= {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    silence |= {"tcp_user_timeout": 30_000}
    # A statement that a connection has run five times is planned once for all, where the pooler
    # lets us keep the connection that it was prepared on.
    is_shared = pooler == "transaction"
    prepared = {"server_side_binding": True, "prepare_threshold": None if is_shared else 5}
    config["DISABLE_SERVER_SIDE_CURSORS"] = is_shared
    config["OPTIONS"] = silence | prepared | {"timeouts": timeouts, "pooler": pooler} | given
    return config


def milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms" if seconds else "0"
