"""Helpers for requests, responses and htmx that all pages share."""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext_lazy as _
from django_htmx.http import HttpResponseClientRedirect, push_url
from django_htmx.middleware import HtmxDetails

from wallet.context import Context
from wallet.models import User
from wallet.web.cookies import name_of

SIGNED_OUT = _("You're signed out, so nothing was sent. Sign in, check the form and send it again.")
SECRET_FIELD = re.compile("password|pin|code|key|token")
# Fields that payment forms prefill from the URL.
PREFILLED = ("amount", "recipient", "again", "description")


class Request(HttpRequest):
    """A request with what the middleware adds."""

    htmx: HtmxDetails


class MemberRequest(Request):
    """A request behind `login_required`."""

    user: User


type View = Callable[[Request], HttpResponse]


def post_data(request: HttpRequest) -> QueryDict | None:
    """What was sent, for a form. An empty POST is bound too, so the form refuses it."""
    return request.POST if request.method == "POST" else None


def asks_for(request: Request, part: str) -> bool:
    """Does htmx want only the element with this id?

    Looks at HX-Target, not HX-Request: a history restore is an htmx request for the whole page.
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
    """Render the page, or only its partial `part` if htmx will swap the element with that id.

    The address bar then shows `url` instead of the form's URL.
    """
    is_part = asks_for(request, part)
    name = f"{template}#{part}" if is_part else template
    response = render(request, name, context, status=status)
    return push_url(response, url) if is_part and url else response


def is_own_page(request: HttpRequest, url: str | None) -> bool:
    """Is this a path on our site, and no URL that a browser could take for another site?"""
    if not (url and url.startswith("/")):
        return False
    return url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    )


def redirect_to(request: Request, url: str) -> HttpResponse:
    """Send the browser to a page. htmx would load a plain redirect into its target instead."""
    if request.htmx:
        return HttpResponseClientRedirect(url)
    answer = HttpResponseRedirect(url)
    answer.status_code = 303
    return answer


def refuse_repeated_fields(data: QueryDict) -> None:
    """Raise BadRequest if a field was sent twice, because we can't know which value is meant."""
    if any(len(values) > 1 for _name, values in data.lists()):
        raise BadRequest("a field was sent twice")


def ip_address(request: HttpRequest) -> str:
    """The client's IP address.

    The proxy says it in the header CLIENT_IP_HEADER, if there is one; `nissmart.incoming` has
    refused a value that isn't one address. Behind N other proxies, it's the Nth address from the
    right in X-Forwarded-For: each of our proxies adds one, and a client can forge only those
    further left. Otherwise it's the socket's address.
    """
    if settings.CLIENT_IP_HEADER:
        said = request.META.get(f"HTTP_{settings.CLIENT_IP_HEADER.upper()}", "")
        return str(said or request.META.get("REMOTE_ADDR", ""))
    count = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",")]
    if count and len(hops) >= count and hops[-count]:
        return str(hops[-count])[:60]
    return str(request.META.get("REMOTE_ADDR", ""))


def context_of(request: HttpRequest, *, reason: str = "", key: object = None) -> Context:
    """The context for an operation: the signed-in person and their IP address."""
    return Context(request.user.pk, ip_address(request), reason, None if key is None else str(key))


class ShownOnce:
    """Carries a secret through a redirect to the page that shows it once.

    The secret travels in a signed cookie for that page only, so we don't store it. Reloading the
    page doesn't show it again or make another.
    """

    SECONDS = 60

    def __init__(self, name: str) -> None:
        self.name = name
        self.cookie = name_of(name, is_for_one_page=True)

    def salt(self, request: HttpRequest) -> str:
        return f"{self.name} of {request.user.pk} at {request.path}"

    def put(self, response: HttpResponse, request: HttpRequest, secret: str) -> HttpResponse:
        response.set_signed_cookie(
            self.cookie,
            secret,
            salt=self.salt(request),
            max_age=self.SECONDS,
            path=request.path,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Strict",
        )
        return response

    def take(self, request: HttpRequest) -> str | None:
        salt = self.salt(request)
        return request.get_signed_cookie(self.cookie, None, salt=salt, max_age=self.SECONDS)

    def forget(self, response: HttpResponse, request: HttpRequest) -> HttpResponse:
        if self.cookie in request.COOKIES:
            response.delete_cookie(self.cookie, path=request.path, samesite="Strict")
        return response


def private_pages(get_response: View) -> View:
    """Middleware: keep pages out of caches, vary on htmx headers, and send people whose session
    has ended to sign-in and back."""
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
    """Send a form or an htmx request to sign-in and back. None for a page: Django redirects it.

    If words were typed into the form, they stay on the page.
    """
    is_form = request.method == "POST"
    if is_form and words_typed(request):
        return signed_out_page(request)
    if is_form:
        messages.warning(request, SIGNED_OUT)
    if request.htmx:
        return HttpResponseClientRedirect(sign_in_url(request))
    return HttpResponseRedirect(sign_in_url(request)) if is_form else None


def signed_out_page(request: Request) -> HttpResponse:
    """Say that nothing was sent, with what was typed, for copying.

    With htmx the form is still on the page with its text, and the script says so.
    """
    if request.htmx and words_typed(request):
        return HttpResponse(status=401)
    context = {"sign_in_url": sign_in_url(request), "typed": words_typed(request)}
    return HttpResponse(render_to_string("403_signed_out.html", context), status=403)


def words_typed(request: Request) -> list[str]:
    """The sentences in a form: all text of more than one word that is no secret.

    A payment's form comes back filled in, so it has none.
    """
    if "amount" in request.POST:
        return []
    given = request.POST.items()
    texts = [str(value).strip() for name, value in given if not SECRET_FIELD.search(name)]
    return [text for text in texts if len(text.split()) > 1]


def sign_in_url(request: Request) -> str:
    """The sign-in URL that leads back to the page, with what was entered on it."""
    return redirect_to_login(return_url(request)).url


def return_url(request: Request) -> str:
    """The URL of the page a refused form came from. It prefills a payment form again."""
    page = current_page(request)
    if "amount" not in request.POST:
        return page
    entered = {name: value for name in PREFILLED if (value := request.POST.get(name))}
    return f"{page.partition('?')[0]}?{urlencode(entered)}"


def current_page(request: Request) -> str:
    """The URL of the page an htmx request came from; otherwise the requested URL."""
    try:
        page: str | None = request.htmx.current_url_abs_path
    except ValueError:
        page = None
    return page or request.get_full_path()
