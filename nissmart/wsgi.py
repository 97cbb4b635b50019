"""The WSGI entry point that the web server loads. It has two doors.

Browsers come through all of the middleware. A program's call that brings its token needs no
session, no messages and no sign-in, and looks at no cookie, so it comes through the few
that every answer needs: `make bench` shows what that saves.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "nissmart.settings")
django.setup(set_prefix=False)


def handler(middleware: list[str]) -> WSGIHandler:
    """Django's handler behind these: it reads the setting once, when it is made."""
    whole, settings.MIDDLEWARE = settings.MIDDLEWARE, middleware
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = whole


browsers = handler(settings.MIDDLEWARE)
programs = handler(settings.TOKEN_MIDDLEWARE)


def is_program(environ: Mapping[str, Any]) -> bool:
    """Does this request bring a token, live or not, to the API?"""
    return bool(environ.get("HTTP_AUTHORIZATION")) and environ["PATH_INFO"].startswith("/api/")


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Choose the door by what the request brings."""
    return (programs if is_program(environ) else browsers)(environ, start_response)
