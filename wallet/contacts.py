"""Operations on contacts: claim a phone number or an email, and prove it with a code."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from wallet import emails, messages, operations, safety
from wallet.context import Context
from wallet.db.retries import committed
from wallet.errors import Refusal
from wallet.messages import Contact, Topic
from wallet.models import Channel, Claim, User
from wallet.models.contacts import TRIES, field_of
from wallet.phones import parse_phone
from wallet.safety import Change

CODE_LASTS = timedelta(minutes=10)
CHANGES = {"phone": Change.PHONE, "email": Change.EMAIL}
CHANGED = {"phone": Topic.PHONE_CHANGED, "email": Topic.EMAIL_CHANGED}


class Entered(StrEnum):
    """What became of a code that someone entered."""

    PROVED = "proved"
    # The same, and it's another way to sign in than before.
    CHANGED = "changed"
    # The code was right, but another account has proved this contact.
    TAKEN = "taken"
    WRONG = "wrong"


def sign_up(*, name: str, password: str, contacts: Sequence[Contact]) -> User:
    """Open a member whose wallet neither receives nor sends until they prove a contact.

    Sends a code to each contact. Does the same for a contact that has an account already: only the
    message there says so.
    """
    user = User(name=name, prove_by=timezone.now())
    # Hashing is slow on purpose, so do it before the transaction begins.
    user.password = make_password(password)
    with transaction.atomic():
        User.objects.save_with_wallet(user)
        for contact in contacts:
            send_code(claim(user.pk, contact))
    return user


def claim(user_id: int, contact: Contact) -> Claim:
    """Keep the contact that a person says is theirs, in place of an earlier one of its kind.

    Claiming the same contact again keeps its code. Call it in a transaction.
    """
    same = Claim.objects.filter(user_id=user_id, channel=contact.channel)
    if kept := same.filter(value=contact.value).first():
        return kept
    same.delete()
    return Claim.objects.create(user_id=user_id, channel=contact.channel, value=contact.value)


def send_code(claim: Claim) -> None:
    """Send a new code; the one before stops working. Call it in a transaction."""
    code = new_code()
    now = timezone.now()
    claim.digest, claim.tries_left = digest(code, claim.pk), TRIES
    claim.sent_at, claim.expires_at = now, now + CODE_LASTS
    claim.save()
    contact = Contact(claim.channel, claim.value)
    if is_taken(claim.user_id, contact):
        text = _(
            "{code} is your Nissmart code. But you already have an account here: sign in to it, "
            "or set a new password. Never give a code to anyone."
        ).format(code=code)
        subject, user_id = _("You already have an account"), None
        messages.send_text(
            user_id, contact, subject, text, is_secret=True, send_before=claim.expires_at
        )
    else:
        messages.send_code(claim.user_id, contact, code, send_before=claim.expires_at)


def is_taken(user_id: int, contact: Contact) -> bool:
    """Has someone else proved it?"""
    field = field_of(contact.channel)
    others = User.objects.exclude(pk=user_id).filter(**{field: contact.value})
    return others.filter(**{f"{field}_proved_at__isnull": False}).exists()


def new_code() -> str:
    return f"{secrets.randbelow(10**6):06}"


def digest(code: str, purpose: object) -> str:
    """A keyed hash: without SECRET_KEY, a copy of the database doesn't give the code away."""
    return salted_hmac(f"code {purpose}", code, algorithm="sha256").hexdigest()


@committed
def enter(context: Context, user_id: int, code: str) -> Entered:
    """Compare a code with those sent to this person's claims. Each wrong one costs a try of each.

    The right one proves its contact and takes it from an account that only typed it. An account
    that has proved it keeps it: then the claim ends, and so does the person's account if nothing
    else was ever claimed or proved in it.
    """
    now = timezone.now()
    claims = Claim.objects.select_for_update().filter(
        user_id=user_id, expires_at__gt=now, tries_left__gt=0
    )
    found = [each for each in claims if constant_time_compare(each.digest, digest(code, each.pk))]
    if not found:
        claims.update(tries_left=F("tries_left") - 1)
        return Entered.WRONG
    return prove(context, found[0])


def prove(context: Context, claim: Claim) -> Entered:
    """Move the claimed contact to its person. Call it in a transaction."""
    field, value = claim.field, claim.value
    user = User.objects.get(pk=claim.user_id)
    is_change = bool(user.phone or user.email) and getattr(user, field) != value
    if is_change and not is_taken(user.pk, Contact(claim.channel, value)):
        safety.changed(context, user.pk, CHANGES[field])
    # Lowest id first, so that two people who prove each other's contacts can't deadlock.
    rows = User.objects.select_for_update().filter(Q(pk=claim.user_id) | Q(**{field: value}))
    people = {user.pk: user for user in rows.order_by("pk")}
    user = people.pop(claim.user_id)
    claim.delete()
    for other in people.values():
        if getattr(other, f"{field}_proved_at"):
            close_if_empty(user)
            return Entered.TAKEN
        take_away(other, field)
    before = getattr(user, field)
    setattr(user, field, value)
    user.save(update_fields=[field])
    proved: dict[str, datetime | None] = {f"{field}_proved_at": timezone.now()}
    if before is None and not is_change:
        # The first number of a new account is no change, which would hold its payouts.
        proved["phone_changed_at"] = None
    User.objects.filter(pk=user.pk).update(**proved)
    user.refresh_from_db()
    if all(getattr(user, f"{each}_proved_at") for each in CHANGED if getattr(user, each)):
        user.prove_by = None
        user.save(update_fields=["prove_by"])
    if field == "email":
        operations.keep_only_email(user)
    if not is_change:
        return Entered.PROVED
    announce(user, field, before)
    return Entered.CHANGED


def take_away(other: User, field: str) -> None:
    """Someone else has proved this contact. The account loses it, and stops if it has no other."""
    setattr(other, field, None)
    if not (other.phone or other.email):
        other.prove_by = timezone.now()
    other.save(update_fields=[field, "prove_by"])
    if field == "email":
        operations.keep_only_email(other)
    announce(other, field, None)


def close_if_empty(user: User) -> None:
    """Close an account that was opened for a contact which has one already."""
    if user.must_prove and not (user.phone or user.email or user.claims.exists()):
        user.is_active = False
        user.save(update_fields=["is_active"])


@committed
def remove(context: Context, user_id: int, field: str) -> None:
    """Take the phone number or email off this person. Raises Refusal if it's their last contact."""
    if User.objects.filter(pk=user_id, **{f"{field}__isnull": False}).exists():
        safety.changed(context, user_id, CHANGES[field])
    user = User.objects.select_for_update().get(pk=user_id)
    before = getattr(user, field)
    if before and not all(getattr(user, each) for each in CHANGED):
        raise Refusal(_("Keep a phone number or an email. You sign in with it."))
    Claim.objects.filter(user=user, channel=channel_of(field)).delete()
    if before is None:
        return
    setattr(user, field, None)
    user.save(update_fields=[field])
    if field == "email":
        operations.keep_only_email(user)
    announce(user, field, before)


def announce(user: User, field: str, before: str | None) -> None:
    """Alert the member on every channel, and at the contact that they had before."""
    messages.alert(user.pk, CHANGED[field], also=[Contact.of(before)] if before else [])


def signing_in(text: str) -> User | None:
    """The person who signs in with this email or phone number, in any format, or None.

    It's the one whose contact it is, or the last one who claimed it and has proved nothing yet.
    Asks for both, so that it takes the same time for everyone.
    """
    user = User.objects.with_login(text)
    try:
        value = emails.normalize(text) if "@" in text else parse_phone(text)
    except ValidationError:
        return None
    last = Claim.objects.filter(value=value).order_by("-pk").select_related("user").first()
    if user or last is None:
        return user
    return None if last.user.phone or last.user.email else last.user


def recovering(text: str) -> User | None:
    """The person who may set a new password with a code or link sent to this contact, or None.

    Someone who only typed it may not. A member whom a program opened has no password yet: they
    begin this way, and so prove their contact.
    """
    user = signing_in(text)
    if user is None or not user.is_active:
        return None
    return user if user.phone or user.email or not user.has_usable_password() else None


@committed
def confirm(context: Context, user_id: int, contact: Contact) -> Entered:
    """This person has shown otherwise that the contact is theirs: by a code to set a password."""
    return prove(context, claim(user_id, contact))


def to_prove(user: User) -> list[Contact]:
    """What the person claimed, and what they typed before there were codes."""
    claimed = {each.channel: each.value for each in user.claims.all()}
    for channel in Channel.values:
        field = field_of(channel)
        typed = getattr(user, field)
        if typed and not getattr(user, f"{field}_proved_at"):
            claimed.setdefault(channel, typed)
    return [Contact(channel, claimed[channel]) for channel in Channel.values if channel in claimed]


def channel_of(field: str) -> str:
    return Channel.EMAIL if field == "email" else Channel.SMS
