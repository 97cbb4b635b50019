"""Refusals: a code for programs, a sentence for people."""

from collections.abc import Mapping
from typing import ClassVar

from django.db import OperationalError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.support import with_help


class Refusal(Exception):
    """A rule said no. Nothing has changed.

    `str(refusal)` is a sentence for the person who asked. It comes from the class, or from the
    caller where the words depend on the case. `facts` fill its placeholders. `field` is the form
    field that the refusal is about. After `wait_s` seconds, the same request may succeed.
    """

    code: ClassVar[str] = "refused"
    sentence: str | Promise = _("That can't be done.")
    field: ClassVar[str | None] = None
    wait_s: int | None = None

    def __init__(self, sentence: str | Promise | None = None, /, **facts: object) -> None:
        super().__init__()
        if sentence is not None:
            self.sentence = sentence
        self.facts: Mapping[str, object] = facts

    def __str__(self) -> str:
        text = str(self.sentence)
        return text.format(**self.facts) if self.facts else text

    @property
    def for_programs(self) -> str:
        """The sentence for API callers, who don't see a form."""
        return str(self)


class NotAllowed(Refusal):
    """This person may not do this, whatever they enter in the form."""

    code = "forbidden"


class TooLate(Refusal):
    """A colleague acted first, so the page is out of date."""

    code = "too_late"


class Taken(Refusal):
    """Another member already has this phone number or email. `field` says which."""

    code = "invalid_request"
    # Whole sentences, because a translation may need other words around each noun.
    sentences: ClassVar[Mapping[str, Promise]] = {
        "phone": _("This phone number already has an account."),
        "email": _("This email already has an account."),
    }

    def __init__(self, field: str) -> None:
        super().__init__(self.sentences[field], field=field)
        self.field = field  # type: ignore[misc]


class FrozenByStaff(Refusal):
    """Only staff can unfreeze this wallet."""

    code = "frozen_by_staff"
    sentence = _("Our team froze this wallet, so only our team can unfreeze it.")

    def __str__(self) -> str:
        return with_help(super().__str__())


class Busy(Refusal):
    """The database can't do the work now. A later retry may succeed."""

    code = "busy"
    sentence = _("Nissmart is busy right now. Nothing has moved. Try again in a moment.")
    wait_s = 1


class OpenedAlready(Refusal):
    """The idempotency key has already opened another member, `member_id`."""

    code = "idempotency_key_reused"
    sentence = _(
        "This key already opened another member, {member_id}. Use a new key for a new member."
    )


class OutcomeUnknown(OperationalError):
    """The database didn't answer the COMMIT, so we don't know whether it was committed.

    Not a Refusal: callers that catch refusals say that nothing has moved.
    """

    code = "outcome_unknown"
