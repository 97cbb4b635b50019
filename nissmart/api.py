"""The JSON API: the routers of all apps, and one map from errors to answers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.views.decorators.csrf import csrf_exempt
from ninja.errors import AuthenticationError, HttpError, ValidationError

import adminpanel.api
import ledger.api.cancelling
import ledger.api.endpoints
import ledger.api.statements
import ledger.savings.api
import ledger.savings.auto_api
import ledger.schedules.api
import wallet.api.endpoints
from nissmart.openapi import DescribedAPI
from wallet.api import tokens
from wallet.api.callers import SessionAuth, TokenAuth
from wallet.api.strict_json import TOO_LARGE, BodyError, StrictParser
from wallet.errors import Busy, OutcomeUnknown, Refusal
from wallet.web.refusals import api_status, set_retry_after

logger = logging.getLogger(__name__)

api = DescribedAPI(
    title="Nissmart",
    version="1",
    description="Wallets, transfers and payouts in Kenyan shillings. Amounts are whole cents.",
    parser=StrictParser(),
    auth=[TokenAuth(), SessionAuth()],
    docs_url="/docs",
    urls_namespace="api",
)
api.add_router("", wallet.api.endpoints.router)
api.add_router("", ledger.api.endpoints.router)
api.add_router("", ledger.api.cancelling.router)
api.add_router("", ledger.savings.api.router)
api.add_router("", ledger.savings.auto_api.router)
api.add_router("", ledger.schedules.api.router)
api.add_router("", ledger.api.statements.router)
api.add_router("/admin", adminpanel.api.router)

RETRY_S = Busy.wait_s
PRIVATE_HEADERS = {
    "Cache-Control": "no-store, private",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
CODE_OF_STATUS = {
    400: "invalid_request",
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    429: "rate_limited",
    500: "internal_error",
    503: "busy",
}
SENTENCES = {
    400: "The request couldn't be read.",
    401: "Send a valid token as Authorization: Bearer <token>.",
    404: "Not found.",
    405: "This URL doesn't accept this method.",
    413: TOO_LARGE,
    500: "Something went wrong on our side.",
    503: "Nissmart is busy right now. Try again in a moment.",
}
FIELDS_INVALID = "Some fields are invalid."
UNKNOWN = "This may have gone through. Check before you send it again."
UNKNOWN_WITH_KEY = (
    "This may have gone through. Send it again with the same key: it can't happen twice."
)
# pydantic's own words are for programmers, or quote a regular expression.
WORDS = {
    "extra_forbidden": "There is no such field.",
    "missing": "This field is required.",
    # The only pattern is that of the key.
    "string_pattern_mismatch": "Use 1 to 255 visible ASCII characters, and no comma.",
}


def problem(status: int, code: str, detail: str, **more: Any) -> HttpResponse:
    response = JsonResponse({"detail": detail, "code": code, **more}, status=status)
    if code == CODE_OF_STATUS[503]:
        response.headers["Retry-After"] = str(RETRY_S)
        # An answer like others, which the access line shows. Django would log it as an error.
        response._has_been_logged = True  # type: ignore[attr-defined]
    return response


@api.exception_handler(Refusal)
def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    sentence, more = refusal.for_programs, {}
    if refusal.code == CODE_OF_STATUS[400]:
        more["errors"] = [{"field": refusal.field, "message": sentence}]
    response = problem(api_status(refusal), refusal.code, sentence, **more)
    set_retry_after(response, refusal)
    return response


@api.exception_handler(ValidationError)
def invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    fields = [
        {"field": str(each["loc"][-1]), "message": sentence_of(each)} for each in error.errors
    ]
    return problem(400, "invalid_request", FIELDS_INVALID, errors=fields)


@api.exception_handler(Http404)
def not_found(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(404, "not_found", SENTENCES[404])


@api.exception_handler(HttpError)
def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    if isinstance(cause := error.__cause__, BodyError):
        return problem(cause.status, cause.code, cause.detail)
    status = error.status_code
    detail = SENTENCES.get(status, str(error)) if isinstance(error, AuthenticationError) else ""
    response = problem(status, CODE_OF_STATUS.get(status, "invalid_request"), detail or str(error))
    if isinstance(error, AuthenticationError):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@api.exception_handler(tokens.TokenEnded)
def token_ended(request: HttpRequest, error: tokens.TokenEnded) -> HttpResponse:
    return http_error(request, AuthenticationError())


@api.exception_handler(RequestDataTooBig)
def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    """Django refuses a very large body by its length before our parser sees it."""
    return problem(413, CODE_OF_STATUS[413], SENTENCES[413])


@api.exception_handler(BadRequest)
@api.exception_handler(MultiPartParserError)
@api.exception_handler(SuspiciousOperation)
def unreadable(request: HttpRequest, error: Exception) -> HttpResponse:
    return problem(400, CODE_OF_STATUS[400], SENTENCES[400])


@api.exception_handler(OperationalError)
@api.exception_handler(InterfaceError)
def unavailable(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.exception("database unavailable", extra={"path": request.path})
    return problem(503, "busy", SENTENCES[503])


@api.exception_handler(OutcomeUnknown)
def outcome_unknown(request: HttpRequest, error: OutcomeUnknown) -> HttpResponse:
    """Without a key it isn't safe to send the order again, so there is no Retry-After."""
    logger.exception("outcome unknown", extra={"path": request.path})
    has_key = "Idempotency-Key" in request.headers
    response = problem(503, error.code, UNKNOWN_WITH_KEY if has_key else UNKNOWN)
    if has_key:
        response.headers["Retry-After"] = str(RETRY_S)
    return response


@api.exception_handler(Exception)
def unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    logger.exception("unexpected error", extra={"path": request.path})
    return problem(500, "internal_error", SENTENCES[500])


@csrf_exempt
def nothing_here(request: HttpRequest, rest: str) -> HttpResponse:
    """Any other URL under /api/ gets JSON, not a page."""
    return problem(404, CODE_OF_STATUS[404], SENTENCES[404])


def sentence_of(problem: Mapping[str, Any]) -> str:
    """`Value error, enter ...` -> `Enter ...`; our own words where pydantic's are not plain."""
    text = WORDS.get(problem.get("type", "")) or problem["msg"].removeprefix("Value error, ")
    return str(text[:1].upper() + text[1:])


def json_answers(get_response: Callable[[HttpRequest], HttpResponse]) -> Any:
    """Answer in JSON when a request never reaches an endpoint: a wrong method, a wrong host.

    Keeps every answer out of caches and frames.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path.startswith("/api/"):
            return response
        for name, value in PRIVATE_HEADERS.items():
            response.headers.setdefault(name, value)
        status = response.status_code
        is_ours = response.headers.get("Content-Type", "").startswith("application/json")
        if status < HTTPStatus.BAD_REQUEST or is_ours:
            return response
        answer = problem(
            status,
            CODE_OF_STATUS.get(status, "invalid_request"),
            SENTENCES.get(status, SENTENCES[400]),
        )
        # The other headers still hold: Allow, Vary, CORS.
        for name, value in response.headers.items():
            if name != "Content-Length":
                answer.headers.setdefault(name, value)
        return answer

    return middleware
