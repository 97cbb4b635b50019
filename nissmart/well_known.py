"""Files that programs look for at fixed URLs."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

# RFC 9116 recommends less than a year.
SECURITY_TXT_DAYS = 180


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """Where researchers report a weakness (RFC 9116). 404 while SECURITY_CONTACT isn't set."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    expires = timezone.now().date() + timedelta(days=SECURITY_TXT_DAYS)
    return plain(
        f"Contact: {settings.SECURITY_CONTACT}",
        f"Expires: {expires}T00:00:00Z",
        "Preferred-Languages: en, sw",
        f"Canonical: {request.build_absolute_uri()}",
    )


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Search engines may read all public pages. Names none that strangers can't open."""
    return plain("User-agent: *", "Disallow: /api/")


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to install the site as an app (W3C Web Application Manifest)."""
    icons = [
        {"src": static(f"icon-{px}.png"), "sizes": f"{px}x{px}", "type": "image/png"} | purpose
        for px in (192, 512)
        for purpose in ({"purpose": "any"}, {"purpose": "maskable"})
    ]
    app = {
        "id": "/",
        "name": "Nissmart",
        "short_name": "Nissmart",
        "description": _("Save, send and withdraw Kenyan shillings from one wallet."),
        "start_url": reverse("ledger:home"),
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f7f4",
        "theme_color": "#0b6b4f",
        "icons": icons,
    }
    return HttpResponse(json.dumps(app), content_type="application/manifest+json")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script that shows the offline page. From `/`, because it serves only what is below it.

    Its cache is named after what it keeps, so a new style sheet or page replaces the old one.
    """
    kept = [static("css/base.css"), static("css/member.css"), render_to_string("offline.html")]
    version = hashlib.sha256(repr(kept).encode()).hexdigest()[:12]
    script = render_to_string("service_worker.js", {"version": version})
    return HttpResponse(script, content_type="text/javascript; charset=utf-8")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page for when there is no connection. The same for everyone: it knows no request."""
    return HttpResponse(render_to_string("offline.html"))


def plain(*lines: str) -> HttpResponse:
    text = "".join(f"{line}\n" for line in lines)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
