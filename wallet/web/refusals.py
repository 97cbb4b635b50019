"""HTTP status and Retry-After of refusals, on pages and in the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from django import forms
from django.http import HttpRequest, HttpResponse

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


class FieldRefused(forms.ValidationError):
    """A refusal as a form's error: raise it where a form cleans its fields."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal), code=refusal.code)
        self.refusal = refusal


def refusal_in(form: object) -> Refusal | None:
    """The refusal among a form's errors, if there is one."""
    if not isinstance(form, forms.BaseForm) or not form.is_bound:
        return None
    errors = [error for listed in form.errors.as_data().values() for error in listed]
    return next((error.refusal for error in errors if isinstance(error, FieldRefused)), None)


def form_statuses(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: give a page of allauth's the status of the refusal that its form shows."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        context = getattr(response, "context_data", None) or {}
        return mark_page(response, refusal_in(context.get("form")))

    return middleware


def mark_page(response: HttpResponse, refusal: Refusal | None) -> HttpResponse:
    """Give a page that shows a refusal its status and Retry-After."""
    if refusal:
        response.status_code = page_status(refusal)
        set_retry_after(response, refusal)
    return response


def set_retry_after(response: HttpResponse, refusal: Refusal) -> None:
    if refusal.wait_s:
        response.headers["Retry-After"] = str(refusal.wait_s)
