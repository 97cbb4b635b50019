"""HTTP status and Retry-After of refusals, on pages and in the API."""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpResponse

from wallet.errors import Refusal


class Statuses(NamedTuple):
    """A page shows its form again with the sentence. The API sends the code and the sentence."""

    page: int
    api: int


USUAL = Statuses(422, 400)
STATUSES = {
    "already_sent": Statuses(409, 409),
    "busy": Statuses(503, 503),
    "fee_changed": Statuses(409, 409),
    "forbidden": Statuses(403, 403),
    "idempotency_key_reused": Statuses(422, 422),
    "not_found": Statuses(422, 404),
    "pin_needed": Statuses(422, 403),
    "rate_limited": Statuses(429, 429),
    "too_late": Statuses(409, 409),
}


def page_status(refusal: Refusal) -> int:
    return STATUSES.get(refusal.code, USUAL).page


def api_status(refusal: Refusal) -> int:
    return STATUSES.get(refusal.code, USUAL).api


def mark_page(response: HttpResponse, refusal: Refusal | None) -> HttpResponse:
    """Give a page that shows a refusal its status and Retry-After."""
    if refusal:
        response.status_code = page_status(refusal)
        set_retry_after(response, refusal)
    return response


def set_retry_after(response: HttpResponse, refusal: Refusal) -> None:
    if refusal.wait_s:
        response.headers["Retry-After"] = str(refusal.wait_s)
