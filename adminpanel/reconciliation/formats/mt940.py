"""SWIFT MT940, the statement that most banks can send. A file may hold many, one after another.

We cut the file into its tags and give the `mt940` library one line of a statement at a time. So a
line that is wrong is refused alone, we know its number, and a long file needs little memory.
"""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, NamedTuple

import mt940
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from adminpanel.reconciliation.formats import cells, tables
from adminpanel.reconciliation.formats.rows import (
    Facts,
    Lines,
    Rejected,
    RejectedLine,
    Row,
    Unreadable,
)

# It logs every line that it can't read, with the names of people in it.
logging.getLogger("mt940").setLevel(logging.CRITICAL + 1)

TAG = re.compile(r":([0-9]{2}[A-Z]?):(.*)", re.DOTALL)
BEGINS = re.compile(rb"(?:^|\n)\s*(?:\{[^\n]*)?:20:")
OPENING, CLOSING, LINE, INFORMATION = ("60F", "60M"), ("62F", "62M"), "61", "86"
# A debit, or the reversal of a credit.
OUT = ("D", "RC")
CURRENCY = "KES"
NO_REFERENCE = "NONREF"
VALUE_AT_MOST = 4_000


class Tag(NamedTuple):
    """A tag, its text, and the line of the file that it's on."""

    number: int
    name: str
    value: str


class Mt940:
    code = "mt940"
    label = gettext_lazy("MT940, from a bank")

    def fits(self, head: bytes) -> bool:
        return bool(BEGINS.search(head)) and (b":25:" in head or b":60F:" in head)

    def read(self, file: BinaryIO, facts: Facts, options: Mapping[str, Any]) -> Lines:
        head = file.read(4096)
        file.seek(0)
        tables.refuse_known_others(head)
        text = tables.text_of(file)
        try:
            yield from Reading(facts).lines(tags_of(text))
        except UnicodeError as error:
            raise Unreadable(_("The text of this file is cut or damaged.")) from error
        finally:
            text.detach()


def tags_of(text: Iterator[str]) -> Iterator[Tag]:
    """The tags, each with the lines that continue it. Envelopes are left out."""
    current: Tag | None = None
    for number, line in enumerate(text, start=1):
        if number > tables.ROWS_AT_MOST:
            raise tables.too_long()
        line = line.rstrip("\r\n")
        begins = line[line.index(":20:") :] if line.startswith("{") and ":20:" in line else line
        if found := TAG.fullmatch(begins):
            if current:
                yield current
            current = Tag(number, found[1], found[2])
        elif current and line.startswith(("-", "{")):
            yield current
            current = None
        elif current:
            value = f"{current.value}\n{line}"
            if len(value) > VALUE_AT_MOST:
                raise Unreadable(_("Line {number} is too long for MT940.").format(number=number))
            current = current._replace(value=value)
    if current:
        yield current


class Reading:
    """Reads one file. `sum_cents` is what should be left, by the opening balance and the lines."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.sum_cents: int | None = None
        self.seen: Counter[tuple[str, ...]] = Counter()
        self.has_begun = False

    def lines(self, tags: Iterator[Tag]) -> Lines:
        line: Tag | None = None
        for tag in tags:
            if line is not None:
                yield self.to_row(line, tag.value if tag.name == INFORMATION else "")
                line = None
            if tag.name == LINE:
                line = tag
            elif tag.name in OPENING:
                self.open(tag)
            elif tag.name in CLOSING:
                self.close(tag)
            elif tag.name == "25":
                self.facts.about[_("Account")] = cells.quoted(tag.value)
        if line is not None:
            yield self.to_row(line, "")
        if not self.has_begun:
            raise Unreadable(_("There is no opening balance (:60F:), so this is no whole MT940."))

    def open(self, tag: Tag) -> None:
        cents = balance_of(tag, "opening")
        self.has_begun = True
        if self.facts.opening_cents is None:
            self.facts.opening_cents = cents
        elif self.sum_cents != cents and self.sum_cents is not None:
            self.facts.breaks.append((tag.number, self.sum_cents, cents))
        self.sum_cents = cents

    def close(self, tag: Tag) -> None:
        cents = balance_of(tag, "closing")
        if self.sum_cents is not None and self.sum_cents != cents:
            self.facts.breaks.append((tag.number, self.sum_cents, cents))
        self.facts.closing_cents = self.sum_cents = cents

    def to_row(self, line: Tag, information: str) -> Row | RejectedLine:
        try:
            row = row_of(line, information, self.seen)
        except Rejected as why:
            return RejectedLine(line.number, str(why))
        if self.sum_cents is not None:
            self.sum_cents += row.amount_cents
        return row


def balance_of(tag: Tag, which: str) -> int:
    """Raises Unreadable."""
    try:
        data = mt940.parse(f":20:x\n:{tag.name}:{tag.value}").data
        name = "final" if tag.name.endswith("F") else "intermediate"
        amount = data[f"{name}_{which}_balance"].amount
        cents = cells.of_decimal(amount.amount)
    except Exception as error:
        # What the library raises depends on which part of the text is wrong.
        raise Unreadable(
            _("The balance on line {number} can't be read.").format(number=tag.number)
        ) from error
    if amount.currency != CURRENCY:
        raise Unreadable(
            _("The statement is in {currency}, and our accounts are in KES.").format(
                currency=cells.quoted(str(amount.currency))
            )
        )
    return cents


def row_of(line: Tag, information: str, seen: Counter[tuple[str, ...]]) -> Row:
    """Raises Rejected."""
    try:
        [found] = mt940.parse(f":20:x\n:60F:C200101KES0,00\n:61:{line.value}").transactions
        data = found.data
        cents = abs(cells.of_decimal(data["amount"].amount))
        day = data["date"]
    except Rejected:
        raise
    except Exception as error:
        raise Rejected(_("This isn't a line of MT940 (:61:).")) from error
    if not cents:
        raise Rejected(_("The amount is missing."))
    at = cells.of_date(day)
    amount = -cents if data["status"] in OUT else cents
    reference = data.get("customer_reference") or ""
    if reference.strip() in ("", NO_REFERENCE):
        reference = data.get("bank_reference") or ""
    details = cells.to_text(f"{data.get('extra_details') or ''} {information}", 500)
    reference = cells.to_text(reference, 64)
    fact = (at.isoformat(), reference or details, str(amount))
    seen[fact] += 1
    return Row(
        number=line.number,
        at=at,
        amount_cents=amount,
        same=(*fact, str(seen[fact])),
        receipt=reference,
        kind=cells.to_text(data.get("id") or "", 100),
        details=details,
        raw={":61:": cells.to_text(line.value, 500), ":86:": cells.to_text(information, 500)},
    )


MT940 = Mt940()
