"""What the money endpoints take and answer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from ninja import Schema
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from ledger import kinds
from ledger.api.payments import FailureOut, StepOut
from ledger.status import Status
from wallet.api.schemas import Body, Id, Line, Search
from wallet.money import CEILING_CENTS


def check_type(code: str) -> str:
    if code in (codes := kinds.codes()):
        return code
    expected = f"{', '.join(f"'{one}'" for one in codes[:-1])} or '{codes[-1]}'"
    raise PydanticCustomError("enum", "Input should be {expected}", {"expected": expected})


# Reads the registry on each use, so a newly registered kind is valid too.
TypeCode = Annotated[
    str,
    AfterValidator(check_type),
    Field(json_schema_extra=lambda schema: schema.update(enum=kinds.codes())),
]
AmountCents = Annotated[
    int,
    Field(ge=1, le=CEILING_CENTS, description="Whole cents: KES 10.50 is 1050.", examples=[1050]),
]
Description = Annotated[
    Annotated[Line, Field(max_length=140)] | None, Field(examples=["Lunch on Friday"])
]


class DepositIn(Body):
    user_id: Id
    amount_cents: AmountCents
    description: Description = ""


class WithdrawIn(DepositIn):
    fee_cents: Annotated[
        int | None,
        Field(
            ge=0,
            le=CEILING_CENTS,
            description="The fee that the member agreed to. If the tariff asks another by now, the"
            " answer is `fee_changed` and nothing moves. Without it, the tariff's fee is taken.",
            examples=[0],
        ),
    ] = None


class TransferIn(Body):
    from_user_id: Id
    to_user_id: Annotated[
        Id | None,
        Field(description="With a member token only someone whom its owner has paid before."),
    ] = None
    to: Annotated[
        Annotated[Search, Field(max_length=254)] | None,
        Field(
            description="Instead of `to_user_id`: their phone number, email or public id.",
            examples=["0712 345 678"],
        ),
    ] = None
    amount_cents: AmountCents
    description: Description = ""


class TransactionOut(Schema):
    id: int
    reference: Annotated[str, Field(examples=["NS-7K2Q9PXM"])]
    type: TypeCode
    rail: Annotated[
        str, Field(description="Empty if the money stays inside.", examples=["simulated"])
    ]
    status: Status
    amount_cents: int
    fee_cents: Annotated[int, Field(description="Taken from the wallet on top of the amount.")]
    currency: str
    from_account_id: int | None
    to_account_id: int | None
    from_user_id: int | None
    to_user_id: int | None
    description: str
    created_at: datetime
    settled_at: datetime | None
    receipt: Annotated[
        str | None, Field(description="The rail's own number for it.", examples=["SGL31HA2UV"])
    ]
    failure: FailureOut | None
    steps: Annotated[
        list[StepOut],
        Field(description="How far it has come on its rail. Empty if it was instant."),
    ]


class TransactionPage(Schema):
    items: list[TransactionOut]
    next_cursor: str | None


class BalanceOut(Schema):
    user_id: int
    account_id: int
    currency: str
    balance_cents: int
    pending_out_cents: int
    claimed_cents: int
    as_of: datetime
