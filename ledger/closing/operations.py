"""Close a day or a month, and reopen the newest close. Two people have agreed to it before.

The hashes are computed outside of any write, because a first close reads all the books. The gate is
shut before, so what they read can't change. Each call is safe to repeat.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from ledger.closing import balances, gate, links, periods, sections
from ledger.closing.errors import DaysOpen, NotNewest, NotNext, NotOver
from ledger.closing.links import Signature
from ledger.closing.periods import Period
from ledger.models import Books, Close, Seal
from wallet.db.retries import committed
from wallet.errors import Busy

COUNTED = ("orders", "entries")


def close_day(signature: Signature, day: date) -> Close:
    """Close a day of Nairobi: nothing can be dated into it any more. Returns its close.

    The first close covers everything before it. If the day is closed already, this returns that
    close. Raises NotOver, NotNext unless the day before it is closed, and Busy: then call again.
    """
    period = periods.day(day)
    if existing := period.live_close():
        return existing
    refuse_day(period)
    newest, day_before = Close.objects.newest(), periods.newest_day()
    gate.shut(period.ends_at)
    start = day_before.ends_at if day_before else None
    digests, moved = sections.digest_books(start, period.ends_at)
    after, through = (newest.audit_through if newest else 0), gate.last_audit_id()
    audit = sections.digest_audit(after, through)
    opening = day_before.content["trial_balance"] if day_before else []
    count = {
        name: sum(digest.count for (section, _day), digest in digests.items() if section == name)
        for name in COUNTED
    }
    return write(
        period,
        signature,
        newest,
        transactions=count["orders"],
        entries=count["entries"],
        audit_after=after,
        audit_through=through,
        content={
            "days": sections.by_day(digests),
            "audit": sections.by_day(audit),
            "trial_balance": balances.after_movement(opening, moved),
            "open_items": signature.open_items,
            **newest_seal(),
        },
    )


def newest_seal() -> dict[str, list[Any]]:
    """The chain of seals is tied to that of closes: its newest number and hash."""
    seal = Seal.objects.order_by("-number").first()
    return {"seal": [seal.number, seal.hash]} if seal else {}


def refuse_day(period: Period) -> None:
    """Refuse a day that isn't over, or that isn't the one to close next."""
    if not period.is_over:
        raise NotOver(period=period)
    newest = periods.newest_day()
    if newest and period.last_day != newest.last_day + periods.DAY:
        raise NotNext(day=periods.next_day())


def close_month(signature: Signature, month: date) -> Close:
    """Close a month whose days are all closed. Returns its close, as `close_day` does.

    Raises NotOver, DaysOpen and Busy.
    """
    period = periods.month(month)
    if existing := period.live_close():
        return existing
    refuse_month(period)
    before = Close.objects.newest()
    assert before
    of_month = (
        Close.objects.live()
        .days()
        .filter(ends_at__gt=period.starts_at, starts_at__lt=period.ends_at)
    )
    covered = list(of_month.order_by("number"))
    return write(
        period,
        signature,
        before,
        transactions=count_in(covered, period, "orders"),
        entries=count_in(covered, period, "entries"),
        audit_after=before.audit_through,
        audit_through=before.audit_through,
        content={
            "covers": [one.hash for one in covered],
            "trial_balance": balances.of_period(period),
            "open_items": signature.open_items,
        },
    )


def refuse_month(period: Period) -> None:
    if not period.is_over:
        raise NotOver(period=period)
    newest = periods.newest_day()
    if newest is None or newest.last_day < period.last_day:
        raise DaysOpen(period=period)


def count_in(covered: list[Close], period: Period, section: str) -> int:
    """The rows of this section in the days of a month, as its closes counted them."""
    first, last = f"{period.first_day:%Y-%m-%d}", f"{period.last_day:%Y-%m-%d}"
    return sum(
        hashes.get(section, [0])[0]
        for one in covered
        for day, hashes in one.content["days"].items()
        if first <= day <= last
    )


@committed
def reopen(signature: Signature, close_id: int) -> Close:
    """Reopen the newest close. The reopening is a new link of the chain.

    Returns the reopening, also if it was reopened before. Raises NotNewest and Busy. An earlier
    period is reopened by reopening each later one first.
    """
    Books.objects.select_for_update().get()
    close = Close.objects.get(pk=close_id)
    if earlier := Close.objects.filter(reopens=close).first():
        return earlier
    newest, before = periods.newest_live(), Close.objects.newest()
    assert newest
    assert before
    if newest.pk != close.pk:
        raise NotNewest(period=newest)
    made = links.add(
        before,
        signature,
        act=Close.Act.REOPEN,
        first_day=close.first_day,
        last_day=close.last_day,
        starts_at=close.starts_at,
        ends_at=close.ends_at,
        reopens=close,
        audit_after=before.audit_through,
        audit_through=before.audit_through,
        content={"open_items": signature.open_items},
    )
    if close.act == Close.Act.DAY:
        Books.objects.update(open_from=close.starts_at)
    return made


@committed
def write(period: Period, signature: Signature, before: Close | None, **columns: Any) -> Close:
    """Add the close to the chain. Raises Busy if the chain has grown since `before` was read."""
    Books.objects.select_for_update().get()
    if existing := period.live_close():
        return existing
    if Close.objects.newest() != before:
        raise Busy
    return links.add(
        before,
        signature,
        act=period.act,
        first_day=period.first_day,
        last_day=period.last_day,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        **columns,
    )
