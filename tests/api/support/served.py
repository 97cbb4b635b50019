"""Production's settings, without the static files that `collectstatic` makes."""

from nissmart.settings import *  # noqa: F403
from nissmart.settings import STORAGES

STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage",
}
