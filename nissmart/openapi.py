"""The API described for people and tools: an example of every answer, and its headers."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.responses import Response

from nissmart.examples import BODIES, KEY_USED, OPENED_ALREADY, PROBLEMS, REFUSAL, UNKNOWN

RETRY_AFTER = {"Retry-After": ("integer", "Seconds to wait before you try again.")}
HEADERS = {
    401: {"WWW-Authenticate": ("string", "Bearer")},
    429: RETRY_AFTER,
    503: RETRY_AFTER,
}
REQUEST_ID = {"X-Request-ID": ("string", "Yours if you sent one. Our logs have it too.")}
REPLAYED: dict[str, Any] = {
    "description": "`true` when this key was used before: nothing new has happened.",
    "schema": {"type": "string", "enum": ["true"]},
}


class DescribedAPI(NinjaAPI):
    """ninja's description, with what it can't know. Built once: that takes longer than any call."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**options)
        for operations in schema["paths"].values():
            for operation in operations.values():
                describe(operation)
        use_64_bits(schema)
        return schema

    @cached_property
    def description_json(self) -> bytes:
        return Response(self.get_openapi_schema()).content

    def _get_urls(self) -> list[URLPattern | URLResolver]:
        # ninja's own view of the description, its first, would build it for each call.
        description = path("openapi.json", require_safe(self.serve), name="openapi-json")
        return [description, *super()._get_urls()[1:]]

    def serve(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(self.description_json, content_type="application/json")


def use_64_bits(node: Any) -> None:
    """Give every integer a format: generators of Java and Go clients take 32 bits without one."""
    if isinstance(node, dict):
        if node.get("type") == "integer":
            node["format"] = "int64"
        for value in node.values():
            use_64_bits(value)
    elif isinstance(node, list):
        for value in node:
            use_64_bits(value)


def describe(operation: dict[str, Any]) -> None:
    """Add the examples and headers of one operation."""
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]
        content["example"] = BODIES[name_of(content)]
    takes_key = any(each["name"] == "Idempotency-Key" for each in operation["parameters"])
    [tag] = operation["tags"] if takes_key else [""]
    for parameter in operation["parameters"]:
        if parameter["in"] == "query":
            parameter["allowEmptyValue"] = True
    for status, response in operation["responses"].items():
        content = response["content"]["application/json"]
        is_problem = name_of(content) == "Problem"
        response["headers"] = headers_of(int(status), takes_key, is_problem)
        if is_problem:
            content["examples"] = named(*problems_of(int(status), takes_key, tag))
        else:
            content["example"] = BODIES[name_of(content)]


def headers_of(status: int, takes_key: bool, is_problem: bool) -> dict[str, Any]:
    headers: dict[str, Any] = {
        name: {"description": text, "required": True, "schema": {"type": kind}}
        for name, (kind, text) in (REQUEST_ID | HEADERS.get(status, {})).items()
    }
    if takes_key and status == 503:
        headers["Retry-After"]["required"] = False
    if takes_key and not is_problem:
        headers["Idempotency-Replayed"] = REPLAYED
    return headers


def problems_of(status: int, takes_key: bool, tag: str) -> list[dict[str, Any]]:
    """The examples of an error."""
    if tag == "Money" and status == 400:
        return [REFUSAL, PROBLEMS[400]]
    if takes_key and status == 503:
        return [PROBLEMS[503], *UNKNOWN]
    if takes_key and status == 422 and tag != "Money":
        return [KEY_USED.get(tag, OPENED_ALREADY)]
    return [PROBLEMS[status]]


def named(*problems: dict[str, Any]) -> dict[str, Any]:
    """Several examples of one answer."""
    return {f"{number} {each['code']}": {"value": each} for number, each in enumerate(problems, 1)}


def name_of(content: dict[str, Any]) -> str:
    return str(content["schema"]["$ref"]).rpartition("/")[2]
