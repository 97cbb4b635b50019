"""Sessions: list them, end them, and note when they were last used."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import cast

from django.contrib.auth import logout
from django.contrib.sessions.backends.base import SessionBase
from django.db import DatabaseError, InterfaceError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from wallet.db.retries import optional_write
from wallet.models import Device, Session, User
from wallet.models.devices import SessionQuerySet
from wallet.signin.session_store import SessionStore, digest_of
from wallet.staff import access, subjects
from wallet.staff.access import SIGN_INS_PER_HOUR, Action
from wallet.web.http import Request, View, context_of, ip_address

# "Last used" is for people, so it's written at most this often, not on every request.
LAST_USED_STEP = timedelta(minutes=1)
# The browser drops what it holds of our pages. Its cookies stay: they name the device.
FORGET = '"cache", "storage"'

logger = logging.getLogger(__name__)


def live(user_id: int) -> SessionQuerySet:
    """This person's sessions with their devices, last used first."""
    return Session.objects.of(user_id).live().select_related("device")


def sign_out(request: HttpRequest) -> None:
    """End the session of this request. The audit has it if someone was signed in."""
    if isinstance(request.user, User):
        note_sign_out(request)
    logout(request)


def note_sign_out(request: HttpRequest, **facts: object) -> None:
    """Record that the person signed out, here or in other browsers."""
    context = context_of(request)
    assert context.actor_id
    access.record(
        context,
        Action.SIGN_OUT,
        subjects.member(context.actor_id),
        key=context.actor_id,
        most=SIGN_INS_PER_HOUR,
        **facts,
    )


def is_this_one(request: HttpRequest, session: Session) -> bool:
    return session.digest == digest_of(request.session.session_key)


def end(user_id: int, session_id: int, *, but: SessionBase) -> bool:
    """End one session of this person, and forget its device. False if there's none.

    `but` is the session of the request, which keeps its device.
    """
    session = live(user_id).filter(pk=session_id).first()
    if session is None:
        return False
    session.delete()
    if session.device_id and session.digest != digest_of(but.session_key):
        Device.objects.filter(pk=session.device_id, sessions__isnull=True).delete()
    return True


def end_others(user_id: int, but: SessionBase | None = None) -> int:
    """End every session of this person but the one of this request. Returns how many ended.

    Call it after each change of password, phone number, email, second factor or role. A sign-in
    that waits for its second factor ends too. A request that has already read its session can't
    save it again.
    """
    others = Session.objects.filter(Q(user_id=user_id) | Q(pending_user_id=user_id))
    if but is not None and but.session_key:
        others = others.exclude(digest=digest_of(but.session_key))
    ended, _rows = others.delete()
    return ended


def forget_other_devices(user_id: int, but: SessionBase) -> None:
    """Treat a sign-in from any browser but this one as one from a new device."""
    current = Session.objects.filter(digest=digest_of(but.session_key), device__isnull=False)
    Device.objects.filter(user_id=user_id).exclude(pk__in=current.values("device")).delete()


def note_use(get_response: View) -> View:
    """Middleware: note when a session was last used, and clear the browser when one has ended.

    A request that a page sends by itself, to stay current, is no use.
    """

    def middleware(request: Request) -> HttpResponse:
        response = get_response(request)
        session = cast(SessionStore, request.session)
        if session.has_ended:
            response.headers["Clear-Site-Data"] = FORGET
        is_use = "X-Background" not in request.headers and response.status_code < 500
        if session.accessed and not session.modified and is_use:
            touch(session.row, ip_address(request))
        return response

    return middleware


def touch(session: Session | None, address: str) -> None:
    """Write that the session was used now, unless that was written in the last minute."""
    now = timezone.now()
    if session is None or session.user_id is None or now < session.used_at + LAST_USED_STEP:
        return
    session.use(now)
    latest = {"used_at": now, "expires_at": session.expires_at, "ip_address": address}
    try:
        with optional_write():
            Session.objects.filter(pk=session.pk).update(**latest)
    except (DatabaseError, InterfaceError):
        # The page that was asked for is more important.
        logger.exception("last use of a session not written")
