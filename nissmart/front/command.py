"""The command that starts the web server. `make run`, `manage.py serve_web` and tests use it."""

from __future__ import annotations

import sys
from pathlib import Path

# Connections of one process. Each takes a few kilobytes, and an idle one nothing else.
CONNECTIONS = 8192
# How long a client may take for the headers, and how long an idle connection stays open.
HEADERS_TIMEOUT_S = 30
HEADERS_BYTES_AT_MOST = 64 * 1024
STOP_TIMEOUT_S = 30


def command(*, host: str, port: int, workers: int = 1, log_level: str = "error") -> list[str]:
    """Granian with our front, listening on one IP address."""
    return [
        *(sys.executable, "-m", "granian"),
        "--interface=rsgi",
        *(f"--host={host}", f"--port={port}", f"--workers={workers}"),
        # One request at a time on a connection, so that its end says that the client is gone.
        *("--http=1", "--no-ws"),
        *(f"--backlog={CONNECTIONS}", f"--backpressure={CONNECTIONS}"),
        f"--http1-header-read-timeout={HEADERS_TIMEOUT_S * 1000}",
        f"--http1-buffer-size={HEADERS_BYTES_AT_MOST}",
        "--respawn-failed-workers",
        # Without this, a worker that gets its stop signal while it starts never ends.
        f"--workers-kill-timeout={STOP_TIMEOUT_S}",
        f"--log-level={log_level}",
        "nissmart.front.entry:application",
    ]


def root() -> Path:
    """Where the command must run."""
    return Path(__file__).resolve().parent.parent.parent
