"""The product's settings with DEBUG on, so that `pytest` runs without a SECRET_KEY."""

import os

os.environ.setdefault("DEBUG", "1")

from nissmart.embedded_postgres import APPLICATION, OWNER
from nissmart.settings import *  # noqa: F403

# A test's data is in a transaction that other threads don't see. Tests that commit ask for more.
PAYOUT_THREADS = 1
# On the private server of tests/postgres.py tests connect as the owner of the tables, who takes the
# role of the application where a test asks for it: tests/owner.py.
if DATABASE_OWNER and DATABASES["default"]["USER"] == APPLICATION:  # noqa: F405
    for database in (DATABASES["default"], DATABASE_OWNER):  # noqa: F405
        database["OPTIONS"]["assume_role"] = database["USER"]
        database["USER"] = OWNER
# Many tests send a few cents. tests/ledger/test_least.py looks at the limit.
LEAST_TRANSFER_CENTS = 1
# Otherwise every test client scans all static files before its first answer.
WHITENOISE_AUTOREFRESH = True
# Tests don't survive a power cut, so SQLite needn't wait for the disk at each commit.
if DATABASES["default"]["ENGINE"] == "wallet.db.sqlite":  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"  # noqa: F405
