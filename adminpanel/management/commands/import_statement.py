"""`manage.py import_statement statement.csv --account 1100`: read a statement and import it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from adminpanel.models import Statement
from adminpanel.reconciliation import operations
from adminpanel.reconciliation.formats import FORMATS
from adminpanel.reconciliation.formats.bank_csv import PARTS
from wallet import house
from wallet.context import SYSTEM
from wallet.errors import Refusal
from wallet.money import format_money

State = Statement.State


class Command(BaseCommand):
    help = (
        "Import the statement of a rail or a bank, and say what was found. "
        "The same file again, or a line that another file had, changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        codes = {house.code_of(one.kind): one.label for one in operations.accounts()}
        names = ", ".join(f"{code} ({label})" for code, label in sorted(codes.items()))
        parser.add_argument("file", type=Path)
        parser.add_argument("--account", required=True, choices=sorted(codes), help=names)
        parser.add_argument("--format", default="", choices=sorted(FORMATS))
        parser.add_argument(
            "--column", action="append", default=[], metavar="PART=NAME",
            help=f"which column of a bank's table is what: {', '.join(PARTS)}",
        )  # fmt: skip
        parser.add_argument("--preview", action="store_true", help="only say what would be done")

    def handle(self, *args: Any, **options: Any) -> None:
        account = house.by_code(options["account"])
        assert account is not None
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                given = operations.Upload(
                    account.id,
                    file,
                    path.name,
                    path.stat().st_size,
                    options["format"],
                    columns_of(options["column"]),
                )
                statement, is_new = operations.upload(SYSTEM, given)
        except OSError as error:
            raise CommandError(f"{path} can't be read: {error.strerror}.") from error
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        if not is_new and statement.state == State.IMPORTED:
            self.stdout.write(f"This file is imported already: statement {statement.pk}.")
            return
        operations.read_now(statement)
        self.go_on(statement, is_preview=options["preview"])

    def go_on(self, statement: Statement, *, is_preview: bool) -> None:
        problem = statement.findings.get("problem")
        if problem:
            if statement.state == State.PREVIEW:
                operations.drop(SYSTEM, statement.pk)
            raise CommandError(problem)
        if statement.state == State.PREVIEW and statement.lines_count and not is_preview:
            operations.confirm(SYSTEM, statement.pk)
        elif statement.state == State.PREVIEW and not is_preview:
            self.report(statement, "Nothing new")
            operations.drop(SYSTEM, statement.pk)
            return
        operations.read_now(statement)
        if statement.is_working:
            raise CommandError("A worker is at this statement. Look again in a minute.")
        self.report(statement, "Would import" if is_preview else "Imported")

    def report(self, statement: Statement, words: str) -> None:
        found = statement.findings
        say = self.stdout.write
        say(f"Statement {statement.pk}, {FORMATS[statement.format].label}. {words}:")
        say(f"  lines: {statement.lines_count} new, {found['known']} known already")
        say(f"  repeated in the file: {found['repeated']}, rejected: {found['rejected']}")
        say(f"  in: {format_money(found['in_cents'])}, out: {format_money(found['out_cents'])}")
        for name, cents in (
            ("opening", statement.opening_cents),
            ("closing", statement.closing_cents),
        ):
            say(f"  {name}: {'not said' if cents is None else format_money(cents)}")
        say(f"  gaps in the running balance: {found['gaps']}")
        for one in found["rejected_lines"]:
            say(f"  line {one['line']} rejected: {one['why']}")
        for one in found["gap_lines"]:
            gap = one["found_cents"] - one["expected_cents"]
            say(f"  line {one['line']}: the balance differs by {format_money(gap)}")


def columns_of(given: list[str]) -> dict[str, str]:
    """Raises CommandError."""
    columns = dict(one.split("=", 1) for one in given if "=" in one)
    if len(columns) != len(given) or not set(columns) <= set(PARTS):
        raise CommandError(f"--column takes PART=NAME. Parts: {', '.join(PARTS)}.")
    return columns
