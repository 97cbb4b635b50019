"""Stream an export of the ledger through the view, and measure it."""

from __future__ import annotations

import resource
import time

import django

django.setup()

from django.contrib.auth.models import Group  # noqa: E402
from django.test import Client  # noqa: E402

from tests.bench.workers import serve  # noqa: E402
from tests.conftest import pass_second_factor  # noqa: E402
from wallet.models import User  # noqa: E402
from wallet.staff.roles import FINANCE  # noqa: E402

LEDGER = "/panel/ledger/"


def finance() -> Client:
    user = User.objects.filter(email="bench@example.com").first()
    user = user or User.objects.create_user(name="Finance", email="bench@example.com")
    user.groups.add(Group.objects.get(name=FINANCE))
    client = Client()
    client.force_login(user)
    pass_second_factor(client)
    return client


client = finance()


def export(query: str = "") -> dict[str, float]:
    """Measure rows, bytes, seconds, seconds to the first row, and growth of peak memory in KiB.

    The first export of a process also loads modules, so run a small one first.
    """
    before_kib = peak_kib()
    began = time.perf_counter()
    response = client.get(f"{LEDGER}?format=csv&{query}")
    assert response.status_code == 200, response.status_code
    pieces = iter(response.streaming_content)
    size, rows = len(next(pieces)), 0
    first_s = None
    for piece in pieces:
        first_s = first_s or time.perf_counter() - began
        size += len(piece)
        # Notes have no line breaks, so a line is a row.
        rows += piece.count(b"\r\n")
    return {
        "rows": rows,
        "bytes": size,
        "seconds": time.perf_counter() - began,
        "first_s": first_s or 0,
        "grown_kib": peak_kib() - before_kib,
    }


def peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    serve({"export": export})
