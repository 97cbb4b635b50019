"""Reads a callback, given as bytes or as what JSON makes of it."""

from __future__ import annotations

import json
from typing import Any

from ledger import rails
from ledger.rails import Callback

RAIL = rails.of("mpesa")


def read(kind: str, body: Any) -> Callback | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return RAIL.parse_callback(kind, raw)
