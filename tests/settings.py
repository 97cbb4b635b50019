"""The product's settings with DEBUG on, so that `pytest` runs without a SECRET_KEY."""

import os

os.environ.setdefault("DEBUG", "1")

from nissmart.settings import *  # noqa: F403

# Otherwise every test client scans all static files before its first answer.
WHITENOISE_AUTOREFRESH = True
