"""Rows for tests. A factory creates members; the real operations create transactions."""

from __future__ import annotations

from itertools import count
from typing import Any
from uuid import uuid4

import factory

from ledger import operations
from ledger.models import Transaction
from wallet.context import Context
from wallet.models import Pin, User
from wallet.signin import pin

PASSWORD = "a-Long-Enough-1"
PIN = "2468"

numbers = count(1)


class UserFactory(factory.django.DjangoModelFactory):
    """A member with an empty wallet, an email, a phone number, PASSWORD and PIN."""

    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Member Number{n}")
    email = factory.Sequence(lambda n: f"member{n}@example.com")
    phone = factory.Sequence(lambda n: f"+2547{n % 100_000_000:08}")
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        user = model_class.objects.create_user(*args, **kwargs)
        Pin.objects.create(user=user, digest=pin.digest(user.pk, PIN))
        return user


def new_key() -> str:
    return str(uuid4())


def account_id(user: User) -> int:
    return user.primary_account().pk


def balance(user: User) -> int:
    """The wallet's balance now, in cents."""
    return user.primary_account().balance_cents


def deposit(user: User, amount_cents: int, key: str | None = None, **more: Any) -> Transaction:
    return operations.deposit(
        Context(user.pk, key=key or new_key()),
        account_id=account_id(user),
        amount_cents=amount_cents,
        **more,
    )


def send(
    source: User, target: User, amount_cents: int, key: str | None = None, **more: Any
) -> Transaction:
    return operations.transfer(
        Context(source.pk, key=key or new_key()),
        source_id=account_id(source),
        target_id=account_id(target),
        amount_cents=amount_cents,
        **more,
    )


def withdraw(user: User, amount_cents: int, key: str | None = None, **more: Any) -> Transaction:
    return operations.withdraw(
        Context(user.pk, key=key or new_key()),
        account_id=account_id(user),
        amount_cents=amount_cents,
        **more,
    )


def funded(user: User, amount_cents: int, **more: Any) -> User:
    deposit(user, amount_cents, **more)
    return user
