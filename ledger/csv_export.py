"""CSV files: streamed, RFC 4180, and safe to open in a spreadsheet.

A spreadsheet guesses the type of each cell, so the file leaves no doubt:
- a byte order mark says UTF-8;
- amounts and ids are numbers;
- times are `2026-11-25 14:30:00` (Nairobi), which sort as dates;
- text that a spreadsheet would turn into a formula, number or date starts with a single quote.
"""

from __future__ import annotations

import csv
import io
import logging
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import batched

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.querysets import NAIROBI, nairobi_day

logger = logging.getLogger(__name__)

# Text is escaped and quoted. Numbers and None are not.
type Cell = str | int | Decimal | datetime | None

# A formula starts with one of these. Full-width forms count too, so compare after NFKC.
FORMULA = frozenset("=+-@")
BREAKS = frozenset("\t\r\n")
# Text that a spreadsheet would read as a date, a time or a number, and change: `1/2`, `5 May`,
# `0712345678`, `12e5`. Plain numbers of up to 15 digits and IP addresses keep their value.
MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
REFORMATTED = re.compile(
    rf"\d[\d.,:/ -]*(?:e[+-]?\d+|%| ?[ap]m?)?|\d+[ /.-]*{MONTH}[ /.,-]*\d*|{MONTH}[ /.,-]*\d+"
    r"|true|false",
    re.ASCII | re.IGNORECASE,
)
SAFE = re.compile(r"(?:0|[1-9]\d{0,14})(?:\.\d+)?|\d{1,3}(?:\.\d{1,3}){3}", re.ASCII)
BYTE_ORDER_MARK = "\ufeff"
ROWS_PER_CHUNK = 200


def csv_file(
    name: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingHttpResponse:
    """A download named `<name>-<today in Nairobi>.csv`. Rows are fetched while it is sent."""
    return csv_download(f"{name}-{nairobi_day()}.csv", headings, rows)


def csv_download(
    file_name: str, headings: Sequence[str], rows: Iterable[Sequence[Cell]]
) -> StreamingHttpResponse:
    """A download under this name. Rows are fetched while it is sent."""
    return StreamingHttpResponse(csv_chunks(headings, rows), headers=headers_of(file_name))


def csv_headers(name: str) -> dict[str, str]:
    return headers_of(f"{name}-{nairobi_day()}.csv")


def headers_of(file_name: str) -> dict[str, str]:
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{file_name}"',
    }


def answer_without_rows(request: HttpRequest, name: str) -> HttpResponse | None:
    """Answer a request that won't read the file, so that the audit records no export.

    A HEAD gets the headers and a browser's prefetch gets 403. None for all other requests.
    """
    if request.method == "HEAD":
        return HttpResponse(headers=csv_headers(name))
    purposes = (request.headers.get(header, "") for header in ("Sec-Purpose", "Purpose", "X-Moz"))
    if any(purpose.startswith("prefetch") for purpose in purposes):
        return HttpResponse(status=403)
    return None


def csv_chunks(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """The file in chunks of rows, the headings first.

    When a row fails, the status 200 has been sent and the server ends the body as usual. So a last
    line in the file says that rows are missing.
    """
    yield BYTE_ORDER_MARK + to_csv([headings])
    try:
        for some in batched(rows, ROWS_PER_CHUNK):
            yield to_csv(some)
    except Exception:
        logger.exception("export failed")
        yield to_csv([[_("EXPORT FAILED: ROWS ARE MISSING")]])


def to_csv(rows: Iterable[Sequence[Cell]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_STRINGS, lineterminator="\r\n")
    writer.writerows([to_plain(cell) for cell in row] for row in rows)
    return text.getvalue()


def to_plain(cell: Cell) -> str | int | Decimal | None:
    if isinstance(cell, str):
        return escape(cell)
    if isinstance(cell, datetime):
        return f"{timezone.localtime(cell, NAIROBI):%Y-%m-%d %H:%M:%S}"
    return cell


def escape(text: str) -> str:
    """Put a single quote before text that a spreadsheet would run or reformat.

    Leading spaces and invisible characters are skipped, because some programs drop them.
    """
    if REFORMATTED.fullmatch(text.strip()) and not SAFE.fullmatch(text):
        return f"'{text}"
    for character in text:
        if character in BREAKS or unicodedata.normalize("NFKC", character)[0] in FORMULA:
            return f"'{text}"
        if unicodedata.category(character)[0] not in "ZC":
            return text
    return text
