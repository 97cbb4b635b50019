"""Production's settings without hashed static files, so that `collectstatic` needn't run."""

from nissmart.settings import *  # noqa: F403
from nissmart.settings import STORAGES

# As in tests/settings.py.
LEAST_TRANSFER_CENTS = 1

STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
}
