"""`manage.py export_books`: every entry of a period, for a general ledger."""

from __future__ import annotations

import argparse
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.http import QueryDict
from django.utils.http import urlencode

from adminpanel.exports.datasets import Asked
from adminpanel.reports import datasets
from adminpanel.reports.formats import FORMATS
from adminpanel.reports.forms import BooksForm
from wallet.context import SYSTEM


def day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a day, like 2026-11-22") from None


class Command(BaseCommand):
    help = "Writes every entry of a period to standard output, with account codes. No names."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=day, required=True, help="first day")
        parser.add_argument("--to", dest="last", type=day, required=True, help="last day")
        parser.add_argument("--format", choices=sorted(FORMATS), default="csv")

    def handle(self, *args: Any, **options: Any) -> None:
        given = {"from": options["first"], "to": options["last"], "format": options["format"]}
        form = BooksForm(QueryDict(urlencode(given)))
        if not form.is_valid():
            raise CommandError(
                " ".join(str(text) for each in form.errors.values() for text in each)
            )
        filters = QueryDict(form.query).dict() | {"format": options["format"]}
        through_id = datasets.record(SYSTEM, {name: str(value) for name, value in filters.items()})
        query = QueryDict(urlencode(filters))
        asked = datasets.asked_for(Asked(query, through_id))
        for text, _rows in FORMATS[options["format"]](asked):
            self.stdout.write(text, ending="")
