"""The base class of kinds: shapes, rules, and words for members and staff.

A title defaults to the other member's name, or to the kind's label.
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
from wallet.messages.topics import Topic
from wallet.untranslated import sentence

if TYPE_CHECKING:
    from ledger.models import Transaction

type Words = str | Promise


class MemberView(NamedTuple):
    """A transaction as one member sees it. `other` is the other member's short name, if any.

    `taken` is the amount with the fee. Of a move of the member's own money, `other` is the name of
    the savings goal on the other side, and `picture` its icon.
    """

    is_in: bool
    other: str
    amount: str
    status: Status
    taken: str = ""
    picture: str = ""


class Page(NamedTuple):
    """The form on which a member orders this kind.

    `caution` and `promise` appear on the review page, where `{payee}` becomes the recipient's
    name. `again` labels the button on the receipt that repeats the payment.
    """

    url_name: str
    title: Words
    lead: Words
    confirm: Words
    again: Words
    caution: Words = ""
    promise: Words = ""


class News(Enum):
    """The events in the panel's Activity."""

    ORDERED = auto()  # still waiting for the rail
    SETTLED = auto()  # succeeded after waiting
    FAILED = auto()
    DONE = auto()  # ordered and settled instantly


class Resolves(Enum):
    """Does a kind resolve an item in suspense, named in `Transaction.resolves`?"""

    NEVER = auto()
    MAYBE = auto()
    ALWAYS = auto()

    @property
    def condition(self) -> dict[str, bool]:
        """The condition on the column, for `Q`."""
        return {} if self == Resolves.MAYBE else {"resolves__isnull": self == Resolves.NEVER}


class Kind:
    """One kind of transaction. Subclass it in a new file, and register one instance."""

    # Stored in the database and used by the API, so it never changes.
    code: ClassVar[str]
    label: ClassVar[Words]
    plural: ClassVar[Words]
    # For buttons: `Send`.
    verb: ClassVar[Words]
    # Depends on the count: `noun % 2` is `deposits`.
    noun: ClassVar[Words] = ngettext_lazy("transaction", "transactions")
    icon: ClassVar[str]
    # The colour of its icon: leaf, sand, earth or slate.
    tone: ClassVar[str] = "slate"

    shapes: ClassVar[tuple[Shape, ...]]
    # Money it takes out of a wallet counts towards the daily limit.
    counts_to_daily_limit: ClassVar[bool] = True
    # True: members order it, and limits and freezing apply. False: staff decide on it.
    is_members: ClassVar[bool] = True
    # It moves money between a member's own accounts. It's no payment, so it has no limit but what
    # an account may hold.
    moves_own: ClassVar[bool] = False
    # It reverses another transaction, so `Transaction.reverses` is set.
    takes_back: ClassVar[bool] = False
    # It reverses a part of another transaction, so `Transaction.part_of` is set.
    takes_part: ClassVar[bool] = False
    is_reversible: ClassVar[bool] = False
    # Rare kinds get their own partial index.
    is_rare: ClassVar[bool] = False
    # It explains money that a rail moved by itself, and belongs to no member's wallet.
    is_stray: ClassVar[bool] = False
    # Nissmart itself orders it, though it's a member's money.
    is_ours: ClassVar[bool] = False
    # Two people of finance correct the books with it.
    is_correction: ClassVar[bool] = False
    resolves: ClassVar[Resolves] = Resolves.NEVER

    # What a member hears when it takes money from their wallet, and when it brings some.
    topic_out: ClassVar[Topic] = Topic.MONEY_OUT
    topic_in: ClassVar[Topic] = Topic.MONEY_IN
    # And when money that was in transit has reached the rail. None: nothing.
    topic_paid: ClassVar[Topic | None] = None

    page: ClassVar[Page | None] = None
    # Its title in a list is a sentence that may need two lines.
    has_long_title: ClassVar[bool] = False
    # The note was written by a member, so receipts show it.
    has_note: ClassVar[bool] = True
    # What finance reads in the panel's Activity; {source} and {target} are the two sides. Messages
    # to members are `topic_out` and `topic_in`.
    news: ClassVar[Mapping[News, Words]]

    def __repr__(self) -> str:
        return f"<{self.code}>"

    # --- Derived from its shapes

    @cached_property
    def shape_by_names(self) -> dict[tuple[bool, bool], Shape]:
        """The shapes that operations write."""
        return {shape.names: shape for shape in self.shapes if not shape.is_past}

    def shape_of(self, *, has_source: bool, has_target: bool) -> Shape:
        shape = self.shape_by_names.get((has_source, has_target))
        assert shape, f"{self.code} has no such shape"
        return shape

    def shape_in_books(self, *, has_source: bool, has_target: bool, has_rail: bool) -> Shape | None:
        """The shape of a transaction with these columns. None if it's tampered with."""
        found = (one for one in self.shapes if one.names == (has_source, has_target))
        return next((one for one in found if one.uses_rail == has_rail), None)

    @property
    def takes_from_wallet(self) -> bool:
        return any(shape.source == Side.MEMBER for shape in self.shapes)

    @property
    def names_payee(self) -> bool:
        """True if the member chooses another member to pay."""
        both = any(shape.source == shape.target == Side.MEMBER for shape in self.shapes)
        return both and self.page is not None

    @property
    def uses_rail(self) -> bool:
        return any(shape.uses_rail for shape in self.shapes)

    @cached_property
    def has_fee(self) -> bool:
        """True if a tariff may ask a fee for it."""
        return any(shape.has_fee for shape in self.shapes)

    @property
    def pays_out(self) -> bool:
        return any(shape.target == Side.RAIL for shape in self.shapes)

    @property
    def may_wait(self) -> bool:
        return any(shape.may_wait for shape in self.shapes)

    @property
    def ends(self) -> set[Place]:
        """The places that hold the money after success, each the whole amount."""
        return {
            place
            for shape in self.shapes
            for place, times in shape.rests(Status.SUCCESS).items()
            if times > 0
        }

    # --- Words for members

    def icon_for(self, view: MemberView) -> str:
        return self.icon

    def title(self, view: MemberView) -> str:
        """The title in a list of activity."""
        return view.other or str(self.label)

    def heading(self, view: MemberView) -> str:
        """The heading of the receipt."""
        return self.title(view)

    def outlook(self, view: MemberView) -> str:
        """The receipt's sentence about what happens next, or why it failed."""
        match view.status:
            case Status.FAILED:
                return _("No money left your wallet.")
            case Status.PENDING:
                return _("It isn't finished yet.")
        return ""

    def after_reversal(self, view: MemberView) -> str:
        """The receipt's sentence after a reversal took this back."""
        return ""

    def after_part(self, view: MemberView, back: str) -> str:
        """The receipt's sentence after partial reversals took back `back` of this."""
        words = _("Partly reversed: {back} of {amount}.")
        return sentence(words, back=back, amount=view.amount)

    def heading_after_reversal(self, view: MemberView) -> str:
        """The heading of a receipt whose payment was taken back: that is what matters now."""
        return _("Reversed")

    # --- Words for staff

    def badge(self, status: Status) -> Badge:
        return BADGES[status]

    def news_of(self, news: News, record: Transaction) -> Words:
        return self.news.get(news, self.news[News.DONE])

    def why_not_reversible(self, status: Status) -> str:
        """Why it can't be reversed in this status. Empty if it can."""
        if not self.is_reversible:
            return _("Only a completed deposit or transfer can be reversed.")
        match status:
            case Status.PENDING:
                return _("This hasn't settled yet, so there is nothing to reverse.")
            case Status.FAILED:
                return _("This didn't go through: no money moved, so there is nothing to reverse.")
        return ""


class Correction(Kind):
    """What the kinds have in common with which two people of finance correct the books."""

    is_members = False
    is_correction = True
    is_rare = True
    counts_to_daily_limit = False
    has_note = False
    has_long_title = True
    tone = "slate"
