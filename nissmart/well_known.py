"""Files that programs look for at fixed URLs."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
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


def plain(*lines: str) -> HttpResponse:
    text = "".join(f"{line}\n" for line in lines)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")
