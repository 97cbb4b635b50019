"""Queue messages, in the caller's transaction: what isn't committed is never sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Self

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from wallet.messages import sms
from wallet.messages.topics import Kind, Topic
from wallet.messages.words import WORDS
from wallet.models import Channel, Delivery, Message, MessageChoice, User, Way

# So that people know a mail by its subject.
PREFIX = "Nissmart: "


class Contact(NamedTuple):
    """Where a message goes: a phone number in E.164, or an email."""

    channel: str
    value: str

    @classmethod
    def of(cls, value: str) -> Self:
        return cls(Channel.EMAIL if "@" in value else Channel.SMS, value)


def alert(user_id: int, topic: Topic, *, also: Sequence[Contact] = (), **facts: str) -> Message:
    """Write a message to a member, and send it where they want this kind, and to those in `also`.

    Call it in the transaction of what it reports. `also` is for the contact that a change takes
    away: if a thief made the change, the new one is theirs. The topic's words say which `facts`
    they need; raises KeyError if one is missing.
    """
    person = User.objects.get(pk=user_id)
    message = Message(user=person, topic=topic, facts={"at": date_in_words(), **facts})
    words = WORDS[topic]
    text, sms_text = plain(words.render(message.facts)), sms.compose(words, message.facts)
    subject = plain(str(words.subject).format(**message.facts))
    message.save()
    for contact in dict.fromkeys([*contacts_for(person, words.kind), *also]):
        is_mail = contact.channel == Channel.EMAIL
        Delivery.objects.create(
            message=message,
            user=person,
            channel=contact.channel,
            to=contact.value,
            subject=PREFIX + subject if is_mail else "",
            text=with_greeting(text, person) if is_mail else sms_text,
        )
    return message


def plain(text: str) -> str:
    """With ordinary spaces, for mail."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def contacts_of(person: User) -> list[Contact]:
    """The contacts that the person has proved, or typed before there were codes."""
    proved = [
        person.phone if person.phone_proved_at else None,
        person.email if person.email_proved_at else None,
    ]
    values = proved if any(proved) else [person.phone, person.email]
    return [Contact.of(value) for value in values if value]


def contacts_for(person: User, kind: Kind | None) -> list[Contact]:
    """The contacts that messages of this kind go to; all of them for those about security."""
    found = contacts_of(person)
    way = way_of(person.pk, kind) if kind else Way.BOTH
    return [contact for contact in found if way in (Way.BOTH, contact.channel)]


def way_of(user_id: int, kind: Kind) -> Way:
    """Where the member wants this kind."""
    chosen = MessageChoice.objects.filter(user=user_id, kind=kind).values_list("way", flat=True)
    return Way(chosen.first() or default_way(kind))


def default_way(kind: str) -> Way:
    """Where a kind goes that the member hasn't chosen a way for."""
    return Way.OFF if kind == Kind.STATEMENTS else Way.BOTH


def contact_of(person: User) -> Contact | None:
    """Where a code for this person goes: the phone, or the email of a person without one."""
    return next(iter(contacts_of(person)), None)


def send_code(user_id: int | None, contact: Contact, code: str, *, send_before: datetime) -> None:
    """Send a code to a contact, which may be a stranger's. It's useless after `send_before`."""
    text = _(
        "{code} is your Nissmart code. It works for 10 minutes. "
        "Never give it to anyone: our staff don't ask for it."
    ).format(code=code)
    send_text(user_id, contact, _("Your code"), text, is_secret=True, send_before=send_before)


def send_text(
    user_id: int | None,
    contact: Contact,
    subject: str,
    text: str,
    *,
    is_secret: bool = False,
    send_before: datetime | None = None,
) -> None:
    """Send a text that no inbox shows. `is_secret`: wipe it once it's sent."""
    Delivery.objects.create(
        user_id=user_id,
        channel=contact.channel,
        to=contact.value,
        subject=PREFIX + subject if contact.channel == Channel.EMAIL else "",
        text=text,
        is_secret=is_secret,
        send_before=send_before,
    )


def send_nothing(contact: Contact) -> None:
    """Record that a code wasn't sent, because no account has this contact.

    So asking for a code takes the same time, whether or not there is one.
    """
    Delivery.objects.create(
        channel=contact.channel,
        to=contact.value,
        is_secret=True,
        state=Delivery.State.FAILED,
        ended_at=timezone.now(),
        failure="no account has it",
    )


def send_mail(user_id: int | None, email: str, subject: str, text: str) -> None:
    """Send a mail that may hold a link which opens an account, so it's wiped once it's sent."""
    subject = subject.removeprefix(PREFIX)
    send_text(user_id, Contact(Channel.EMAIL, email), subject, text, is_secret=True)


def with_greeting(text: str, person: User) -> str:
    return _("Hello {name},\n\n{text}\n\nNissmart").format(name=person.name, text=text)


def moment(at: datetime) -> str:
    """This time in Kenya, as M-PESA's SMS write it: `28/11/26 21:05`."""
    return date_format(timezone.localtime(at), "j/n/y H:i")


def date_in_words(at: datetime | None = None) -> str:
    """This time, or now, in Kenya, such as `28 Nov 2026, 21:05`."""
    return date_format(timezone.localtime(at), "j M Y, H:i")
