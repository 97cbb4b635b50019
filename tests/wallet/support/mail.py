"""A mail backend that fails as a mail server does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage

errors: list[Exception] = []


class Failing(BaseEmailBackend):
    def open(self) -> None:
        if errors and isinstance(errors[0], ConnectionRefusedError):
            raise errors[0]

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise errors[0]


@contextmanager
def failing(error: Exception) -> Iterator[None]:
    errors.append(error)
    yield
    errors.clear()
