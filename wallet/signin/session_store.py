"""Sessions in our own table: Django's session engine, with the person, the device and the limits.

SESSION_ENGINE names this module. A session is found by the digest of its key. One that's past its
limits is deleted when its cookie comes back, so that it doesn't revive if the clock is set back.
"""

from __future__ import annotations

import hashlib
from typing import Any

from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from allauth.account.utils import url_str_to_user_pk
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import CreateError, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.models import Session as OldSession
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet import sealing
from wallet.db.sweeping import Sweep
from wallet.models import Session, User
from wallet.sealing import Unreadable
from wallet.staff.roles import is_staff_now


def digest_of(key: str | None) -> str:
    return hashlib.sha256((key or "").encode()).hexdigest()


class SessionStore(db.SessionStore):
    """The session of a request. `row` is what the database has of it, or will have.

    `device_id` and `ip_address` describe a sign-in; set them before the session is saved.
    """

    device_id: int | None = None
    ip_address: str = ""
    has_ended = False

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self.row: Session | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:  # type: ignore[override]
        return Session

    def load(self) -> dict[str, Any]:
        row = Session.objects.filter(digest=digest_of(self.session_key)).first()
        if row and row.expires_at <= timezone.now():
            row.delete()
            row = None
        if row is None:
            self._session_key = None
            return {}
        self.row = row
        data: dict[str, Any] = self.decode(row.data)
        return data

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Encrypt it. A session holds secrets: that of an app that is being set up, and the request
        that waits until its person has confirmed who they are, cookies included."""
        return sealing.seal(self.serializer().dumps(session_dict).decode("latin-1"))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Nothing, if it was sealed with a SECRET_KEY that we no longer have."""
        try:
            data: dict[str, Any] = self.serializer().loads(
                sealing.unseal(str(session_data)).encode("latin-1")
            )
        except Unreadable:
            return {}
        return data

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(digest=digest_of(session_key)).exists()

    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError if the session has ended since this request read it."""
        if self.session_key is None:
            self.create()
            return
        data = self._get_session(no_load=must_create)  # type: ignore[attr-defined]
        row = self.next_row(data)
        row.digest, row.data = digest_of(self.session_key), self.encode(data)
        names = [field.attname for field in Session._meta.concrete_fields if not field.primary_key]
        values = {name: getattr(row, name) for name in names}
        if must_create:
            row.pk = None
            try:
                with transaction.atomic():
                    row.save(force_insert=True)
            except IntegrityError as error:
                raise CreateError from error
        elif not Session.objects.filter(digest=row.digest).update(**values):
            raise UpdateError
        self.row = row

    def next_row(self, data: dict[str, Any]) -> Session:
        """The row with this data. A sign-in starts its time and reads the person's role."""
        now = timezone.now()
        row = self.row or Session(began_at=now)
        user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        if row.user_id != user_id:
            row = Session(pk=row.pk, began_at=now, user_id=user_id)
            person = User.objects.filter(pk=user_id).first() if user_id else None
            row.is_staff = bool(person and is_staff_now(person))
        row.pending_user_id = None if user_id else pending_user_id(data)
        if user_id:
            row.is_kept = bool(data.get("_session_expiry"))
            row.device_id = self.device_id or row.device_id
            row.ip_address = self.ip_address or row.ip_address
        row.use(now)
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            Session.objects.filter(digest=digest_of(key)).delete()

    def flush(self) -> None:
        self.has_ended = self.has_ended or bool(self.row and self.row.user_id)
        super().flush()
        self.row = None

    def cycle_key(self) -> None:
        """Raises SessionInterrupted if the session has ended since this request read it."""
        belongs_to_someone = self.row and (self.row.user_id or self.row.pending_user_id)
        if belongs_to_someone and not self.exists(self.session_key or ""):
            raise SessionInterrupted
        super().cycle_key()

    @classmethod
    def clear_expired(cls) -> None:
        """What `manage.py clearsessions` calls."""
        while SESSIONS.run():
            pass


def ended() -> QuerySet[Session]:
    return Session.objects.filter(expires_at__lte=timezone.now())


def old() -> QuerySet[OldSession]:
    return OldSession.objects.filter(expire_date__lte=timezone.now())


SESSIONS = Sweep(
    "sessions",
    ended,
    by="expires_at",
    kept=_("Until it ends: a visitor's in a day, a member's in 90 days at most"),
    reason=_("The session of a browser. An ended one opens nothing."),
    written_by=_("Anyone: a row for each browser that fills in a form"),
)
OLD_SESSIONS = Sweep(
    "old-sessions",
    old,
    by="expire_date",
    kept=_("Until it expires"),
    reason=_("Django's own table of sessions, from before we had ours."),
    written_by=_("Nothing any more"),
)


def pending_user_id(data: dict[str, Any]) -> int | None:
    """Who has entered their password in this session, and not yet their second factor."""
    login = data.get(LOGIN_SESSION_KEY) or {}
    user = login.get("user_pk")
    return int(url_str_to_user_pk(user)) if user else None
