"""Payouts on the panel: their URLs, and payouts in each state on the made-up rail."""

from __future__ import annotations

from django.http import HttpResponse
from django.test import Client, override_settings

from ledger.models import Attempt
from tests.factories import funded, withdraw
from tests.ledger.support import paya
from tests.ledger.support.payouts import sent
from tests.pages import elements, find, htmx, is_part, is_whole_page, text, words
from wallet.models import User

LIST = "/panel/payouts/"
PAUSE = f"{LIST}pause/"
REASON = "The member didn't ask for it."
PAID = {"paid-receipt": "R1", "paid-evidence": "Line 12 of the statement"}
NOT_PAID = {"unpaid-evidence": "Not on the statement up to 14:00"}

# Without JavaScript, and with htmx.
BOTH = [None, htmx("payout")]


def url(attempt: Attempt, act: str = "") -> str:
    return f"{LIST}{attempt.transaction.reference}/{act and f'{act}/'}"


def fund(user: User) -> User:
    """Give them KES 100,000, on the rail that pays instantly."""
    with override_settings(RAIL="simulated"):
        return funded(user, 100_000_00)


def order(user: User, cents: int = 300_00) -> Attempt:
    return Attempt.objects.get(transaction=withdraw(user, cents))


def without_answer(rail: paya.Paya, user: User, settings, cents: int = 300_00) -> Attempt:
    """A payout whose outcome is unknown: the rail says nothing."""
    settings.APPROVE_ONE_ABOVE_CENTS = 10**9
    rail.script = lambda call, reference: "lost"
    return sent(user, cents)


def seen(attempt: Attempt, form: str, **values: str) -> dict[str, str]:
    """What a form of the payout's page sends."""
    given = {"fingerprint": attempt.fingerprint} | values
    return {f"{form}-{name}": value for name, value in given.items()}


def approve(client: Client, attempt: Attempt, **more) -> HttpResponse:
    return client.post(url(attempt, "approve"), seen(attempt, "approve"), **more)


def refuse(client: Client, attempt: Attempt, reason: str = REASON, **more) -> HttpResponse:
    return client.post(url(attempt, "refuse"), seen(attempt, "refuse", reason=reason), **more)


def listed(response: HttpResponse) -> list[str]:
    """The references on a list, from the top."""
    return [words(link) for link in elements(response, "a", class_="reference")]


def references(*attempts: Attempt) -> list[str]:
    return [attempt.transaction.reference for attempt in attempts]


def buttons(response: HttpResponse) -> set[str]:
    """The words of the buttons in `main`."""
    (main,) = elements(response, "main")
    return {words(button) for button in find(main, "button", type="submit")}


def assert_answers(response: HttpResponse, headers: dict[str, str] | None) -> None:
    """The whole page, or for htmx the part that it swaps."""
    assert is_part(response, "payout") if headers else is_whole_page(response)


def page(client: Client, attempt: Attempt) -> str:
    return text(client.get(url(attempt)))
