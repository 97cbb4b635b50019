"""What reading a statement found, kept with it as JSON: `Statement.findings`."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from adminpanel.reconciliation.formats.rows import Facts, RejectedLine, Row
from wallet.phones import mask_within

# At most this many findings of each sort are listed. All are counted.
LISTED = 50
SAMPLE = 6


@dataclass(slots=True)
class Chain:
    """Follows the running balance through the lines, both oldest first and latest first.

    A file doesn't say in which order it is. The order with fewer gaps is taken, and by then a gap
    is a line that is missing, changed or in the wrong place.
    """

    last: Row | None = None
    first: Row | None = None
    rising: list[dict[str, int]] = field(default_factory=list)
    falling: list[dict[str, int]] = field(default_factory=list)
    rising_count: int = 0
    falling_count: int = 0

    def add(self, row: Row) -> None:
        if row.balance_cents is None or not row.counts:
            return
        if self.first is None:
            self.first = row
        if self.last is not None and self.last.balance_cents is not None:
            after = self.last.balance_cents + row.amount_cents
            if after != row.balance_cents:
                self.rising_count += 1
                note(self.rising, row.number, after, row.balance_cents)
            before = self.last.balance_cents - self.last.amount_cents
            if before != row.balance_cents:
                self.falling_count += 1
                note(self.falling, row.number, before, row.balance_cents)
        self.last = row

    @property
    def is_latest_first(self) -> bool:
        if self.first and self.last and self.rising_count == self.falling_count:
            return self.first.at > self.last.at
        return self.falling_count < self.rising_count

    @property
    def gaps(self) -> tuple[int, list[dict[str, int]]]:
        if self.is_latest_first:
            return self.falling_count, self.falling
        return self.rising_count, self.rising

    @property
    def ends(self) -> tuple[int | None, int | None]:
        """The balance before the oldest line and after the latest."""
        if self.first is None or self.last is None:
            return None, None
        oldest, latest = self.first, self.last
        if self.is_latest_first:
            oldest, latest = latest, oldest
        assert oldest.balance_cents is not None
        return oldest.balance_cents - oldest.amount_cents, latest.balance_cents


def note(gaps: list[dict[str, int]], number: int, expected: int, found: int) -> None:
    if len(gaps) < LISTED:
        gaps.append({"line": number, "expected_cents": expected, "found_cents": found})


def preview_of(row: Row) -> dict[str, Any]:
    """A line as the preview shows it."""
    return {
        "line": row.number,
        "at": row.at.isoformat(),
        "receipt": row.receipt,
        "details": mask_within(row.details),
        "amount_cents": row.amount_cents,
        "balance_cents": row.balance_cents,
    }


@dataclass(slots=True)
class Tally:
    """Counts and sums of the lines so far. Of each line it keeps only a fingerprint."""

    facts: Facts = field(default_factory=Facts)
    chain: Chain = field(default_factory=Chain)
    read: int = 0
    rejected: int = 0
    rejected_lines: list[dict[str, Any]] = field(default_factory=list)
    known: int = 0
    repeated: int = 0
    repeated_lines: list[int] = field(default_factory=list)
    seen: set[bytes] = field(default_factory=set)
    uncounted: Counter[str] = field(default_factory=Counter)
    new: int = 0
    in_count: int = 0
    out_count: int = 0
    in_cents: int = 0
    out_cents: int = 0
    first: Row | None = None
    last: Row | None = None
    sample: list[dict[str, Any]] = field(default_factory=list)

    def reject(self, line: RejectedLine) -> None:
        self.rejected += 1
        if len(self.rejected_lines) < LISTED:
            self.rejected_lines.append({"line": line.number, "why": mask_within(line.why)})

    def is_repeated(self, fingerprint: str, number: int) -> bool:
        """Did an earlier line of the file say the same?"""
        small = bytes.fromhex(fingerprint)
        if small not in self.seen:
            self.seen.add(small)
            return False
        self.repeat(number)
        return True

    def repeat(self, number: int) -> None:
        self.repeated += 1
        if len(self.repeated_lines) < LISTED:
            self.repeated_lines.append(number)

    def add(self, row: Row) -> None:
        self.read += 1
        self.chain.add(row)
        if len(self.sample) < SAMPLE:
            self.sample.append(preview_of(row))
        if self.first is None or row.at < self.first.at:
            self.first = row
        if self.last is None or row.at > self.last.at:
            self.last = row
        if not row.counts:
            # A hostile file may have another status on each line.
            known = row.status in self.uncounted or len(self.uncounted) < LISTED
            self.uncounted[row.status if known else "…"] += 1
        elif row.amount_cents > 0:
            self.in_count += 1
            self.in_cents += row.amount_cents
        else:
            self.out_count += 1
            self.out_cents -= row.amount_cents

    @property
    def lines(self) -> int:
        """Lines of the file so far."""
        return self.read + self.repeated + self.rejected

    def balances(self) -> tuple[int | None, int | None]:
        """Opening and closing: as the file says, or from the running balance."""
        opening, closing = self.chain.ends
        says = self.facts
        return (
            opening if says.opening_cents is None else says.opening_cents,
            closing if says.closing_cents is None else says.closing_cents,
        )

    def as_json(self) -> dict[str, Any]:
        gaps, gap_lines = self.chain.gaps
        for number, expected, found in self.facts.breaks:
            gaps += 1
            note(gap_lines, number, expected, found)
        return {
            "about": self.facts.about,
            "columns": [[one.name, one.meaning] for one in self.facts.columns],
            "lines": self.lines,
            "skipped": self.facts.skipped,
            "rejected": self.rejected,
            "rejected_lines": self.rejected_lines,
            "known": self.known,
            "repeated": self.repeated,
            "repeated_lines": self.repeated_lines,
            "gaps": gaps,
            "gap_lines": gap_lines,
            "has_balances": self.chain.first is not None or self.facts.closing_cents is not None,
            "latest_first": self.chain.is_latest_first,
            "uncounted": dict(self.uncounted),
            "sample": self.sample,
            "in_count": self.in_count,
            "out_count": self.out_count,
            "in_cents": self.in_cents,
            "out_cents": self.out_cents,
        }
