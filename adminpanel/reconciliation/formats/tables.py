"""Tables in files: the rows of a CSV or XLSX file, as lists of text, one at a time."""

from __future__ import annotations

import codecs
import csv
import io
import re
import zipfile
import zlib
from collections.abc import Generator
from datetime import date, datetime, time
from typing import Any, BinaryIO

from django.utils.translation import gettext as _
from openpyxl import load_workbook

from adminpanel.reconciliation.formats.rows import Unreadable

type Cells = Generator[tuple[int, list[str]]]

ZIP, OLD_EXCEL, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
PIECE = 1 << 16
COLUMNS_AT_MOST = 60
ROWS_AT_MOST = 500_000
CELL_AT_MOST = 10_000
# How large an XLSX file may be once it's unpacked, and its texts, which are held in memory.
UNPACKED_AT_MOST, TEXTS_AT_MOST = 256 << 20, 48 << 20
FILES_AT_MOST = 200
# The other files in it are read whole, and so is each row: a short file may hold a huge one.
OTHERS_AT_MOST, ROW_AT_MOST = 8 << 20, 1 << 20
ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")


def refuse_known_others(head: bytes) -> None:
    """Raise Unreadable for files that people upload by mistake, and say what to do."""
    if not head.strip():
        raise Unreadable(_("The file is empty."))
    if head.startswith(OLD_EXCEL):
        raise Unreadable(_("This is an old Excel file (.xls). Save it as .xlsx or CSV."))
    if head.startswith(PDF):
        raise Unreadable(_("This is a PDF. Download the statement as CSV or Excel."))
    if head.startswith(ZIP):
        return
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:200].lower()
    if start.startswith((b"<html", b"<!doctype", b"<?xml", b"<table")):
        raise Unreadable(_("This is a web page, not a statement. Download it as CSV or Excel."))
    # A few may stand in the cells of a table: their lines are rejected.
    is_marked = any(head.startswith(mark) for mark, _name in MARKS)
    if not is_marked and head.count(b"\x00") * 100 > len(head):
        raise Unreadable(_("This file isn't text. Download the statement as CSV or Excel."))


def is_workbook(head: bytes) -> bool:
    return head.startswith(ZIP)


def rows_of(file: BinaryIO) -> Cells:
    """The rows of either, each with its line in the file. Raises Unreadable."""
    head = file.read(4096)
    file.seek(0)
    refuse_known_others(head)
    yield from workbook_rows(file) if is_workbook(head) else csv_rows(file)


# --- CSV


def encoding_of(file: BinaryIO) -> str:
    """By its byte order mark; UTF-8 if all of the file is; otherwise Windows-1252."""
    head = file.read(4)
    file.seek(0)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := file.read(PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1252"
    finally:
        file.seek(0)
    return "utf-8"


def text_of(file: BinaryIO) -> io.TextIOWrapper:
    name = encoding_of(file)
    # Bytes that mean nothing in Windows-1252 become a mark, which no amount or date can hold.
    errors = "replace" if name != "utf-8" else "strict"
    return io.TextIOWrapper(file, encoding=name, errors=errors, newline="")


def csv_rows(file: BinaryIO) -> Cells:
    text = text_of(file)
    try:
        head = text.read(8192)
        text.seek(0)
        reader = csv.reader(text, delimiter=delimiter_of(head))
        for cells in reader:
            yield reader.line_num, checked(reader.line_num, cells)
    except csv.Error as error:
        raise Unreadable(
            _("From line {number} this is no CSV file: {why}.").format(
                number=reader.line_num, why=error
            )
        ) from error
    except UnicodeError as error:
        raise Unreadable(_("The text of this file is cut or damaged.")) from error
    finally:
        text.detach()


def checked(number: int, cells: list[str]) -> list[str]:
    """Raise Unreadable for a row that no statement has."""
    if number > ROWS_AT_MOST:
        raise too_long()
    if len(cells) > COLUMNS_AT_MOST:
        raise Unreadable(
            _("Line {number} has more than {most} columns.").format(
                number=number, most=COLUMNS_AT_MOST
            )
        )
    if any(len(cell) > CELL_AT_MOST for cell in cells):
        raise Unreadable(
            _(
                "Line {number} has a cell of more than {most} characters. Is a quote missing?"
            ).format(number=number, most=f"{CELL_AT_MOST:,}")
        )
    return cells


def too_long() -> Unreadable:
    most = f"{ROWS_AT_MOST:,}"
    return Unreadable(_("The file has more than {most} lines. Split it.").format(most=most))


def delimiter_of(head: str) -> str:
    """The sign that parts most cells in the first lines."""
    lines = head.splitlines()[:30]
    counts = {sign: max((line.count(sign) for line in lines), default=0) for sign in ",;\t|"}
    return max(counts, key=lambda sign: counts[sign])


# --- XLSX


def workbook_rows(file: BinaryIO) -> Cells:
    refuse_bombs(file)
    file.seek(0)
    try:
        # Formulas stay text, so that no amount is what someone computed.
        book = load_workbook(file, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            # One more than a statement may have, so that `checked` refuses it.
            rows = sheet.iter_rows(
                max_row=ROWS_AT_MOST + 1, max_col=COLUMNS_AT_MOST + 1, values_only=True
            )
            for number, cells in enumerate(rows, start=1):
                yield number, checked(number, trimmed(cells))
        finally:
            book.close()
    except Unreadable:
        raise
    except Exception as error:
        # A damaged workbook fails in any way: in the ZIP, in the XML, or in what openpyxl expects.
        raise Unreadable(
            _("This Excel file is damaged, or holds something that no statement does.")
        ) from error


def refuse_bombs(file: BinaryIO) -> None:
    """Raise Unreadable for a ZIP that would unpack to far more than a statement needs."""
    try:
        with zipfile.ZipFile(file) as packed:
            entries = packed.infolist()
            is_bomb = is_too_large(entries) or any(
                has_long_row(packed, one) for one in entries if is_sheet(one)
            )
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError) as error:
        raise Unreadable(_("This Excel file is damaged.")) from error
    if is_bomb:
        raise Unreadable(_("This Excel file is too large once it is unpacked. Use CSV."))
    if not any(one.filename.lower().endswith("workbook.xml") for one in entries):
        raise Unreadable(_("This is a ZIP file and no Excel file. Unpack it first."))


def is_sheet(one: zipfile.ZipInfo) -> bool:
    return one.filename.startswith("xl/worksheets/")


def is_too_large(entries: list[zipfile.ZipInfo]) -> bool:
    texts = sum(one.file_size for one in entries if is_texts(one))
    others = sum(one.file_size for one in entries if not (is_texts(one) or is_sheet(one)))
    return (
        len(entries) > FILES_AT_MOST
        or sum(one.file_size for one in entries) > UNPACKED_AT_MOST
        or texts > TEXTS_AT_MOST
        or others > OTHERS_AT_MOST
    )


def is_texts(one: zipfile.ZipInfo) -> bool:
    return "sharedstrings" in one.filename.lower() and not is_sheet(one)


def has_long_row(packed: zipfile.ZipFile, one: zipfile.ZipInfo) -> bool:
    """Is there a stretch of this sheet in which no row begins? A comment could hide one."""
    if one.file_size <= ROW_AT_MOST:
        return False
    with packed.open(one) as sheet:
        while len(piece := sheet.read(ROW_AT_MOST)) == ROW_AT_MOST:
            if not ROW.search(piece) or b"<!" in piece:
                return True
    return False


def trimmed(cells: tuple[Any, ...]) -> list[str]:
    """The cells as text, without the empty ones at the end."""
    texts = [cell_text(cell) for cell in cells]
    while texts and not texts[-1]:
        texts.pop()
    return texts


def cell_text(cell: Any) -> str:
    """A cell as a CSV file would have it."""
    match cell:
        case None:
            return ""
        case str():
            return cell
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return f"{cell:.6f}".rstrip("0").rstrip(".") if abs(cell) < 1e15 else str(cell)
        case datetime():
            return f"{cell:%Y-%m-%d %H:%M:%S}"
        case date() | time():
            return cell.isoformat()
    return str(cell)
