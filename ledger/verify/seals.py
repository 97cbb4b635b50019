"""The checks of seals: compute the hashes again, and say which section of which seal differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from ledger.closing import seals
from ledger.closing.canonical import hash_of
from ledger.models import Close, Seal
from ledger.verify.check import Check, to_nairobi

# What a check of the panel computes again at most; `verify_ledger` does all that no close covers.
NEWEST = 300

type Row = dict[str, Any]


def chain(is_brief: bool) -> Iterator[Row]:
    """Seals that aren't what their hash says, and gaps between them."""
    closes = set(Close.objects.values_list("hash", flat=True))
    newest = Seal.objects.order_by("-number").values_list("number", flat=True).first() or 0
    after = newest - NEWEST if is_brief else 0
    before = Seal.objects.filter(number=after).first()
    found = Seal.objects.filter(number__gt=after).select_related("previous").order_by("number")
    for seal in found.iterator():
        if hash_of(seals.facts_of(seal)) != seal.hash:
            yield row(seal, "", _("its hash isn't that of what it stores"))
        if seal.number != (before.number + 1 if before else 1) or seal.previous != before:
            yield row(seal, "", _("it doesn't follow the seal before it"))
        if seal.content["close"] not in closes | {""}:
            yield row(seal, "", _("the close that it names is missing"))
        before = seal
    for close in Close.objects.order_by("number").iterator():
        named = close.content.get("seal")
        if named and not Seal.objects.filter(number=named[0], hash=named[1]).exists():
            words = _("close {number} names it, but it's missing or another")
            yield {"seal": named[0], "problem": words.format(number=close.number)}


def sections(is_brief: bool) -> Iterator[Row]:
    """Sections that aren't what their seal stores. Seals of closed days are left to the closes."""
    found = to_compute().select_related("previous").order_by("-number")
    for seal in found[:NEWEST] if is_brief else found:
        fresh = seals.digests(seals.reach_of(seal))
        stored = seal.content["sections"]
        for name in sorted({*fresh, *stored}):
            if fresh.get(name) != stored.get(name):
                yield row(seal, name, _("{section} aren't what was sealed").format(section=name))


def to_compute() -> QuerySet[Seal]:
    """Seals that were made after the end of the newest closed day."""
    newest = Close.objects.live().days().order_by("-ends_at").first()
    return Seal.objects.filter(at__gt=newest.ends_at) if newest else Seal.objects.all()


def row(seal: Seal, section: str, problem: str) -> Row:
    made = date_format(to_nairobi(seal.at), "j M Y, H:i:s")
    return {"seal": f"{seal.number} {section}".strip(), "problem": f"{made}: {problem}"}


CHECKS = (
    Check(
        "seals",
        _lazy("Seals"),
        _lazy("Every seal is what its hash says and follows the one before it."),
        "{problem}",
        "seal",
        find=chain,
    ),
    Check(
        "sealed",
        _lazy("Sealed books"),
        _lazy(
            "Entries, orders, outcomes, approvals and audit events of open days are those that "
            "were sealed."
        ),
        "{problem}",
        "seal",
        find=sections,
    ),
)
