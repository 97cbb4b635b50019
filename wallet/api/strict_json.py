"""Strict JSON: refuse bodies that two parsers could read differently."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.errors import ValidationError
from ninja.parser import Parser

BODY_BYTES_AT_MOST = 64 * 1024
TOO_LARGE = "Send at most 64 KiB."


class BodyError(Exception):
    """The body can't be read as JSON."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail


class StrictParser(Parser):
    """Refuses repeated names, NaN and other media types, where a lenient parser guesses."""

    def parse_querydict(
        self, data: MultiValueDict[str, str], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """Drop empty parameters: `?type=` means any type."""
        if repeated := [name for name, values in data.lists() if len(values) > 1]:
            raise ValidationError(
                [{"loc": ("query", name), "msg": "Send this only once."} for name in repeated]
            )
        return {name: value for name, value in data.items() if value}

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if request.content_type != "application/json":
            raise BodyError(
                415, "unsupported_media_type", "Send the body as Content-Type: application/json."
            )
        length = int(request.META.get("CONTENT_LENGTH") or 0)
        body = request.read(BODY_BYTES_AT_MOST + 1) if length <= BODY_BYTES_AT_MOST else b""
        if max(length, len(body)) > BODY_BYTES_AT_MOST:
            raise BodyError(413, "body_too_large", TOO_LARGE)
        if len(body) < length:
            raise BodyError(400, "malformed_json", "The body is shorter than its Content-Length.")
        return parse_object(body)


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`. Raises BodyError."""
    try:
        # Some clients send a byte order mark.
        value = DECODER.decode(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BodyError(400, "malformed_json", f"The body isn't valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise BodyError(400, "malformed_json", "The body must be a JSON object.")
    return value


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same name twice")
    return found


def refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


# Shared, because `json.loads` would build one per body.
DECODER = json.JSONDecoder(object_pairs_hook=once_each, parse_constant=refuse_constant)
