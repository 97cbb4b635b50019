"""Request pages in a separate process, through everything but the network."""

from __future__ import annotations

import time

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import SESSION_KEY  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import Count  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from adminpanel.models import Statement  # noqa: E402
from tests.bench.workers import serve  # noqa: E402
from tests.conftest import pass_second_factor  # noqa: E402
from wallet.api import tokens  # noqa: E402
from wallet.models import Account, User  # noqa: E402
from wallet.staff.roles import FINANCE  # noqa: E402

# `collectstatic` hasn't run, so there is no manifest.
settings.STORAGES["staticfiles"]["BACKEND"] = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
)


def clients() -> tuple[Client, Client, Client]:
    """Clients of the member with the longest history, of finance, and of an API token."""
    busiest = Account.objects.annotate(size=Count("transactions_out")).order_by("-size")[0]
    finance = User.objects.filter(email="bench@example.com").first()
    finance = finance or User.objects.create_user(name="Finance", email="bench@example.com")
    finance.groups.add(Group.objects.get(name=FINANCE))
    _token, secret = tokens.issue(user_id=busiest.user_id, scope="service", name="benchmark")
    clients = Client(), Client(), Client(headers={"Authorization": f"Bearer {secret}"})
    clients[0].force_login(busiest.user)
    clients[1].force_login(finance)
    pass_second_factor(clients[1])
    return clients


member, staff, program = clients()
# What stands in paths: the member with the longest history, and the newest statement.
IDS = {"member": member.session[SESSION_KEY], "statement": Statement.objects.latest("pk").pk}


def get(path: str) -> HttpResponse:
    client = {"panel": staff, "api": program}.get(path.split("/")[1], member)
    return client.get(path.format(**IDS))


def measure(path: str, times: int) -> list[float]:
    """Server time of each of `times` requests, in milliseconds."""
    taken = []
    for _number in range(times):
        began = time.perf_counter()
        response = get(path)
        taken.append((time.perf_counter() - began) * 1000)
        assert response.status_code == 200, response.status_code
    return taken


def queries(path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as found:
        get(path)
    return len(found)


if __name__ == "__main__":
    serve({"measure": measure, "queries": queries})
