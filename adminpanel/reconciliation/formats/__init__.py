"""The formats of statements, one file each. Add a new one to FORMATS."""

from __future__ import annotations

from typing import BinaryIO

from adminpanel.reconciliation.formats.bank_csv import BANK_CSV
from adminpanel.reconciliation.formats.mpesa import MPESA
from adminpanel.reconciliation.formats.mt940 import MT940
from adminpanel.reconciliation.formats.rows import Format
from adminpanel.reconciliation.formats.tables import is_workbook, refuse_known_others

# By code, the most particular first.
FORMATS: dict[str, Format] = {one.code: one for one in (MT940, MPESA, BANK_CSV)}


def format_of(file: BinaryIO) -> Format:
    """The format of this file. Raises Unreadable."""
    head = file.read(8192)
    file.seek(0)
    refuse_known_others(head)
    if is_workbook(head):
        return MPESA if MPESA.has_header(file) else BANK_CSV
    return next(one for one in FORMATS.values() if one.fits(head))
