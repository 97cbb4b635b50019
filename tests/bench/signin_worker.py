"""Sign in in a separate process, through everything but the network."""

from __future__ import annotations

import time
from collections.abc import Callable

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.hashers import make_password  # noqa: E402
from django.test import Client  # noqa: E402

from tests.bench.workers import serve  # noqa: E402
from wallet.models import User  # noqa: E402

# `collectstatic` hasn't run, so there is no manifest.
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)
PASSWORD = "a-Long-Enough-1"

type Times = tuple[float, float]


def timed(work: Callable[[], object]) -> Times:
    """CPU and wall time, in milliseconds."""
    cpu, wall = time.thread_time(), time.perf_counter()
    work()
    return (time.thread_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000


def sign_in(login: str, password: str) -> Times:
    client = Client()
    client.get("/accounts/login/")
    form = {"login": login, "password": password}
    return timed(lambda: client.post("/accounts/login/", form))


def measure(times: int) -> dict[str, list[Times]]:
    """One of each kind in turn, so that a change of the machine's speed meets all of them."""
    hashed = make_password(PASSWORD)
    people = [
        User.objects.create_user(name="Bench Member", phone=f"+2547{number:08}")
        for number in range(times)
    ]
    User.objects.update(password=hashed)
    found: dict[str, list[Times]] = {}
    for number, person in enumerate(people):
        phone = str(person.phone)
        taken = {
            "one hash": timed(lambda: make_password(PASSWORD)),
            "right password": sign_in(phone, PASSWORD),
            "wrong password": sign_in(phone, "wrong"),
            "no account": sign_in(f"+2541{number:08}", "wrong"),
        }
        for name, each in taken.items():
            found.setdefault(name, []).append(each)
    return found


if __name__ == "__main__":
    serve({"measure": measure})
