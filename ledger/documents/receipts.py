"""A receipt as a PDF file, and as text to share."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _
from fpdf.enums import Align

from ledger.documents import parties
from ledger.documents.paper import (
    BRAND,
    DEEP,
    INK,
    LEFT,
    MUTED,
    RIGHT,
    WHITE,
    Check,
    Colour,
    Paper,
    minute,
)
from ledger.documents.parties import Party
from ledger.models import IssuedReceipt, Transaction
from ledger.movements import Movement
from wallet.money import format_amount, format_money

SUNKEN, CALM = Colour(238, 242, 238), Colour(55, 65, 81)
TOP, ROW_HEIGHT = 38, 9
HALF = (LEFT + RIGHT) / 2


def shared_text(record: Transaction, issued: IssuedReceipt) -> str:
    """What someone sends along with the link: names as others see them, and no balance."""
    words = _("Nissmart receipt {reference}: {amount} from {source} to {target}, {time}.")
    return words.format(
        reference=record.reference,
        amount=format_money(record.amount_cents),
        source=issued.from_name,
        target=issued.to_name,
        time=minute(record.settled_at or record.created_at),
    )


def draw(movement: Movement, check: Check, balance_cents: int | None) -> Paper:
    """One page. `balance_cents` is None if the member doesn't want to show their balance."""
    record = movement.record
    title = _("Nissmart receipt {reference}").format(reference=record.reference)
    paper = Paper(title, timezone.now())
    paper.begin_page()
    paper.say(RIGHT, 19, _("Receipt"), size=15, style="B", align=Align.R)
    draw_amount(paper, movement)
    draw_parties(paper, parties.of(movement))
    y = TOP + 66.0
    for label, value in facts(movement, balance_cents):
        lines = paper.wrap(value, 110, 10)
        paper.say(LEFT, y, label, size=10, colour=MUTED)
        for line in lines:
            paper.say(RIGHT, y, line, size=10, align=Align.R)
            y += 5
        paper.rule(y - 1.5)
        y += ROW_HEIGHT - 5
    made = _("Made on {time}, East Africa Time.").format(time=minute(timezone.now()))
    paper.foot(made, check, 1, 1)
    return paper


def draw_amount(paper: Paper, movement: Movement) -> None:
    """What happened, how much, and a mark of the newest fact."""
    is_undone = movement.is_returned
    heading = _("Returned") if is_undone else str(movement.newest.word)
    paper.say(LEFT, TOP + 6, heading, size=11, colour=MUTED)
    end = paper.say(LEFT, TOP + 17, _("KES"), size=13, colour=MUTED)
    amount = format_amount(movement.amount_cents)
    colour = MUTED if is_undone else INK
    end_of_amount = paper.say(end + 2, TOP + 17, amount, size=26, style="B", colour=colour)
    if is_undone:
        paper.set_draw_color(*MUTED)
        paper.set_line_width(0.6)
        paper.line(end + 1.5, TOP + 13.8, end_of_amount + 0.5, TOP + 13.8)
    paper.set_fill_color(*(CALM if is_undone else BRAND))
    paper.circle(RIGHT - 8, TOP + 10, 8, style="F")
    draw_mark = draw_return if is_undone else draw_tick
    draw_mark(paper)


def draw_tick(paper: Paper) -> None:
    x, y = RIGHT - 8, TOP + 10
    paper.set_draw_color(*WHITE)
    paper.set_line_width(1.1)
    paper.polyline([(x - 3.4, y + 0.2), (x - 1, y + 2.8), (x + 3.6, y - 2.6)])


def draw_return(paper: Paper) -> None:
    """An arrow that turns back."""
    x, y = RIGHT - 8, TOP + 10
    paper.set_draw_color(*WHITE)
    paper.set_line_width(1)
    paper.polyline([(x - 1.2, y - 3.8), (x - 3.8, y - 1.2), (x - 1.2, y + 1.4)])
    paper.polyline([(x - 3.8, y - 1.2), (x + 3.4, y - 1.2), (x + 3.4, y + 3), (x - 0.6, y + 3)])


def draw_parties(paper: Paper, sides: parties.Parties) -> None:
    """From whom to whom, side by side."""
    top = TOP + 26
    paper.set_fill_color(*SUNKEN)
    paper.rect(LEFT, top, RIGHT - LEFT, 26, style="F", round_corners=True, corner_radius=2)
    draw_party(paper, LEFT + 6, _("From"), sides.source)
    draw_party(paper, HALF + 6, _("To"), sides.target)


def draw_party(paper: Paper, x: float, label: str, party: Party) -> None:
    top = TOP + 26
    paper.say(x, top + 7, label, size=9, colour=MUTED)
    name, *rest = paper.wrap(party.name, HALF - LEFT - 10, 11, "B")
    paper.say(x, top + 13, name, size=11, style="B", colour=DEEP)
    for line in rest[:1]:
        paper.say(x, top + 17.5, line, size=11, style="B", colour=DEEP)
    paper.say(x, top + (22 if rest else 18.5), party.contact, size=9.5, colour=MUTED)


def facts(movement: Movement, balance_cents: int | None) -> list[tuple[str, str]]:
    """What else there is to know, the newest fact first."""
    record, attempt = movement.record, movement.record.loaded_attempt
    found = []
    for back in movement.returns:
        word = _("Returned")
        if back.amount_cents < record.amount_cents:
            word = _("Returned {amount}").format(amount=format_money(back.amount_cents))
        found.append((word, f"{minute(back.settled_at or back.created_at)}, {back.reference}"))
    found.append((_("Payment"), str(movement.kind.label)))
    found.append((_("When"), minute(record.settled_at or record.created_at)))
    if movement.note and movement.kind.has_note:
        found.append((_("Note"), movement.note))
    found.append((_("Fee"), format_money(movement.fee_cents)))
    if attempt and attempt.receipt and movement.rail:
        name = _("{name} receipt").format(name=movement.rail.name)
        found.append((name, attempt.receipt))
    found.append((_("Reference"), record.reference))
    if balance_cents is not None:
        found.append((_("Balance after"), format_money(balance_cents)))
    return found
