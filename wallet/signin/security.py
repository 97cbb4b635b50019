"""The rows of the security page: each thing that protects the account, and its state in words.

To add a row, write a function that returns it and add it to ROWS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from allauth.mfa.models import Authenticator
from django.db.models import TextChoices
from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from wallet.api import tokens
from wallet.signin import pin as pins
from wallet.signin import sessions
from wallet.signin.factors import FACTORS
from wallet.web.http import MemberRequest


class Group(TextChoices):
    """The headings, in their order on the page."""

    MONEY = "money", gettext_lazy("To move money")
    SIGN_IN = "sign_in", gettext_lazy("To sign in")
    DEVICES = "devices", gettext_lazy("Devices")
    PROGRAMS = "programs", gettext_lazy("Programs")


@dataclass(frozen=True, slots=True)
class Row:
    """`state` is a few words, such as "On since 3 Nov". `advice` asks the member to set it up."""

    group: Group
    icon: str
    name: str
    state: str
    url: str
    advice: str = ""


def pin(request: MemberRequest) -> Row:
    has_pin = pins.has_pin(request.user)
    advice = "" if has_pin else _("You need it to send and withdraw.")
    state = _("Set") if has_pin else _("Not set")
    return Row(Group.MONEY, "lock", _("PIN"), state, reverse("wallet:pin"), advice)


def freezing(request: MemberRequest) -> Row:
    state = _("Frozen") if request.user.primary_account().is_frozen else _("Not frozen")
    return Row(Group.MONEY, "snowflake", _("Freeze my wallet"), state, reverse("wallet:freeze"))


def password(request: MemberRequest) -> Row:
    state = _("Set") if request.user.has_usable_password() else _("Not set")
    return Row(Group.SIGN_IN, "lock", _("Password"), state, reverse("account_change_password"))


def two_step(request: MemberRequest) -> Row:
    first = Authenticator.objects.filter(user=request.user, type__in=FACTORS).order_by("pk").first()
    state = _("On since {day}").format(day=day_of(first.created_at)) if first else _("Off")
    advice = "" if first else _("Turn it on, and your password alone lets no one in.")
    url = reverse("mfa_index")
    return Row(Group.SIGN_IN, "shield", _("Two-step sign-in"), state, url, advice)


def passkeys(request: MemberRequest) -> Row:
    kind = Authenticator.Type.WEBAUTHN
    count = Authenticator.objects.filter(user=request.user, type=kind).count()
    state = ngettext("%d passkey", "%d passkeys", count) % count if count else _("None")
    url = f"{reverse('mfa_index')}#passkeys"
    return Row(Group.SIGN_IN, "key", _("Passkeys"), state, url)


def signed_in(request: MemberRequest) -> Row:
    count = sessions.live(request.user.pk).count()
    state = ngettext("%d device", "%d devices", count) % count
    url = reverse("wallet:sessions")
    return Row(Group.DEVICES, "phone", _("Where you're signed in"), state, url)


def programs(request: MemberRequest) -> Row:
    count = tokens.live(request.user.pk).count()
    state = ngettext("%d active", "%d active", count) % count if count else _("None")
    return Row(Group.PROGRAMS, "key", _("API tokens"), state, reverse("wallet:api_tokens"))


ROWS: tuple[Callable[[MemberRequest], Row | None], ...] = (
    pin,
    freezing,
    password,
    two_step,
    passkeys,
    signed_in,
    programs,
)


def groups(request: MemberRequest) -> list[tuple[str, list[Row]]]:
    """The page: headings and their rows."""
    found: Iterable[Row] = filter(None, (row(request) for row in ROWS))
    order = list(Group)
    rows = sorted(found, key=lambda row: order.index(row.group))
    return [(str(group.label), list(each)) for group, each in groupby(rows, lambda row: row.group)]


def day_of(moment: object) -> str:
    """The day, such as 3 Nov, with the year unless it's this one."""
    day, today = localtime(moment), localtime()  # type: ignore[arg-type]
    return format_date(day, "j M" if day.year == today.year else "j M Y")
