"""Fill in and submit the three pages that move money."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import Client

from ledger.models import Transaction
from tests import pages
from tests.factories import new_key
from wallet.models import User

MOVES = ["deposit", "transfer", "withdraw"]
WORDS = {"deposit": "Deposit", "transfer": "Send", "withdraw": "Withdraw"}


def url(move: str) -> str:
    return f"/{move}/"


def order(move: str, payee: User | None = None, **changes: str) -> dict[str, str]:
    """The fields of a filled form, with a new key. A transfer goes to `payee`."""
    filled = {"amount": "250", "description": "Lunch", "idempotency_key": new_key()}
    if move == "transfer" and payee:
        filled["recipient"] = payee.email or payee.phone or ""
    return filled | changes


def press(
    client: Client, move: str, filled: dict[str, str], headers: dict[str, str] | None = None
) -> HttpResponse:
    """Press Continue: from the form to the review page."""
    response: HttpResponse = client.post(url(move), filled, headers=headers)
    return response


def confirm(
    client: Client, move: str, filled: dict[str, str], headers: dict[str, str] | None = None
) -> HttpResponse:
    """Press the review page's button that moves the money."""
    return press(client, move, filled | {"confirm": "1"}, headers)


def record_of(receipt: HttpResponse) -> Transaction:
    """The transaction of the receipt that this answer redirects to."""
    assert receipt.status_code == 303, pages.problems(receipt)
    reference = receipt.headers["Location"].rstrip("/").rpartition("/")[2]
    return Transaction.objects.get(reference=reference)
