"""The form that chooses where each kind of message goes."""

from __future__ import annotations

from typing import Any

from django import forms

from wallet.messages import Kind
from wallet.messages.outgoing import contacts_of, default_way
from wallet.models import User, Way
from wallet.web.fields import PickField


class ChoicesForm(forms.Form):
    """One field for each kind. It offers only what the member has a contact for."""

    def __init__(self, member: User, data: Any = None) -> None:
        super().__init__(data)
        channels = {contact.channel for contact in contacts_of(member)}
        offered = offered_to(channels)
        chosen = dict(member.message_choices.values_list("kind", "way"))
        for kind in Kind:
            ways = [*offered, Way.OFF] if kind == Kind.STATEMENTS else offered
            self.fields[kind] = PickField(
                label=kind.label,
                choices=[(way.value, way.label) for way in ways],
                initial=narrow(Way(chosen.get(kind, default_way(kind))), ways),
            )

    @property
    def changes(self) -> dict[Kind, Way]:
        """What the member chose anew. What wasn't touched stays, also for contacts to come."""
        return {Kind(name): Way(self.cleaned_data[name]) for name in self.changed_data}


def offered_to(channels: set[str]) -> list[Way]:
    both = [Way.BOTH] if len(channels) > 1 else []
    return [*both, *(way for way in (Way.SMS, Way.EMAIL) if way in channels), Way.INBOX]


def narrow(way: Way, offered: list[Way]) -> Way:
    """What `way` amounts to for a member without one of the contacts."""
    if way in offered:
        return way
    return offered[0] if way == Way.BOTH else Way.INBOX
