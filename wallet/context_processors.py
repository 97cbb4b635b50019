"""Template variables for every page."""

from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from wallet.models import Message, User
from wallet.staff.roles import rights_of
from wallet.web.cookies import hides_balance, name_of

THEMES = ("system", "light", "dark")
# Of messages that weren't read: more than this are only many, so the pages don't count them.
COUNTED_AT_MOST = 99


def site(request: HttpRequest) -> dict[str, Any]:
    """The visitor's preferences and role. Lazy, so a page that doesn't use them runs no query."""
    theme = request.COOKIES.get(name_of("theme"))
    return {
        "theme": theme if theme in THEMES else "system",
        "balance_hidden": hides_balance(request),
        "rights": SimpleLazyObject(lambda: rights_of(request.user)),
        "unread_count": SimpleLazyObject(lambda: count_unread(request.user)),
    }


def count_unread(user: User | AnonymousUser) -> int:
    """How many of their messages the member hasn't read, up to COUNTED_AT_MOST."""
    if not user.is_authenticated:
        return 0
    return Message.objects.unread_by(user)[:COUNTED_AT_MOST].count()
