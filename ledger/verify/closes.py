"""The checks of closed periods: recompute the hashes, and say which section of which day differs.

The hashes are defined in `ledger/closing/`; a test recomputes them from `docs/closing.md` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ledger.closing import links, sections
from ledger.closing.canonical import hash_of
from ledger.models import Books, Close
from ledger.verify.check import Check
from wallet.models import AuditEvent

# A run for the panel recomputes this many of the newest closes, `verify_ledger` all of them.
NEWEST = 7

type Row = dict[str, Any]
type Hashes = dict[str, dict[str, list[Any]]]


def chain(is_brief: bool) -> Iterator[Row]:
    """Closes that aren't what their hash says, and gaps between them. All of them: it's cheap."""
    before = None
    found = Close.objects.select_related("previous", "reopens").order_by("number")
    for close in found.iterator():
        if hash_of(links.facts_of(close)) != close.hash:
            yield row(close, _("its hash isn't that of what it stores"))
        if close.number != (before.number + 1 if before else 1) or close.previous != before:
            yield row(close, _("it doesn't follow the close before it"))
        before = close
    newest = Close.objects.live().days().order_by("-ends_at").first()
    first = Books.objects.open_from()
    if newest and (first is None or first < newest.ends_at):
        yield row(newest, _("the books are open before its end"))
    yield from lost(before.number if before else 0)


def lost(last: int) -> Iterator[Row]:
    """Closes that the audit mentions and that are missing from the end of the chain."""
    acts = (AuditEvent.Action.CLOSE_BOOKS, AuditEvent.Action.REOPEN_BOOKS)
    for event in AuditEvent.objects.filter(action__in=acts).order_by("pk"):
        if event.facts.get("number", 0) > last:
            words = _("the audit says that it was made, but it's missing")
            yield {"close": event.facts["number"], "problem": words}


def row(close: Close, problem: str) -> Row:
    return {"close": close.number, "problem": f"{close.period}: {problem}"}


def days(is_brief: bool) -> Iterator[Row]:
    """Sections of closed days that aren't what their close stores."""
    live = Close.objects.live().days().order_by("-number")
    closes = list(live[:NEWEST] if is_brief else live)
    if not closes:
        return
    # The first close covers everything before it.
    is_first = not live.filter(ends_at=closes[-1].starts_at).exists()
    start = None if is_first else closes[-1].starts_at
    digests, _moved = sections.digest_books(start, closes[0].ends_at)
    stored = {day: hashes for close in closes for day, hashes in close.content["days"].items()}
    differences = compare(stored, sections.by_day(digests))
    for day, section in differences:
        # Unless it was reopened while we read.
        if any(one.first_day.isoformat() <= day <= one.last_day.isoformat() for one in live.all()):
            yield {
                "day": f"{day} {section}",
                "problem": _("{section} of {day} aren't what was closed").format(
                    section=section, day=day
                ),
            }


def audit(is_brief: bool) -> Iterator[Row]:
    """Audit events that aren't what the close that covers them stores, by the day of each."""
    covering = Close.objects.filter(act=Close.Act.DAY).order_by("-number")
    closes = list(covering[:NEWEST] if is_brief else covering)[::-1]
    for close in closes:
        found = sections.by_day(sections.digest_audit(close.audit_after, close.audit_through))
        for day, _section in compare(close.content["audit"], found):
            yield {
                "day": f"{day} audit",
                "problem": _("audit events of {day} aren't what close {number} covers").format(
                    day=day, number=close.number
                ),
            }


def compare(stored: Hashes, found: Hashes) -> list[tuple[str, str]]:
    """The days and sections whose hashes differ, or that are only in one of both."""
    differences = []
    for day in sorted({*stored, *found}):
        one, other = stored.get(day, {}), found.get(day, {})
        differences += [
            (day, section)
            for section in sorted({*one, *other})
            if one.get(section) != other.get(section)
        ]
    return differences


CHECKS = (
    Check(
        "closes",
        _lazy("Closed periods"),
        _lazy(
            "Every close is what its hash says and follows the one before it, and none is missing."
        ),
        "{problem}",
        "close",
        find=chain,
    ),
    Check(
        "closed-days",
        _lazy("Closed days"),
        _lazy(
            "Entries, orders, outcomes and approvals of a closed day are those that were closed."
        ),
        "{problem}",
        "day",
        find=days,
    ),
    Check(
        "closed-audit",
        _lazy("Closed audit"),
        _lazy("The audit events that a close covers are those that were there when it was made."),
        "{problem}",
        "day",
        find=audit,
    ),
)
