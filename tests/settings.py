"""The product's settings, as the tests need them: no secret to give, passwords hashed quickly."""

import os

os.environ.setdefault("DEBUG", "1")

from nissmart.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
