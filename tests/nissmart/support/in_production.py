"""Request a few pages with production settings, and print the answers as JSON.

test_production.py runs it as a separate program, because a process reads settings only once.
"""

import json
import sys

import django
from django.conf import settings
from django.core.management import call_command
from django.http import HttpResponse
from django.test import Client


def main(static_root: str) -> None:
    # Hashed names as in production, but no compression and none of the admin's files, to save time.
    manifest = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": manifest}}
    settings.STATIC_ROOT = static_root
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin"])
    print(json.dumps({name: describe(answer) for name, answer in answers().items()}))


def answers() -> dict[str, HttpResponse]:
    from wallet.models import User

    User.objects.create_user(name="Jane", email="jane@example.com", password="a-Long-Enough-1")
    login = {"login": "jane@example.com", "password": "a-Long-Enough-1"}
    host = {"host": "nissmart.example"}
    client = Client(headers=host)
    return {
        "landing": client.get("/", secure=True),
        "sign-in": client.get("/accounts/login/", secure=True),
        "signing in": client.post("/accounts/login/", login, secure=True),
        "home": client.get("/", secure=True),
        "preference": client.post("/preferences/", {"theme": "dark"}, secure=True),
        "missing": client.get("/nowhere/", secure=True),
        "plain http": client.get("/accounts/login/"),
        "plain API": Client().get("/api/users", headers=host | {"Authorization": "Bearer nsk_x"}),
        "API": client.get("/api/users", secure=True),
        "another host": Client(headers={"host": "evil.example"}).get("/", secure=True),
    }


def describe(answer: HttpResponse) -> dict[str, object]:
    return {
        "status": answer.status_code,
        "headers": dict(answer.headers),
        "cookies": [cookie.OutputString() for cookie in answer.cookies.values()],
        "text": answer.text,
    }


if __name__ == "__main__":
    main(sys.argv[1])
