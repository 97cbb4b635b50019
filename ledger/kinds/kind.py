"""What a kind of transaction declares: its shapes, its rules, and its words for each reader.

The defaults are those of a plain kind: who is on the other side, or the kind's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from ledger.kinds.shapes import Place, Shape, Side
from ledger.status import BADGES, Badge, Status

if TYPE_CHECKING:
    from ledger.models import Transaction

type Words = str | Promise


class Seen(NamedTuple):
    """A transaction as one member sees it. `other` is the other member's short name, if any."""

    is_in: bool
    other: str
    amount: str
    status: Status


class Page(NamedTuple):
    """The page on which a member orders it.

    `caution` and `promise` stand on its review; `{payee}` in a caution is who gets the money.
    `again` is on the receipt, for the same once more.
    """

    url_name: str
    title: Words
    lead: Words
    confirm: Words
    again: Words
    caution: Words = ""
    promise: Words = ""


class News(Enum):
    """What a line of the live feed is about."""

    ORDERED = auto()  # asked for, and its rail has yet to answer
    SETTLED = auto()  # its rail has answered since
    FAILED = auto()
    DONE = auto()  # ordered and carried out in one moment


class Kind:
    """One kind of transaction. Subclass it in a file of its own, and register one instance."""

    # In the database and in the API, for ever.
    code: ClassVar[str]
    label: ClassVar[Words]
    plural: ClassVar[Words]
    # What a member does, as on a button: `Send`.
    verb: ClassVar[Words]
    # By number: `noun % 2` is `deposits`.
    noun: ClassVar[Words] = ngettext_lazy("transaction", "transactions")
    icon: ClassVar[str]
    # The colour of its mark: leaf, sand, earth or slate.
    tone: ClassVar[str] = "slate"

    shapes: ClassVar[tuple[Shape, ...]]
    # Does what leaves a wallet use up what its member may move in a day?
    counts_to_daily_limit: ClassVar[bool] = True
    # Members order it, so limits and freezing bind it. Otherwise staff have decided it.
    is_members: ClassVar[bool] = True
    # It names another transaction, and takes back what that one has moved.
    takes_back: ClassVar[bool] = False
    is_reversible: ClassVar[bool] = False
    # So few that an index of their own finds them.
    is_rare: ClassVar[bool] = False

    page: ClassVar[Page | None] = None
    # Its title in a list is a sentence, which may need two lines.
    has_long_title: ClassVar[bool] = False
    # Whether the note is the member's own.
    has_note: ClassVar[bool] = True
    # In the live feed; {source} and {target} are the two sides.
    news: ClassVar[Mapping[News, Words]]

    def __repr__(self) -> str:
        return f"<{self.code}>"

    # --- What follows from its shapes

    @cached_property
    def shape_by_names(self) -> dict[tuple[bool, bool], Shape]:
        return {shape.names: shape for shape in self.shapes}

    def shape_of(self, *, has_source: bool, has_target: bool) -> Shape:
        shape = self.shape_by_names.get((has_source, has_target))
        assert shape, f"{self.code} has no such shape"
        return shape

    @property
    def takes_from_wallet(self) -> bool:
        return any(shape.source == Side.MEMBER for shape in self.shapes)

    @property
    def names_payee(self) -> bool:
        """Does a member who orders it choose another member?"""
        both = any(shape.source == shape.target == Side.MEMBER for shape in self.shapes)
        return both and self.page is not None

    @property
    def uses_rail(self) -> bool:
        return any(shape.uses_rail for shape in self.shapes)

    @property
    def pays_out(self) -> bool:
        return any(shape.target == Side.RAIL for shape in self.shapes)

    @property
    def may_wait(self) -> bool:
        return any(shape.may_wait for shape in self.shapes)

    @property
    def ends(self) -> set[Place]:
        """Where its money lies once it has succeeded: one entry of its amount in each."""
        return {
            place
            for shape in self.shapes
            for place, times in shape.rests(Status.SUCCESS).items()
            if times > 0
        }

    # --- Words for members

    def icon_for(self, seen: Seen) -> str:
        return self.icon

    def title(self, seen: Seen) -> str:
        """Its line in a list of activity."""
        return seen.other or str(self.label)

    def heading(self, seen: Seen) -> str:
        """The first words of its receipt."""
        return self.title(seen)

    def outlook(self, seen: Seen) -> str:
        """What a receipt says of what comes next, or of why nothing does."""
        match seen.status:
            case Status.FAILED:
                return _("No money left your wallet.")
            case Status.PENDING:
                return _("It isn't finished yet.")
        return ""

    def returned(self, seen: Seen) -> str:
        """What a receipt says once this was taken back."""
        return ""

    # --- Words for staff

    def badge(self, status: Status) -> Badge:
        return BADGES[status]

    def news_of(self, news: News, record: Transaction) -> Words:
        return self.news.get(news, self.news[News.DONE])

    def why_not_reversible(self, status: Status) -> str:
        """Why it can't be reversed in this status; empty when it can."""
        if not self.is_reversible:
            return _("Only a completed deposit or transfer can be reversed.")
        match status:
            case Status.PENDING:
                return _("This has not settled yet, so there is nothing to take back.")
            case Status.FAILED:
                return _("This did not go through: no money moved, so there is none to take back.")
        return ""
