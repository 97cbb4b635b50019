"""Shapes that the API of every app uses."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from ninja import Header, Query, Schema
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from wallet.emails import parse_email
from wallet.names import refuse_house_names, refuse_invisible_characters
from wallet.phones import parse_phone
from wallet.text import clean_paste, refuse_control_characters

ID_AT_MOST = 2**63 - 1


def _plain(text: str) -> str:
    """Django's validators raise an error that pydantic doesn't know."""
    try:
        refuse_control_characters(text)
    except ValidationError as error:
        raise ValueError(error.messages[0]) from None
    return text


def _name(text: str) -> str:
    try:
        refuse_invisible_characters(text)
        refuse_house_names(text)
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
Line = Annotated[str, AfterValidator(_plain)]
# What someone pasted into a search box, as they'd have typed it.
Search = Annotated[str, AfterValidator(clean_paste), AfterValidator(_plain)]
# Without the spaces around it, as the pages take it.
Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_plain),
    AfterValidator(_name),
]
Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
Phone = Annotated[str, Field(max_length=40), AfterValidator(_phone)]


# The server joins two headers of one name with a comma, so a key that has one may be two keys.
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x2b\x2d-\x7e]{1,255}$",
        description="Send the same key again and nothing happens twice. A comma isn't allowed.",
    ),
]

# Query strings are text, so these are read leniently; bodies are not.
Limit = Annotated[int, Query(ge=1, le=100)]


class Body(BaseModel):
    """A request body: exact types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid")


class FieldProblem(Schema):
    field: str
    message: str


class Problem(Schema):
    """Every error has a sentence for people and a code for programs."""

    detail: str
    code: str
    errors: list[FieldProblem] | None = None


def problems(*statuses: int) -> dict[int, Any]:
    """`response=` for these error statuses, and for those that any call can get."""
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
