"""Refuse a request that is ambiguous or unreadable, before anything else looks at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from nissmart.api import FIELDS_INVALID, problem
from nissmart.views import unreadable

# A server joins repeated headers with a comma, and no value of these has one.
SENT_ONCE = {
    "HTTP_AUTHORIZATION": "Authorization",
    "HTTP_HOST": "Host",
    "HTTP_IDEMPOTENCY_KEY": "Idempotency-Key",
    "HTTP_ORIGIN": "Origin",
    "HTTP_X_CSRFTOKEN": "X-CSRFToken",
}
FORM = "application/x-www-form-urlencoded"
FILES = "multipart/form-data"
# The one page that takes a file. Up to twice its limit, its form says how large the file is.
UPLOAD_PAGE = "/panel/reconciliation/import/"


# The server sets these two without `HTTP_`, whatever the client sends. With it, they were spelled
# with an underscore. Of any other header we can't know: a proxy has to drop them.
UNDERSCORED = ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH")


class Fault(NamedTuple):
    """What is wrong with a request, as the API answers it. A page shows only the status."""

    status: int
    code: str
    detail: str
    header: str = ""


NOT_DECODED = Fault(411, "length_required", "Send the body with a Content-Length.")
COMPRESSED = Fault(
    415, "unsupported_media_type", "Send the body uncompressed, without Content-Encoding."
)
NOT_ENCRYPTED = Fault(
    403,
    "https_required",
    "Use https://. Revoke the token that you sent: others may have read it.",
)
TOO_LARGE = Fault(413, "body_too_large", "Send a smaller body.")
UNREADABLE = Fault(400, "invalid_request", "The request couldn't be read.")


def readable_requests(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    def middleware(request: HttpRequest) -> HttpResponse:
        fault = fault_of(request)
        return answer(request, fault) if fault else get_response(request)

    return middleware


def fault_of(request: HttpRequest) -> Fault | None:
    meta = request.META
    if is_api(request) and settings.SECURE_SSL_REDIRECT and not request.is_secure():
        return NOT_ENCRYPTED
    if header := ambiguous_header(meta):
        return Fault(400, "invalid_request", FIELDS_INVALID, header)
    if any(variable in meta for variable in UNDERSCORED):
        return UNREADABLE
    if "HTTP_TRANSFER_ENCODING" in meta:
        return NOT_DECODED
    if meta.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        return COMPRESSED
    if request.content_type == FILES and is_too_large(request):
        return TOO_LARGE
    if request.content_type == FORM and not is_api(request) and is_cut_short(request):
        return UNREADABLE
    return None


def ambiguous_header(meta: Mapping[str, Any]) -> str:
    """The name of a header that came twice, or ""."""
    for variable, header in SENT_ONCE.items():
        if "," in meta.get(variable, ""):
            return header
    name = settings.CLIENT_IP_HEADER
    # Two addresses: a client sent one, and the proxy added its own.
    said = meta.get(f"HTTP_{name.upper()}", "") if name else ""
    return name if said and not is_ip_address(said) else ""


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def is_ip_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_too_large(request: HttpRequest) -> bool:
    """Django limits the fields of such a form, but would write its files to disk whole."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if request.path == UPLOAD_PAGE:
        most = 2 * settings.STATEMENT_BYTES_AT_MOST
    return not length.isdecimal() or int(length) > most


def is_cut_short(request: HttpRequest) -> bool:
    """Is the form shorter than its Content-Length? Cut short, `amount=1000` reads `amount=10`."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return length.isdecimal() and len(request.body) < int(length)


def answer(request: HttpRequest, fault: Fault) -> HttpResponse:
    if not is_api(request):
        return unreadable(fault.status)
    more: dict[str, Any] = {}
    if fault.header:
        message = "Send this header once. It can't contain a comma."
        more["errors"] = [{"field": fault.header, "message": message}]
    response = problem(fault.status, fault.code, fault.detail, **more)
    if fault is COMPRESSED:
        response.headers["Accept-Encoding"] = "identity"
    return response
