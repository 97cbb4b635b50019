"""Production's settings without hashed static files, so that `collectstatic` needn't run."""

from nissmart.settings import *  # noqa: F403
from nissmart.settings import STORAGES

STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
}
