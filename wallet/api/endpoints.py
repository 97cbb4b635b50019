"""API endpoints for members."""

from __future__ import annotations

from typing import Annotated

from django.db.models import Q, QuerySet
from django.http import Http404, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from wallet import emails, operations
from wallet.api.callers import Caller, CallRequest, Scope, note_read, require
from wallet.api.schemas import (
    AccountOut,
    Body,
    Email,
    Key,
    Limit,
    Name,
    Phone,
    Search,
    UserOut,
    problems,
)
from wallet.context import Context
from wallet.models import Account, User
from wallet.phones import mask, to_stored
from wallet.staff import access, finding
from wallet.web import paging
from wallet.web.http import ip_address

router = Router(tags=["Users"])


class UserIn(Body):
    name: Annotated[Name, Field(examples=["Jane Wambui"])]
    email: Annotated[Email | None, Field(examples=["jane@example.com"])] = None
    phone: Annotated[Phone | None, Field(examples=["0712 345 678"])] = None
    verify: Annotated[
        bool | None, Field(description="Must the member prove these contacts before money moves?")
    ] = False


class UserPage(Schema):
    items: list[UserOut]
    next_cursor: str | None


@router.post(
    "/users", response={201: UserOut, **problems(403, 411, 413, 415, 422)}, summary="Open a member"
)
def create_user(
    request: CallRequest, response: HttpResponse, body: UserIn, key: Key = None
) -> Status[UserOut]:
    """Open a member with an empty wallet. Service tokens only.

    The member has no password; they set one by password reset. You vouch for their contacts, unless
    you send `"verify": true`: then the email and phone are null, and the wallet neither receives
    nor sends, until the member proves one with a code, as they do when they set a password.

    A retry with the same key returns the member it opened, in their current state.
    """
    caller = request.auth
    require(caller.scope == Scope.SERVICE)
    person = operations.Person(body.name, body.email, body.phone, bool(body.verify))
    user, is_replay = operations.open_member(caller.context(key), person)
    if is_replay:
        response.headers["Idempotency-Replayed"] = "true"
    return Status(201, user_out(user, caller))


@router.get("/users", response={200: UserPage, **problems()}, summary="List members")
def list_users(
    request: CallRequest,
    limit: Limit = 20,
    cursor: str | None = None,
    q: Annotated[Search | None, Query(max_length=80)] = None,
) -> UserPage:
    """Members, newest first. A member token gets only its owner.

    `q` finds members whose name has all of its words, in any order, case and spelling, or whose
    email or phone number contains it. In the browser session of finance staff or an auditor, other
    members' phone numbers and emails are masked, and `q` must be the whole phone number or email.
    Such searches are limited per hour and recorded in the audit.
    """
    place = paging.place("users", cursor, q=q)
    users = visible(request.auth)
    if text := place.filters.get("q", "").strip():
        users = users.filter(found_by(request, text))
    found = place.page(users, limit)
    if request.auth.scope == Scope.FINANCE:
        access.list_members(Context(request.auth.user_id, ip_address(request)))
    items = [user_out(user, request.auth) for user in found.rows]
    return UserPage(items=items, next_cursor=found.next_cursor)


@router.get("/users/{id:user_id}", response={200: UserOut, **problems(404)}, summary="One member")
def read_user(request: CallRequest, user_id: int) -> UserOut:
    """One member with their wallet. In a staff session the phone and email are masked."""
    user = visible(request.auth).filter(pk=user_id).first()
    if user is None:
        raise Http404
    note_read(request, user_id)
    return user_out(user, request.auth)


def visible(caller: Caller) -> QuerySet[User]:
    """The members this caller may see, with their wallets."""
    users = User.objects.prefetch_related("accounts")
    if caller.reads_all or caller.scope == Scope.SERVICE:
        return users
    return users.filter(pk=caller.user_id)


def found_by(request: CallRequest, text: str) -> Q:
    """The members this caller finds by `text`. Raises TooManyRequests after too many look-ups."""
    caller = request.auth
    if not caller.reads_all or caller.scope == Scope.FINANCE:
        return matching(text)
    finding.count_lookup(Context(caller.user_id, ip_address(request)), text)
    person = User.objects.with_login(text)
    return Q(pk=person.pk) if person else finding.by_name(text)


def matching(text: str) -> Q:
    """Members with these words in their name, or this text in their email or phone number.

    A phone number, or the start of one, may be in any format.
    """
    found = finding.by_name(text)
    if email := emails.normalize(text):
        found |= Q(email__contains=email) | Q(phone__contains=to_stored(text))
    return found


def user_out(user: User, caller: Caller) -> UserOut:
    wallet = next(one for one in user.accounts.all() if one.kind == Account.Kind.WALLET)
    account = AccountOut(id=wallet.pk, currency=wallet.currency, balance_cents=wallet.balance_cents)
    email, phone = user.email, user.phone
    if not caller.may_reach(user.pk):
        email, phone = email and emails.mask(email), phone and mask(phone)
    return UserOut(
        id=user.pk,
        name=user.name,
        email=email,
        phone=phone,
        created_at=user.created_at,
        account=account,
    )
