"""Second factors: codes that work once, who must have one, and whether this session passed it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.utils import decrypt, encrypt
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from wallet import sealing
from wallet.errors import NotAllowed, Refusal
from wallet.models import UsedStep, User
from wallet.staff.roles import is_staff_now
from wallet.web.http import MemberRequest, redirect_to

type View[**P] = Callable[Concatenate[MemberRequest, P], HttpResponseBase]

Type = Authenticator.Type
# What proves who someone is. Recovery codes only stand in for one of these.
FACTORS = (Type.TOTP, Type.WEBAUTHN)
# What an authenticator keeps encrypted: the app's secret, and what recovery codes are made from.
SEALED = ("secret", "seed")


class UsedAlready(Refusal):
    """The code is right, but someone has used it."""

    code = "code_used"
    sentence = _("This code was used already. Wait for the next one in your app.")


class StaffKeepOne(NotAllowed):
    """Finance, auditors and operators always have a second factor."""

    sentence = _("Your role needs two-step sign-in. Add another way before you remove this one.")


def use_code(user: User, code: str) -> Authenticator | None:
    """Use a code of the person's app or a recovery code. It won't work again.

    Returns what the code belongs to, or None if it's wrong. Raises UsedAlready.
    """
    for authenticator in Authenticator.objects.filter(user=user).exclude(type=Type.WEBAUTHN):
        if authenticator.type == Type.TOTP:
            is_right = use_totp(user, decrypt(authenticator.data["secret"]), code)
        else:
            is_right = authenticator.wrap().validate_code(code)
        if is_right:
            return seal_again(user, authenticator.type)
    return None


@transaction.atomic
def seal_again(user: User, kind: str) -> Authenticator:
    """Seal all of the person's with today's SECRET_KEY. Returns that of this type as it is now:
    a recovery code changes its row."""
    rows = Authenticator.objects.select_for_update().filter(user=user).exclude(type=Type.WEBAUTHN)
    mine: dict[str, Authenticator] = {each.type: each for each in rows}
    for each in mine.values():
        old = {
            name: value
            for name in SEALED
            if (value := each.data.get(name)) and not sealing.is_current(value)
        }
        if old:
            each.data |= {name: encrypt(decrypt(value)) for name, value in old.items()}
            each.save(update_fields=["data"])
    return mine[kind]


def use_totp(user: User, secret: str, code: str) -> bool:
    """Use a code of the app with this secret. False if it's wrong. Raises UsedAlready."""
    step = step_of(secret, code)
    if step is None:
        return False
    _row, is_first = UsedStep.objects.get_or_create(user=user, step=step)
    if not is_first:
        raise UsedAlready
    oldest = min(totp.yield_hotp_counters_from_time())
    UsedStep.objects.filter(user=user, step__lt=oldest).delete()
    return True


def step_of(secret: str, code: str) -> int | None:
    """The time step whose code this is, among those that count now, or None."""
    step: int
    for step in totp.yield_hotp_counters_from_time():
        expected = totp.format_hotp_value(totp.hotp_value(secret, step))
        if compare_user_code(actual=code, expected=expected):
            return step
    return None


def has_one(user: User) -> bool:
    """Does the person have an authenticator app or a passkey?"""
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())


def may_set_up(user: User) -> bool:
    """Only who has proved a phone number or email: someone who typed a stranger's could otherwise
    lock its owner out with a second factor."""
    return not user.must_prove


def codes_left(user: User) -> int:
    """How many recovery codes the person has."""
    codes = Authenticator.objects.filter(user=user, type=Type.RECOVERY_CODES).first()
    return len(codes.wrap().get_unused_codes()) if codes else 0


def refuse_last_of_staff(authenticator: Authenticator) -> None:
    """Raises StaffKeepOne if this is the only factor of someone who must have one."""
    user = authenticator.user
    others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=authenticator.pk)
    if is_staff_now(user) and not others.exists():
        raise StaffKeepOne


def record_passed(request: HttpRequest, authenticator: Authenticator) -> None:
    """This session has just passed this factor: its owner proved it while setting it up."""
    record_authentication(
        request, authenticator.user, "mfa", id=authenticator.pk, type=authenticator.type
    )


def has_passed(request: HttpRequest) -> bool:
    """Did this session pass a second factor? Runs no query."""
    records = get_authentication_records(request, request.user)
    return any(record.get("method") == "mfa" for record in records)


def required[**P](view: View[P]) -> View[P]:
    """For pages of staff: a session that hasn't passed a second factor goes there first."""

    @functools.wraps(view)
    def passed_or_sent(
        request: MemberRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        return view(request, *args, **kwargs) if has_passed(request) else send_to_it(request)

    return passed_or_sent


def send_to_it(request: MemberRequest) -> HttpResponse:
    """To where the person enters a code, or sets up a second factor if they have none."""
    if not has_one(request.user):
        return redirect_to(request, reverse("mfa_index"))
    if request.method == "POST":
        messages.warning(request, _("Nothing was sent. Confirm it's you, then send it again."))
    page = request.get_full_path() if request.method == "GET" and not request.htmx else "/"
    return redirect_to(request, f"{reverse('mfa_reauthenticate')}?{urlencode({'next': page})}")
