"""Schemas that every app's API uses."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from ninja import Header, Query, Schema
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from wallet.emails import parse_email
from wallet.models.protected import refuse_near_names, refuse_protected_names
from wallet.names import refuse_house_names, refuse_invisible_characters, refuse_mixed_scripts
from wallet.phones import parse_phone
from wallet.text import clean_paste, refuse_control_characters

ID_AT_MOST = 2**63 - 1


def _line(text: str) -> str:
    """Turn Django's validation error into one that pydantic knows."""
    try:
        refuse_control_characters(text)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from None
    return text


def _name(text: str) -> str:
    try:
        refuse_invisible_characters(text)
        refuse_house_names(text)
        refuse_mixed_scripts(text)
        refuse_protected_names(text)
        refuse_near_names(text)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from None
    return text


def _email(text: str) -> str:
    try:
        return parse_email(text)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from None


def _phone(text: str) -> str:
    try:
        return parse_phone(text)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from None


Id = Annotated[int, Field(ge=1, le=ID_AT_MOST)]
Line = Annotated[str, AfterValidator(_line)]
# Pasted text, cleaned to what a keyboard would have typed.
Search = Annotated[str, AfterValidator(clean_paste), AfterValidator(_line)]
# Spaces around a name are dropped, as on the pages.
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_line),
    AfterValidator(_name),
]
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
Phone = Annotated[str, Field(max_length=40), AfterValidator(_phone)]


# The web server joins repeated headers with a comma, so a key with a comma may be two keys.
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x2b\x2d-\x7e]{1,255}$",
        description="A retry with the same key has no further effect. A comma isn't allowed.",
    ),
]

# Query strings are text, so numbers in them are parsed leniently. Bodies are strict.
Limit = Annotated[int, Query(ge=1, le=100)]


class Body(BaseModel):
    """A request body: exact types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid")


class FieldProblem(Schema):
    field: str
    message: str


class Problem(Schema):
    """An error: `detail` is a sentence for people, `code` is for programs."""

    detail: str
    code: str
    errors: list[FieldProblem] | None = None


def problems(*statuses: int) -> dict[int, Any]:
    """`response=` for these error statuses and those that any call can return."""
    return dict.fromkeys(sorted({*statuses, 400, 401, 429, 500, 503}), Problem)


class AccountOut(Schema):
    id: int
    currency: str
    balance_cents: int


class UserOut(Schema):
    id: int
    name: str
    email: str | None
    phone: str | None
    created_at: datetime
    account: AccountOut
