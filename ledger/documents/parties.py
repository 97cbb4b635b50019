"""The two sides of a payment on one member's receipt.

The member's own side is named in full. The other is named as they let those see who deal with them:
by the short name or the whole one, and with a masked phone number.
"""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import gettext as _

from ledger.movements import Movement
from wallet import phones
from wallet.models import User


class Party(NamedTuple):
    """`contact` is a phone number or an email; empty if there is none to show."""

    name: str
    contact: str = ""


class Parties(NamedTuple):
    source: Party
    target: Party


def of(movement: Movement) -> Parties:
    """Who paid and who was paid."""
    assert movement.account.user
    own, other = in_full(movement.account.user), other_side(movement)
    return Parties(other, own) if movement.is_in else Parties(own, other)


def in_full(user: User) -> Party:
    return Party(user.name, phones.national(user.phone) if user.phone else user.email or "")


def other_side(movement: Movement) -> Party:
    if movement.kind.moves_own:
        return Party(movement.other_name or _("Your wallet"))
    if other := movement.counterparty:
        return Party(movement.other_name, phones.mask(other.phone) if other.phone else "")
    if rail := movement.rail:
        attempt = movement.record.loaded_attempt
        # Payments over a rail are with the member's own phone.
        own_phone = attempt.phone if attempt else ""
        return Party(str(rail.name), phones.national(own_phone) if own_phone else "")
    return Party(_("Nissmart"))
