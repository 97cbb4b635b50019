"""Template variables for every page."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from wallet.staff.roles import rights_of
from wallet.web.cookies import name_of

THEMES = ("system", "light", "dark")


def site(request: HttpRequest) -> dict[str, Any]:
    """The visitor's preferences and role. Lazy, so a page that doesn't use them runs no query."""
    theme = request.COOKIES.get(name_of("theme"))
    return {
        "theme": theme if theme in THEMES else "system",
        "balance_hidden": request.COOKIES.get(name_of("balance")) == "hidden",
        "rights": SimpleLazyObject(lambda: rights_of(request.user)),
    }
