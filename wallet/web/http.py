"""The little that every page shares about requests, answers and htmx."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render, resolve_url
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect, push_url
from django_htmx.middleware import HtmxDetails

from wallet.context import Context
from wallet.models import User

SIGNED_OUT = _("You're signed out, so nothing was sent. Sign in, then check it and send it again.")
# What the forms that move money take from their address.
KEPT = ("amount", "recipient", "again", "description")


class Request(HttpRequest):
    """What a view is given, with what the middleware has added."""

    htmx: HtmxDetails


class MemberRequest(Request):
    """A request behind `login_required`."""

    user: User


type View = Callable[[Request], HttpResponse]


def asks_for(request: Request, part: str) -> bool:
    """Will htmx swap the element with this id, and wants only that?

    Asks HX-Target, not HX-Request: a history restore is an htmx request for the whole page.
    """
    return request.htmx.target == part


def render_part(
    request: Request,
    template: str,
    context: dict[str, Any],
    *,
    part: str,
    status: int = 200,
    url: str | None = None,
) -> HttpResponse:
    """Render the page, or only its partial `part` when htmx will swap the element of that id.

    `url` is what the address bar then shows, in place of what the form has sent.
    """
    is_part = asks_for(request, part)
    name = f"{template}#{part}" if is_part else template
    response = render(request, name, context, status=status)
    return push_url(response, url) if is_part and url else response


def is_own_page(request: HttpRequest, url: str | None) -> bool:
    """A path on this site, and nothing that a browser might take for another one."""
    if not (url and url.startswith("/")):
        return False
    return url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    )


def redirect_to(request: Request, url: str) -> HttpResponse:
    """Send the browser to a page; htmx would follow a plain redirect into its target instead."""
    if request.htmx:
        return HttpResponseClientRedirect(url)
    answer = HttpResponseRedirect(url)
    answer.status_code = 303
    return answer


def refuse_repeated_fields(data: QueryDict) -> None:
    """Raise BadRequest for a field that came twice: which of its values is meant?"""
    if any(len(values) > 1 for _name, values in data.lists()):
        raise BadRequest("a field came twice")


def ip_address(request: HttpRequest) -> str:
    """The client's IP address: the socket's, or what our own proxies have added, from the right."""
    count = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if count and len(hops) >= count and hops[-count]:
        return str(hops[-count])[:60]
    return str(request.META.get("REMOTE_ADDR", ""))


def context_of(request: HttpRequest, *, reason: str = "", key: object = None) -> Context:
    """What an operation is handed: the person who is signed in, and where they called from."""
    return Context(request.user.pk, ip_address(request), reason, None if key is None else str(key))


class ShownOnce:
    """A secret on its way through a redirect to the page that shows it once.

    It travels in a cookie for that page alone, so it is kept nowhere on our side, and loading
    the page again neither shows it again nor makes another. Signed, so that nobody plants one.
    """

    SECONDS = 60

    def __init__(self, name: str) -> None:
        self.name = name

    def salt(self, request: HttpRequest) -> str:
        return f"{self.name} of {request.user.pk} at {request.path}"

    def put(self, response: HttpResponse, request: HttpRequest, secret: str) -> HttpResponse:
        response.set_signed_cookie(
            self.name,
            secret,
            salt=self.salt(request),
            max_age=self.SECONDS,
            path=request.path,
            secure=request.is_secure(),
            httponly=True,
            samesite="Strict",
        )
        return response

    def take(self, request: HttpRequest) -> str | None:
        salt = self.salt(request)
        return request.get_signed_cookie(self.name, None, salt=salt, max_age=self.SECONDS)

    def forget(self, response: HttpResponse, request: HttpRequest) -> HttpResponse:
        if self.name in request.COOKIES:
            response.delete_cookie(self.name, path=request.path, samesite="Strict")
        return response


def private_pages(get_response: View) -> View:
    """Keep pages out of caches, tell caches that htmx gets other answers, and send people whose
    session has ended to sign-in and back."""
    asks_to_sign_in = f"{resolve_url(settings.LOGIN_URL)}?"

    def middleware(request: Request) -> HttpResponse:
        response = get_response(request)
        location = response.headers.get("Location", "")
        if response.status_code == 302 and location.startswith(asks_to_sign_in):
            response = sign_in_first(request) or response
        patch_vary_headers(response, ["HX-Request", "HX-Target"])
        add_never_cache_headers(response)
        return response

    return middleware


def sign_in_first(request: Request) -> HttpResponse | None:
    """Send a form, or htmx, to sign-in and back; None for a page, which is sent there already."""
    is_form = request.method == "POST"
    if is_form:
        messages.warning(request, SIGNED_OUT)
    if request.htmx:
        return HttpResponseClientRedirect(sign_in_url(request))
    return HttpResponseRedirect(sign_in_url(request)) if is_form else None


def sign_in_url(request: Request) -> str:
    """Where to sign in, and then go on with the page, and with what was entered on it."""
    return redirect_to_login(return_url(request)).url


def return_url(request: Request) -> str:
    """The page of a form that wasn't taken, filled in again where that page can be."""
    page = current_page(request)
    if "amount" not in request.POST:
        return page
    typed = {name: value for name in KEPT if (value := request.POST.get(name))}
    return f"{page.partition('?')[0]}?{urlencode(typed)}"


def current_page(request: Request) -> str:
    """The URL of the page that htmx asks from, or of what it asks for."""
    try:
        page: str | None = request.htmx.current_url_abs_path
    except ValueError:
        page = None
    return page or request.get_full_path()
