"""The ledger explorer's state. All of it is in the URL."""

from __future__ import annotations

from typing import NamedTuple

from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from adminpanel.ledger.columns import COLUMNS, SETTLED, USUAL, Column
from adminpanel.ledger.forms import LayoutForm, LedgerFilter
from adminpanel.ledger.queries import Sums, sums_of, sums_of_all
from adminpanel.overview import periods
from adminpanel.reversals.queries import People, people_behind
from ledger.forms.filters import describe
from ledger.models import Transaction
from ledger.querysets import TransactionQuerySet, nairobi_day
from ledger.status import Status
from wallet.web import paging

type State = list[tuple[str, str]]

# With only these filters, the roll-ups give the sums, however long the ledger is.
SUMMED_UP = {"type", "status"}
LAYOUT = ("columns", "density", "size")


class Chip(NamedTuple):
    """An active filter, and the URL without it."""

    words: str
    url: str


class Preset(NamedTuple):
    """A choice of the list with one click, and whether it's the one shown."""

    words: str
    url: str
    is_on: bool = False


class Explorer:
    """Reads filters, layout and cursor from a URL, and builds URLs from them.

    `saved_layout` applies when the URL has no layout.
    """

    def __init__(self, data: QueryDict, saved_layout: str = "") -> None:
        self.data = (
            data if any(map(data.get, LAYOUT)) else add_layout(data, QueryDict(saved_layout))
        )
        self.filters = LedgerFilter(self.data)
        self.layout = LayoutForm(self.data)

    def is_valid(self) -> bool:
        # Validate both, to show all errors together.
        return all([self.filters.is_valid(), self.layout.is_valid()])

    @property
    def wants_csv(self) -> bool:
        return self.is_valid() and self.layout.cleaned_data["format"] == LayoutForm.CSV

    # --- Results

    def records(self) -> TransactionQuerySet:
        """Transactions that match, unordered. No rows if a form is invalid."""
        records = Transaction.objects.all()
        return self.filters.narrow(records) if self.is_valid() else records.none()

    def page(self) -> paging.Page[Transaction]:
        """This page's rows, with everything its columns need."""
        found = self.records().with_parties().with_reversal()
        joined = [row for column in self.more_columns for row in column.rows]
        if joined:
            found = found.select_related(*joined)
        return paging.page(
            found,
            self.data.get("cursor"),
            self.size,
            by="reference",
            oldest_first=self.is_oldest_first,
        )

    def people_behind(self, records: list[Transaction]) -> dict[int, People]:
        """Who proposed, approved and posted each reversal, if the column is shown."""
        if "by" not in self.columns:
            return {}
        corrected = [one.pk for one in records if one.kind.is_correction]
        agreed = [one for one in records if one.takes_back or one.pk in corrected]
        return people_behind({one.pk: one.orderer_name for one in agreed}, corrected)

    @property
    def is_summed_up(self) -> bool:
        """Whether the roll-ups have count and sums. Otherwise the database must count rows."""
        filters = dict(self.filter_state)
        is_status = filters.get("status", "") in ("", *Status.values)
        return filters.keys() <= SUMMED_UP and is_status

    def sums(self) -> Sums | None:
        """Count and sums of the matching rows. None when that takes too long."""
        if self.is_summed_up:
            return sums_of_all(**dict(self.filter_state))
        return sums_of(self.records())

    # --- Layout

    @property
    def size(self) -> int:
        return int(self.layout.cleaned_data["size"]) if self.is_valid() else 0

    @property
    def columns(self) -> list[str]:
        """Those chosen. With dates of settlement, its column too."""
        chosen: list[str] = self.layout.cleaned_data["columns"] if self.is_valid() else []
        chosen = chosen or list(USUAL)
        is_missing = self.is_by_settled and SETTLED not in chosen
        return [*chosen, SETTLED] if is_missing else chosen

    @property
    def span(self) -> int:
        """Number of columns, including the reference."""
        return len(self.columns) + 1

    @property
    def hidden_columns(self) -> set[str]:
        """Default columns that the reader hides."""
        return set(USUAL) - set(self.columns)

    @property
    def more_columns(self) -> list[Column]:
        return [each for each in COLUMNS if not each.is_usual and each.name in self.columns]

    @property
    def is_by_settled(self) -> bool:
        return self.typed("by") == LedgerFilter.SETTLED

    # --- The URL

    @property
    def filter_state(self) -> State:
        return [(name, value) for name in self.filters.fields if (value := self.typed(name))]

    @property
    def layout_state(self) -> State:
        state = []
        for name in LAYOUT:
            values = [value for value in dict.fromkeys(self.data.getlist(name)) if value]
            if not self.layout.is_usual(name, values):
                state += [(name, value) for value in values]
        return state

    @property
    def is_oldest_first(self) -> bool:
        return self.typed("order") == LayoutForm.OLDEST

    @property
    def shown_state(self) -> State:
        """Layout and order of the rows."""
        return [*self.layout_state, *self.order_state]

    @property
    def order_state(self) -> State:
        return [("order", LayoutForm.OLDEST)] if self.is_oldest_first else []

    @property
    def state(self) -> State:
        """Filters, layout and order, without the cursor and without defaults."""
        return [*self.filter_state, *self.shown_state]

    @property
    def place(self) -> State:
        cursor = self.data.get("cursor")
        return [("cursor", cursor)] if cursor else []

    @property
    def query(self) -> str:
        return urlencode(self.state)

    def typed(self, name: str) -> str:
        return (self.data.get(name) or "").strip(" ")

    @property
    def chips(self) -> list[Chip]:
        chips = []
        for name, value in self.filter_state:
            rest = [pair for pair in self.state if pair[0] != name]
            chips.append(Chip(describe(self.filters.fields[name], value), url_of(rest)))
        return chips

    @property
    def presets(self) -> list[Preset]:
        """Periods of days. The one that is on links to the list without it."""
        dates = self.typed("from"), self.typed("to")
        rest = [pair for pair in self.state if pair[0] not in ("from", "to")]
        found = []
        for preset in periods.PRESETS:
            period = preset.of(nairobi_day())
            wanted = period.first.isoformat(), period.last.isoformat()
            is_on = dates == wanted
            days = [] if is_on else list(zip(("from", "to"), wanted, strict=True))
            found.append(Preset(str(preset.label), url_of([*days, *rest]), is_on))
        return found

    @property
    def turned(self) -> Preset:
        """The same rows in the other order. Both have an index; other orders don't."""
        rest = [pair for pair in self.state if pair[0] != "order"]
        if self.is_oldest_first:
            return Preset(_("Oldest first"), url_of(rest), is_on=True)
        return Preset(_("Newest first"), url_of([*rest, ("order", LayoutForm.OLDEST)]))

    @property
    def clear_url(self) -> str:
        return url_of(self.shown_state)

    @property
    def first_url(self) -> str:
        return url_of(self.state)

    @property
    def url(self) -> str:
        return url_of([*self.state, *self.place])

    def as_usual(self) -> QueryDict:
        """The same rows in the default layout."""
        return QueryDict(urlencode([*self.filter_state, *self.order_state, *self.place]))

    def older_url(self, next_cursor: str) -> str:
        return url_of([*self.state, ("cursor", next_cursor)])

    @property
    def csv_url(self) -> str:
        return url_of([*self.filter_state, ("format", LayoutForm.CSV)])

    @property
    def totals_url(self) -> str:
        return url_of(self.filter_state, "ledger_totals")


def add_layout(data: QueryDict, layout: QueryDict) -> QueryDict:
    """Add the layout to the URL, unless the layout is no longer valid."""
    if not LayoutForm(layout).is_valid():
        return data
    data = data.copy()
    for name, values in layout.lists():
        data.setlist(name, values)
    return data


def url_of(state: State, name: str = "ledger") -> str:
    query = urlencode(state)
    return reverse(f"adminpanel:{name}") + (f"?{query}" if query else "")
