"""API authentication: who calls, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest
from ninja.errors import HttpError
from ninja.security import APIKeyCookie, HttpBearer

from wallet.api import tokens
from wallet.context import Context
from wallet.db.preconditions import Precondition
from wallet.db.retries import optional_write
from wallet.models import ApiToken, User
from wallet.signin import factors
from wallet.staff import access
from wallet.staff.refusals import note_limit
from wallet.staff.roles import reads_panel
from wallet.web import rates
from wallet.web.http import ip_address

Scope = ApiToken.Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of the token or session, who is the actor of what the call does.

    An operation checks `precondition`, if there is one, under its locks. `is_session`: a signed-in
    browser, which moves money out on pages only, since they ask for the PIN.
    """

    user_id: int
    scope: str
    reads_all: bool = False
    precondition: Precondition | None = None
    is_session: bool = False

    def context(self, key: str | None) -> Context:
        """The context for the operation this call runs."""
        return Context(self.user_id, key=key)

    def may_see(self, user_id: int) -> bool:
        return self.reads_all or self.may_act_for(user_id)

    def is_staff_reading(self, user_id: int) -> bool:
        """Does someone of finance or an auditor read another person's data?"""
        return self.reads_all and user_id != self.user_id

    def may_reach(self, user_id: int) -> bool:
        """May they get this person's phone number and email?

        Staff in a browser session may not: the panel reveals them, for a reason, in the audit.
        """
        return self.scope != Scope.MEMBER or user_id == self.user_id

    def may_act_for(self, user_id: int) -> bool:
        match self.scope:
            case Scope.SERVICE:
                return True
            case Scope.MEMBER:
                return user_id == self.user_id
        return False


class CallRequest(HttpRequest):
    """A request that has passed authentication."""

    auth: Caller


class TokenAuth(HttpBearer):
    """`Authorization: Bearer <token>`. Ignores cookies.

    `defers_check` is for calls whose operation checks the caller's precondition. That looks the
    token up under the lock, so a token seen less than a minute ago isn't looked up here too. They
    are orders, which write nothing but the order, so the audit doesn't have their limits.
    """

    def __init__(self, *, defers_check: bool = False) -> None:
        super().__init__()
        self.defers_check = defers_check

    def __call__(self, request: HttpRequest) -> Caller | None:
        # ninja's own method logs a header that it can't parse, secret included.
        scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
        return self.authenticate(request, secret) if scheme.lower() == "bearer" else None

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        found = (tokens.recall(token) if self.defers_check else None) or tokens.find(token)
        if found is None:
            return None
        try:
            throttle(request, f"token:{found.id}", found.scope)
        except rates.TooManyRequests:
            if not self.defers_check:
                note_limit(request, found.user_id, by="token")
            raise
        # A finance token ends with its owner's role.
        reads_all = found.scope == Scope.FINANCE
        if reads_all and not reads_panel(User.objects.get(pk=found.user_id)):
            return None
        precondition = tokens.precondition(token, found) if self.defers_check else None
        return Caller(found.user_id, found.scope, reads_all, precondition)


class SessionAuth(APIKeyCookie):
    """The pages' session cookie, for calls from our own origin with the CSRF token."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Caller | None:
        if request.headers.get("Authorization") or SESSION_KEY not in request.session:
            throttle(request, None, None)
            return None
        caller: Caller | None = super().__call__(request)
        return caller

    def _get_key(self, request: HttpRequest) -> str | None:
        try:
            return super()._get_key(request)
        except HttpError:
            raise HttpError(403, "Send this page's CSRF token in X-CSRFToken.") from None

    def authenticate(self, request: HttpRequest, key: str | None) -> Caller | None:
        if not request.user.is_authenticated:
            return None
        try:
            throttle(request, f"user:{request.user.pk}", Scope.MEMBER)
        except rates.TooManyRequests:
            note_limit(request)
            raise
        # Without the second factor, staff are members like any other.
        reads_all = factors.has_passed(request) and reads_panel(request.user)
        return Caller(request.user.pk, Scope.MEMBER, reads_all, is_session=True)


def throttle(request: HttpRequest, key: str | None, scope: str | None) -> None:
    """Count this call against its token or user, and its IP address. Raises TooManyRequests."""
    limits = settings.API_CALLS_PER_MINUTE
    if key and scope:
        enforce(key, limits[scope])
    if scope != Scope.SERVICE:
        enforce(f"address:{ip_address(request)}", limits["address"])


def enforce(key: str, limit: int) -> None:
    if limit:
        # Reads must go on while the counter's lock is blocked or the database takes no writes, so
        # then the call isn't counted.
        with optional_write():
            rates.enforce(key, limit)


def note_read(request: CallRequest, user_id: int) -> None:
    """The audit has what staff read about a member. Call it before the data is sent."""
    caller = request.auth
    if caller.is_staff_reading(user_id):
        access.open_member(Context(caller.user_id, ip_address(request)), user_id)


def require(is_allowed: bool) -> None:
    """Raise a 403 for a call that this scope may never make."""
    if not is_allowed:
        raise HttpError(403, "This token can't do that.")
