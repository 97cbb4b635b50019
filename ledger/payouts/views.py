"""The address that rails send their messages to."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from ledger import rails
from ledger.models.rail_events import Finding
from ledger.payouts import callbacks, strangers
from wallet.web.http import ip_address

logger = logging.getLogger(__name__)

BYTES_AT_MOST = 64 * 1024
# Why a payment that a rail asks about must not be made: see `Rail.acknowledge`.
REFUSALS = {Finding.REFUSED: "account", Finding.UNMATCHED: "other", Finding.UNREADABLE: "other"}


@csrf_exempt
@require_POST
def callback(request: HttpRequest, secret: str, kind: str) -> HttpResponse:
    """Keep a rail's message, apply it, acknowledge it. What can't be applied now is applied later.

    The secret is compared in constant time, by the rail; a stranger gets a 404.
    """
    address = ip_address(request)
    rail = next((one for one in rails.every() if one.is_from_rail(secret, address)), None)
    if rail is None:
        logger.warning("a callback with a wrong secret or source", extra={"ip_address": address})
        strangers.note(address)
        raise Http404
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_too_large = not length.isdecimal() or int(length) > BYTES_AT_MOST
    body = request.read(BYTES_AT_MOST + 1) if is_too_large else request.body
    finding = Finding.TOO_LARGE if is_too_large else None
    event = callbacks.store(
        rail,
        kind,
        body,
        ip_address=address,
        reference=request.GET.get("reference", ""),
        finding=finding,
    )
    if is_too_large:
        return HttpResponse(status=413)
    found = None
    try:
        found = callbacks.apply(event)
    except Exception:
        logger.exception("a callback is applied later", extra={"event": event.pk})
    refusal = REFUSALS.get(found, "") if found else ""
    return JsonResponse(rail.acknowledge(kind, refusal))
