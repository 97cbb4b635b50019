"""The WSGI application, which `nissmart/front/` calls. It has two handlers.

Browsers get all of the middleware. An API call with a token needs no session, messages or sign-in
and reads no cookie, so it gets only the middleware that every answer needs. `make bench` shows how
much time that saves.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from io import BytesIO
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nissmart.settings")
django.setup(set_prefix=False)

from nissmart.api import api  # noqa: E402 (needs the apps)
from wallet import metrics  # noqa: E402
from wallet.api.strict_json import BODY_BYTES_AT_MOST  # noqa: E402


def handler(middleware: list[str]) -> WSGIHandler:
    """A Django handler with this middleware. Django reads the setting once, on creation."""
    whole, settings.MIDDLEWARE = settings.MIDDLEWARE, middleware
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = whole


browsers = handler(settings.MIDDLEWARE)
programs = handler(settings.TOKEN_MIDDLEWARE)
metrics.WEB_THREADS.set(settings.WEB_THREADS)
# Build the OpenAPI description now, so its first reader doesn't wait for it.
api.description_json  # noqa: B018


def is_api(environ: Mapping[str, Any]) -> bool:
    return bool(environ["PATH_INFO"].startswith("/api/"))


def is_program(environ: Mapping[str, Any]) -> bool:
    """Is this an API call or a scrape of the metrics with a token, live or not?"""
    if not environ.get("HTTP_AUTHORIZATION"):
        return False
    return is_api(environ) or environ["PATH_INFO"] == "/metrics"


def collect_chunks(environ: dict[str, Any]) -> None:
    """Give a chunked body a length, because Django reads nothing without one.

    Only a server that decodes the chunks says `wsgi.input_terminated`. Reads one byte more than
    may be sent, so a body over the limit is refused by its length. A request that still has its
    Transfer-Encoding afterwards gets 411 from `nissmart.incoming`.
    """
    is_chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    if not (is_chunked and environ.get("wsgi.input_terminated")):
        return
    limit = BODY_BYTES_AT_MOST if is_api(environ) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = environ["wsgi.input"].read(limit + 1)
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    del environ["HTTP_TRANSFER_ENCODING"]


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Send the request to the handler for browsers or for programs."""
    if "HTTP_TRANSFER_ENCODING" in environ:
        collect_chunks(environ)
    return (programs if is_program(environ) else browsers)(environ, start_response)
