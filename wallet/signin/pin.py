"""Set and check a member's PIN. It's never stored, logged, or kept in a session.

A guess is counted before it's looked at, in a separate commit, so any number of guesses at the
same moment, on any page and in any process, count as that many.
"""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from wallet import messages, safety
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Busy, OutcomeUnknown, Refusal
from wallet.models import Pin, User
from wallet.safety import Change
from wallet.web.rates import in_words

FORM = re.compile(r"[0-9]{4,6}", re.ASCII)
# Of the wrong guesses, the last one locks.
GUESSES = 5
LOCKED_FOR = timedelta(minutes=15)
# How long a counted guess may take to prove right.
IN_FLIGHT = timedelta(seconds=3)


class PinRefused(Refusal):
    """No right PIN came with the order, so nothing has moved."""

    field = "pin"


class PinNeeded(PinRefused):
    code = "pin_needed"
    sentence = _("Enter your PIN, 4 to 6 digits.")

    @property
    def for_programs(self) -> str:
        return gettext("A signed-in browser pays on pages, which ask for the PIN. Use a token.")


class WrongPin(PinRefused):
    """`left` is how many more guesses there are."""

    code = "wrong_pin"
    sentence = _("This PIN isn't right. Nothing has moved. Attempts left: {left}.")


class PinLocked(PinRefused):
    code = "pin_locked"
    sentence = _("Too many wrong PINs. Wait {time}, then try again.")

    def __init__(self, wait: timedelta) -> None:
        self.wait_s = max(int(wait.total_seconds()), 1)
        super().__init__(time=in_words(self.wait_s))


class PinUnderWay(PinLocked):
    """Guesses of this moment lock the PIN, and one of them may yet prove right and unlock it."""

    code = "pin_under_way"
    sentence = _("Your PIN came several times at the same moment. Wait a moment, then try again.")


class NoPin(PinRefused):
    """This member has to set a PIN first."""

    code = "no_pin"
    sentence = _("Set a PIN first.")


class WeakPin(Refusal):
    code = "weak_pin"
    sentence = _("This PIN is easy to guess. Choose another.")
    field = "pin"


class Guess(NamedTuple):
    """A counted guess: what to compare it with, or for how long there are none."""

    digest: str
    left: int
    wait: timedelta | None


def has_pin(user: User) -> bool:
    return Pin.objects.filter(user=user).exists()


@sensitive_variables("pin")
def check(user_id: int, pin: str) -> None:
    """Return if this is the member's PIN. Raises PinNeeded, WrongPin, PinLocked, NoPin or Busy.

    What can't be a PIN isn't a guess.
    """
    if not FORM.fullmatch(pin):
        raise PinNeeded
    try:
        guess = count_guess(user_id)
    except OutcomeUnknown as error:
        # Of the guess only: no money has been touched yet.
        raise Busy from error
    if guess is None:
        raise NoPin
    if guess.wait and guess.left < 0:
        is_recent = guess.wait > LOCKED_FOR - IN_FLIGHT
        raise PinUnderWay(guess.wait) if is_recent else PinLocked(guess.wait)
    key = matching_key(user_id, pin, guess.digest)
    if key is None:
        if guess.left == 0:
            alert_of_lock(user_id)
        raise PinLocked(guess.wait) if guess.wait else WrongPin(left=guess.left)
    columns: dict[str, object] = {"guesses": 0, "locked_until": None}
    if key != settings.SECRET_KEY:
        columns["digest"] = digest(user_id, pin)
    Pin.objects.filter(user=user_id, digest=guess.digest).update(**columns)


@transaction.atomic
def alert_of_lock(user_id: int) -> None:
    """A thief with the phone in hand guesses too."""
    messages.alert(user_id, messages.Topic.PIN_LOCKED)


@committed
def count_guess(user_id: int) -> Guess | None:
    """Count a guess as wrong until it proves right. None without a PIN. Raises Busy."""
    found = Pin.objects.select_for_update().filter(user=user_id).first()
    if found is None:
        return None
    now = timezone.now()
    if found.locked_until and found.locked_until <= now:
        found.guesses, found.locked_until = 0, None
    found.guesses += 1
    if found.guesses >= GUESSES and found.locked_until is None:
        found.locked_until = now + LOCKED_FOR
    found.save(update_fields=["guesses", "locked_until"])
    wait = found.locked_until - now if found.locked_until else None
    return Guess(found.digest, GUESSES - found.guesses, wait)


@sensitive_variables("pin")
def save(context: Context, user: User, pin: str) -> None:
    """Set this PIN. The caller has checked who asks. Raises WeakPin."""
    refuse_weak(pin, user)
    # Slow on purpose, so before the transaction.
    columns = {"digest": digest(user.pk, pin), "guesses": 0, "locked_until": None}
    with transaction.atomic():
        is_first = not has_pin(user)
        safety.changed(context, user.pk, Change.FIRST_PIN if is_first else Change.PIN)
        Pin.objects.update_or_create(user=user, defaults=columns)


@sensitive_variables("pin")
def refuse_weak(pin: str, user: User) -> None:
    """Refuse what thieves try first, and the end of the phone number. Raises WeakPin."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    is_run = len(steps) == 1 and steps <= {0, 1, 9}
    is_repeat = any(pin == pin[:size] * (len(pin) // size) for size in (1, 2, 3))
    is_year = len(pin) == 4 and "1930" <= pin <= "2030"
    is_phone = bool(user.phone) and str(user.phone).endswith(pin)
    if is_run or is_repeat or is_year or is_phone:
        raise WeakPin


@sensitive_variables("pin")
def digest(user_id: int, pin: str) -> str:
    """A slow hash of the keyed PIN."""
    return make_password(keyed(user_id, pin, settings.SECRET_KEY))


@sensitive_variables("pin")
def matching_key(user_id: int, pin: str, stored: str) -> str | None:
    """The secret key under which this is the stored PIN, or None. Keys may have been replaced."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    for key in keys:
        if check_password(keyed(user_id, pin, key), stored):
            return str(key)
    return None


@sensitive_variables("pin")
def keyed(user_id: int, pin: str, secret: str) -> str:
    text = f"{user_id} {pin}"
    return salted_hmac("wallet.pin", text, secret=secret, algorithm="sha256").hexdigest()
