"""The product's settings without a secret to give, so that a plain `pytest` works too."""

import os

os.environ.setdefault("DEBUG", "1")

from nissmart.settings import *  # noqa: F403

# A test's data is in a transaction that other threads don't see. Tests that commit ask for more.
PAYOUT_THREADS = 1
# Without this every test client walks through all static files before its first answer.
WHITENOISE_AUTOREFRESH = True
