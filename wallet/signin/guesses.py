"""Wrong guesses at passwords and codes: how many are allowed, whatever address they come from.

- An account allows GUESSES wrong ones in WINDOW_S, of each kind (`What`). A browser that has signed
  in to the account before has its own count, so a stranger can't lock the owner out.
- An address allows many more, because a carrier puts thousands of people behind one. This bounds
  someone who tries one password on many accounts. Browsers that have signed in before are exempt.
- A name without an account is counted like one that has one.

A guess is counted before it's checked, so that parallel guesses can't pass the limit. It isn't
counted if it's right, or if the check couldn't be made because the database was away.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError, InterfaceError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from wallet.db.sweeping import Sweep
from wallet.models import GuessCount, User
from wallet.networks import network_of
from wallet.signin import devices
from wallet.staff import access, subjects
from wallet.staff.access import Action
from wallet.staff.refusals import context, note_limit
from wallet.web import rates
from wallet.web.http import ip_address
from wallet.web.rates import MINUTE_S, TooManyRequests

GUESSES = 10
WINDOW_S = 15 * MINUTE_S
# A guess that wasn't found to be right or wrong counts this long. Its request failed.
OPEN_S = 60
# How many wrong guesses of each kind the audit records of one account in an hour.
WRONG_PER_HOUR = 3
TOO_MANY = _("Too many attempts.")


class What(StrEnum):
    """What is guessed. Each has its own count: who exhausts one can't block the others."""

    PASSWORD = "password"
    SECOND_FACTOR = "second_factor"
    RESET_CODE = "reset_code"
    PIN = "pin"


class Guess:
    """One guess. Say `is_right` if it was; every other one was wrong."""

    is_right = False


@contextmanager
def counted(
    request: HttpRequest, what: What, user: User | None, login: str = ""
) -> Iterator[Guess]:
    """Count the guess that the block checks. Raises TooManyRequests, and doesn't run the block.

    `login` is what was typed if no account has it. A ValidationError means a wrong guess; any other
    exception means that nothing was checked. Don't call it inside a transaction: the count has to
    stand whatever becomes of the request.
    """
    device = devices.of(request, user) if user else None
    key = f"{what}:{name_of(user, login)}" if device is None else f"{what}:device {device.pk}"
    address = "" if device else f"guesses:{network_of(ip_address(request))}"
    number = reserve_or_note(request, what, key, user)
    try:
        if address:
            rates.enforce(address, settings.GUESSES_PER_ADDRESS, WINDOW_S, TOO_MANY)
        guess = Guess()
        yield guess
    except ValidationError:
        settle(key, number, is_wrong=True)
        note_wrong(request, what, user)
        raise
    except BaseException as error:
        # If the database is away, the open guess ends by itself.
        with suppress(DatabaseError, InterfaceError):
            settle(key, number, is_wrong=False)
            if address:
                rates.take_back(address, WINDOW_S)
        raise error
    settle(key, number, is_wrong=not guess.is_right)
    if not guess.is_right:
        note_wrong(request, what, user)
    elif address:
        rates.take_back(address, WINDOW_S)


def reserve_or_note(request: HttpRequest, what: What, key: str, user: User | None) -> str:
    """`reserve`. The audit has a refusal that is about an account."""
    try:
        return reserve(key)
    except TooManyRequests:
        if user:
            note_limit(request, user.pk, what=what.value)
        raise


def note_wrong(request: HttpRequest, what: What, user: User | None) -> None:
    """Record a wrong guess, without what was typed. Names that no account has are one for each
    network, so the work is the same whether or not there is an account."""
    about = subjects.member(user.pk) if user else subjects.SITE
    acts = context(request)
    key = f"{what}:{user.pk if user else network_of(acts.ip_address)}"
    facts = {"what": what.value} if user else {"what": what.value, "account": "unknown"}
    access.record(acts, Action.WRONG_GUESS, about, key=key, most=WRONG_PER_HOUR, **facts)


def check_password(request: HttpRequest, user: User, password: str) -> bool:
    """Is this the person's password? Counts the guess. Raises TooManyRequests."""
    with counted(request, What.PASSWORD, user) as guess:
        guess.is_right = user.check_password(password)
    return guess.is_right


def forget(user: User) -> None:
    """Forget the guesses at this person's password: they were at one that no longer counts."""
    names = [name_of(user, ""), *(f"device {device.pk}" for device in user.devices.all())]
    GuessCount.objects.filter(key__in=[f"{What.PASSWORD}:{name}" for name in names]).delete()


def expired() -> QuerySet[GuessCount]:
    """The counts that count nothing any longer."""
    return GuessCount.objects.filter(changed_at__lt=timezone.now() - timedelta(seconds=WINDOW_S))


SWEEP = Sweep(
    "guesses",
    expired,
    by="changed_at",
    kept=_("A quarter of an hour after the last guess"),
    reason=_("Wrong passwords and codes. Older ones count nothing."),
    written_by=_("Anyone: one row for each name that is typed at sign-in"),
)


def name_of(user: User | None, login: str) -> str:
    """It takes SECRET_KEY to find the login again."""
    if user:
        return f"user {user.pk}"
    digest = salted_hmac("wallet.guesses", login.strip().lower(), algorithm="sha256").hexdigest()
    return f"login {digest[:40]}"


@transaction.atomic(durable=True)
def reserve(key: str) -> str:
    """Count an open guess and return its id. Raises TooManyRequests."""
    GuessCount.objects.bulk_create([GuessCount(key=key)], ignore_conflicts=True)
    row = GuessCount.objects.select_for_update().get(key=key)
    now = time.time()
    row.guesses = [guess for guess in row.guesses if ends_at(guess) > now]
    if len(row.guesses) >= GUESSES:
        wait_s = min(ends_at(guess) for guess in row.guesses) - now
        raise TooManyRequests(math.ceil(wait_s), TOO_MANY)
    number = secrets.token_hex(4)
    row.guesses.append([number, now, False])
    row.save()
    return number


def ends_at(guess: tuple[str, float, bool]) -> float:
    """When the guess stops counting, in Unix seconds."""
    _number, made_at, is_wrong = guess
    return made_at + (WINDOW_S if is_wrong else OPEN_S)


@transaction.atomic(durable=True)
def settle(key: str, number: str, *, is_wrong: bool) -> None:
    """Count the open guess as a wrong one, or not at all."""
    row = GuessCount.objects.select_for_update().filter(key=key).first()
    if row is None:
        return
    others = [guess for guess in row.guesses if guess[0] != number]
    row.guesses = [*others, [number, time.time(), True]] if is_wrong else others
    row.save()
