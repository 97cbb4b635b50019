"""The owner of the tables, apart from the role that the application runs as (PostgreSQL).

The application's role can't drop or disable a trigger, because it owns nothing. So what needs the
owner (`migrate`, `createcachetable`, `grant_rights`, `backup`, `restore`) connects as the owner,
with DATABASE_OWNER_URL, and only while it works. Web servers and workers don't get that setting.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

LOGIN = ("USER", "PASSWORD", "HOST", "PORT", "OPTIONS", "DISABLE_SERVER_SIDE_CURSORS")


@contextmanager
def connected_to(database: Mapping[str, Any]) -> Iterator[None]:
    """During the block the default connection goes elsewhere: these keys replace its settings."""
    before = dict(connection.settings_dict)
    connection.close()
    connection.settings_dict.update(database)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.clear()
        connection.settings_dict.update(before)


@contextmanager
def as_owner() -> Iterator[None]:
    """During the block we are the owner of the tables, on the same database as before."""
    if not is_apart():
        yield
        return
    with connected_to({name: settings.DATABASE_OWNER[name] for name in LOGIN}):
        yield


def is_apart() -> bool:
    """Are we the application, and another role owns the tables?"""
    if connection.vendor != "postgresql" or not settings.DATABASE_OWNER:
        return False
    return role_of(connection.settings_dict) != role_of(settings.DATABASE_OWNER)


def role_of(database: Mapping[str, Any]) -> str:
    return str(database["OPTIONS"].get("assume_role") or database["USER"])
