"""The context of an operation: who asks for it, from where and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self
from uuid import NAMESPACE_OID, UUID, uuid5


@dataclass(frozen=True, slots=True)
class Context:
    """Who acts, from which IP address, why, and with which idempotency key.

    `actor_id` is None when the system acts. The reason goes into the audit. `key` is the
    idempotency key. The operation decides what a repeated key means.
    """

    actor_id: int | None
    ip_address: str = ""
    reason: str = ""
    key: str | None = None

    def because(self, reason: str) -> Self:
        return replace(self, reason=reason)

    def request_id(self, *submitted: object) -> UUID | None:
        """Deduplication id: the actor, the form's key and the submitted values.

        So a double click is one request, but going back, changing the form and sending it again
        is a new one. Without a key every request is new.
        """
        if self.key is None:
            return None
        return uuid5(NAMESPACE_OID, repr((self.actor_id, self.key, submitted)))


SYSTEM = Context(actor_id=None)
