"""An A4 page in our colours and our font, for everything we print.

Lengths are millimetres from the top left corner, text sizes are points. fpdf2's own cells take five
times as long as text at a place, and a statement has thousands.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import Align

from ledger import rails
from ledger.documents import codes
from ledger.querysets import NAIROBI

FONTS = Path(__file__).parent / "fonts"
FAMILY = "Roboto"
# What the font can't draw, such as an emoji in a note.
UNKNOWN = "\ufffd"

WIDTH, HEIGHT = 210, 297
LEFT, RIGHT = 18, 192
# No line of a page is below this; the footer is.
BOTTOM = 272

type Style = Literal["", "B"]


class Colour(NamedTuple):
    red: int
    green: int
    blue: int


INK, MUTED, HAIRLINE = Colour(20, 33, 27), Colour(75, 91, 83), Colour(213, 221, 217)
BRAND, DEEP, GOLD = Colour(11, 107, 79), Colour(8, 61, 46), Colour(233, 180, 76)
WARNING = Colour(113, 63, 18)
WHITE = Colour(255, 255, 255)


class Check(NamedTuple):
    """How a reader finds out whether the document is genuine. `url` is that of its code."""

    code: str
    url: str

    @property
    def site(self) -> str:
        """The page on which they type the code: `nissmart.example/verify`."""
        return self.url.partition("://")[2].partition("/verify/")[0] + "/verify"


class Paper(FPDF):
    """A document of one or more pages. `begin_page` before writing."""

    def __init__(self, title: str, made_at: datetime) -> None:
        super().__init__(orientation="portrait", unit="mm", format="A4")
        self.set_auto_page_break(auto=False)
        self.add_font(FAMILY, "", FONTS / "Roboto-Regular.ttf")
        self.add_font(FAMILY, "B", FONTS / "Roboto-Medium.ttf")
        self.set_title(title)
        self.set_author("Nissmart")
        self.set_lang("en")
        self.set_creation_date(made_at)

    def begin_page(self) -> None:
        """A fresh page with our band and name."""
        self.add_page()
        self.block(0, 0, WIDTH, 4, DEEP)
        self.block(0, 4, WIDTH, 0.7, GOLD)
        self.set_fill_color(*BRAND)
        self.rect(LEFT, 13, 8, 8, style="F", round_corners=True, corner_radius=1.6)
        self.say(LEFT + 4, 19, "N", size=14, style="B", colour=WHITE, align=Align.C)
        self.say(LEFT + 10.5, 19, "Nissmart", size=15, style="B")
        if contact := settings.SUPPORT_CONTACT:
            self.say(LEFT, 26, str(contact), size=8.5, colour=MUTED)
        # As on our pages: in test mode no real money moves.
        self.say(LEFT, 30.5, str(rails.current().site_note), size=8.5, colour=WARNING)

    def say(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 9,
        style: Style = "",
        colour: Colour = INK,
        align: Align = Align.L,
    ) -> float:
        """Write one line of text whose baseline is at `y`. Returns where it ends."""
        self.set_font(FAMILY, style, size)
        self.set_text_color(*colour)
        text = self.drawable(text, style)
        width = self.width_of(text, size, style)
        start = x - {Align.L: 0, Align.C: width / 2, Align.R: width}[align]
        if text:
            self.text(start, y, text)
        return float(start + width)

    def drawable(self, text: str, style: Style = "") -> str:
        known = self.fonts[f"{FAMILY.lower()}{style}"].cmap  # type: ignore[union-attr]
        return "".join(each if ord(each) in known else UNKNOWN for each in text)

    def width_of(self, text: str, size: float, style: Style = "") -> float:
        font = self.fonts[f"{FAMILY.lower()}{style}"]
        _count, width = font.get_text_width(self.drawable(text, style), size, None)
        return float(width / self.k)

    def wrap(self, text: str, width: float, size: float, style: Style = "") -> list[str]:
        """The text in lines that fit the width. Breaks between words, and within a long one."""
        lines = [""]
        for word in pieces(text):
            longer = f"{lines[-1]} {word}".lstrip()
            if self.width_of(longer, size, style) <= width:
                lines[-1] = longer
                continue
            if lines[-1]:
                lines.append("")
            for each in word:
                if lines[-1] and self.width_of(lines[-1] + each, size, style) > width:
                    lines.append("")
                lines[-1] += each
        return lines

    def block(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        self.set_fill_color(*colour)
        self.rect(x, y, width, height, style="F")

    def rule(self, y: float, colour: Colour = HAIRLINE, width: float = 0.2) -> None:
        self.set_draw_color(*colour)
        self.set_line_width(width)
        self.line(LEFT, y, RIGHT, y)

    def foot(self, text: str, check: Check, page: int, pages: int) -> None:
        """The footer: how to check it, what it is, and which page of how many."""
        self.rule(HEIGHT - 20)
        lead = _("Is it genuine? Anyone can check at {site} with the code")
        end = self.say(LEFT, HEIGHT - 15, lead.format(site=check.site), size=8, colour=MUTED)
        self.say(end + 1, HEIGHT - 15, codes.to_text(check.code), size=8.5, style="B")
        self.link(LEFT, HEIGHT - 18, RIGHT - LEFT, 4.5, check.url)
        number = _("Page {page} of {pages}").format(page=page, pages=pages)
        self.say(LEFT, HEIGHT - 10.5, text, size=8, colour=MUTED)
        self.say(RIGHT, HEIGHT - 10.5, number, size=8, colour=MUTED, align=Align.R)

    def download(self, file_name: str) -> HttpResponse:
        return HttpResponse(
            bytes(self.output()),
            headers={
                "Content-Type": "application/pdf",
                "Content-Disposition": f'attachment; filename="{file_name}"',
            },
        )


def pieces(text: str) -> Iterator[str]:
    """The words of the text. A no-break space stays within its word."""
    yield from text.replace("\n", " ").split(" ")


def minute(at: datetime) -> str:
    """`28 Nov 2026, 10:20`, Nairobi time."""
    return date_format(timezone.localtime(at, NAIROBI), "j M Y, H:i")
