"""Headers that keep other sites and the device's sensors away, on every answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

# What our pages never use. Passkeys and copying text stay allowed for our own pages.
UNUSED = (
    *("accelerometer", "autoplay", "camera", "display-capture", "encrypted-media"),
    *("fullscreen", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts"),
    *("magnetometer", "microphone", "midi", "payment", "picture-in-picture"),
    *("screen-wake-lock", "serial", "usb", "xr-spatial-tracking"),
)
# Of answers that are no pages, such as JSON: a browser that shows one runs and loads nothing.
NO_PAGE = "default-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
CSP = "Content-Security-Policy"
HEADERS = {
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in UNUSED),
}


def isolate(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Middleware: set those headers."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        if CSP not in response.headers:
            response.headers[CSP] = NO_PAGE
        return response

    return middleware
