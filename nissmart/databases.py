"""Where the data is, from the environment. docs/configuration.md lists every variable."""

from pathlib import Path
from typing import Any

from environ import Env


def database(env: Env, base_dir: Path) -> dict[str, Any]:
    """Turn DATABASE_URL into Django's settings, with the guarantees money needs on each engine."""
    url = env.str("DATABASE_URL", "sqlite:///db.sqlite3")
    if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
        url = f"sqlite:///{base_dir / url.removeprefix('sqlite:///')}"
    # Each thread keeps its connection: to open one for each request would cost more than a payment.
    kept: dict[str, Any] = {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    config = kept | dict(env.db_url_config(url))
    if config["ENGINE"].endswith("sqlite3"):
        config["ENGINE"] = "wallet.db.sqlite"
        config["OPTIONS"] = {
            # IMMEDIATE takes the one write lock at BEGIN: it is SQLite's row lock.
            "transaction_mode": "IMMEDIATE",
            "timeout": env.int("SQLITE_BUSY_TIMEOUT_S", 20),
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        } | config.get("OPTIONS", {})
        # Threads and processes of the tests share the database, so it is a file.
        config["TEST"] = {"NAME": f"{config['NAME']}.test"}
        return config
    given = config.get("OPTIONS", {})
    statement_timeout_s = env.int("STATEMENT_TIMEOUT_S", 15)
    timeouts = (
        f"-c lock_timeout={env.int('LOCK_TIMEOUT_S', 3)}s"
        f" -c statement_timeout={statement_timeout_s}s"
        " -c idle_in_transaction_session_timeout=30s"
    )
    config["ENGINE"] = "wallet.db.postgresql"
    # A server that is not there, or has gone without a word, is given up. 0 is no limit here too.
    silence = {"connect_timeout": 10, "answer_timeout_s": 2 * statement_timeout_s or None}
    silence |= {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
    silence |= {"tcp_user_timeout": 30_000}
    # A statement that a connection has run five times is planned once for all.
    prepared = {"server_side_binding": True, "prepare_threshold": 5}
    config["OPTIONS"] = silence | prepared | given
    config["OPTIONS"]["options"] = f"{timeouts} {given.get('options', '')}".strip()
    return config
