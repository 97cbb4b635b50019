"""The reports are equal to the entries, to the cent, and other programs find the books right."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from random import Random

import openpyxl
import pytest
from beancount import loader
from django.core.management import call_command

from adminpanel.reports import books, chart, formats
from adminpanel.reports.balance import FEES, report
from adminpanel.reports.periods import before
from adminpanel.reports.trial import trial
from ledger import kinds, rollups
from ledger.models import Entry
from ledger.querysets import nairobi_day
from ledger.statements.period import Period
from tests.ledger.test_statements import DAYS, FIRST, history
from tests.pages import elements, find, text, words
from wallet import house
from wallet.models import AuditEvent

pytestmark = pytest.mark.django_db

URL = "/panel/reports/"
WHOLE = Period(FIRST, FIRST + timedelta(DAYS))
HLEDGER = shutil.which("hledger")
# Debian has it. A machine without it runs the same checks with beancount alone.
needs_hledger = pytest.mark.skipif(
    HLEDGER is None, reason="HLEDGER IS MISSING: apt install hledger, or its journal goes unjudged"
)


@pytest.fixture
def lived(finance, time_machine) -> None:
    """Days full of payments, fees, goals, reversals and failures; some folded, some not."""
    history(7, finance, time_machine)
    time_machine.move_to(f"{WHOLE.last + timedelta(days=1)}T09:00:00+03:00", tick=False)
    for _each in range(3):
        assert rollups.fold(batch=20)


type RawEntry = tuple[date, str, str, int]


def entries() -> list[RawEntry]:
    """(day, kind of account, type, cents) of every entry."""
    rows = Entry.objects.order_by("pk").values_list(
        "created_at", "account__kind", "transaction__type", "amount_cents"
    )
    return [(nairobi_day(at), kind, type_, cents) for at, kind, type_, cents in rows]


def spans(seed: int, count: int) -> list[Period]:
    draw, found = Random(seed), [WHOLE, Period(FIRST, FIRST)]
    while len(found) < count:
        first = FIRST + timedelta(draw.randrange(DAYS))
        found.append(Period(first, min(first + timedelta(draw.randrange(DAYS)), WHOLE.last)))
    return found


def test_a_balance_report_of_any_period_equals_the_entries(lived):
    raw = entries()
    every = chart.accounts()
    members = [one for one in every if one.house_id is None]
    for accounts in [members, *([one] for one in every)]:
        own = {one.kind for one in accounts}
        sign = -1 if accounts[0].code[0] in "15" else 1
        for span in spans(1, 6):
            found = report(accounts, span)
            assert found.is_right
            for side, part in ((found.now, "now"), (found.then, "then")):
                first, last = side.span
                mine = [each for each in raw if each[1] in own]
                opening = sign * sum(cents for day, *_, cents in mine if day < first)
                within = [each for each in mine if first <= each[0] <= last]
                closing = opening + sign * sum(each[3] for each in within)
                assert (side.opening_cents, side.closing_cents) == (opening, closing)
                sums = Counter({each[2]: 0 for each in within})
                for _day, _kind, type_, cents in within:
                    sums[type_] += sign * cents
                lines = {line.code: getattr(line, part) for line in found.lines}
                fees = lines.pop(FEES, None)
                if fees and chart.WALLET in own:
                    earned = [
                        each
                        for each in raw
                        if each[1] == house.FEES.kind
                        and first <= each[0] <= last
                        and kinds.of(each[2]).has_fee
                    ]
                    assert fees.cents == -sum(each[3] for each in earned)
                    for *_, type_, cents in earned:
                        sums[type_] += cents
                assert {code: one.cents for code, one in lines.items()} == {
                    code: sums[code] for code in lines
                }
                assert set(sums) <= set(lines)


def test_a_trial_balance_equals_the_entries(lived):
    raw = entries()
    for span in spans(2, 5):
        found = trial(span)
        assert found.difference_cents == 0
        for row in found.rows:
            mine = [each for each in raw if each[1] == row.account.kind]
            within = [each[3] for each in mine if span.first <= each[0] <= span.last]
            assert row.opening_cents == sum(each[3] for each in mine if each[0] < span.first)
            assert row.debit_cents == -sum(cents for cents in within if cents < 0)
            assert row.credit_cents == sum(cents for cents in within if cents > 0)
            assert row.closing_cents == sum(each[3] for each in mine if each[0] <= span.last)


@pytest.mark.parametrize(
    ("span", "earlier"),
    [
        (("2026-11-29", "2026-11-29"), ("2026-11-28", "2026-11-28")),
        (("2026-11-23", "2026-11-29"), ("2026-11-16", "2026-11-22")),
        (("2026-11-01", "2026-11-27"), ("2026-10-01", "2026-10-27")),
        (("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28")),
        (("2026-03-01", "2026-03-30"), ("2026-02-01", "2026-02-28")),
        (("2026-01-05", "2026-03-04"), ("2025-11-07", "2026-01-04")),
    ],
)
def test_a_period_is_compared_with_the_one_before(span, earlier):
    first, last = map(date.fromisoformat, span)
    assert before(Period(first, last)) == Period(*map(date.fromisoformat, earlier))


def test_every_kind_says_whether_it_moves_goals():
    """Otherwise the totals of wallets and goals couldn't be split."""
    for kind in kinds.every():
        assert chart.sides_of(kind.code)


def ten_days() -> list[date]:
    return [WHOLE.first + timedelta(days) for days in range(2, DAYS, 2)][-10:]


def by_trial(day: date) -> dict[str, Decimal]:
    rows = trial(Period(day, day)).rows
    return {row.account.path: Decimal(-row.closing_cents) / 100 for row in rows}


def journal(format: str, span: Period = WHOLE) -> str:
    asked = books.Books(span, books.last_entry_id())
    return "".join(piece.text for piece in formats.FORMATS[format](asked))


def test_beancount_finds_the_books_right(lived):
    later = Period(FIRST + timedelta(9), WHOLE.last)
    for span in (WHOLE, later):
        found, errors, _options = loader.load_string(journal("beancount", span))
        assert errors == []
        for day in [each for each in ten_days() if each >= span.first]:
            sums = dict.fromkeys((one.path for one in chart.accounts()), Decimal(0))
            for entry in found:
                for posting in getattr(entry, "postings", None) or []:
                    if entry.date <= day:
                        sums[posting.account] += posting.units.number
            assert sums == by_trial(day)
    wrong = journal("beancount").replace("2100-Wallet  -", "2100-Wallet  -1", 1)
    assert loader.load_string(wrong)[1]


@needs_hledger
def test_hledger_finds_the_books_right(lived, tmp_path):
    file = tmp_path / "books.journal"

    def ask(*words: str) -> str:
        done = subprocess.run([HLEDGER, "-f", file, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    file.write_text(journal("hledger"))
    ask("check", "--strict")
    for day in ten_days():
        table = ask("balance", "--end", str(day + timedelta(days=1)), "-E", "-N", "-O", "csv")
        _head, *rows = csv.reader(io.StringIO(table))
        found = {name: Decimal(cents.split()[0]) for name, cents in rows}
        expected = by_trial(day)
        assert {name: found.get(name, 0) for name in expected} == expected
    # It compares the balance of each day with ours: one entry more, and it says so.
    extra = f"\n{FIRST + timedelta(3)} * Extra\n    {chart.accounts()[0].path}  1.00 KES\n"
    file.write_text(journal("hledger") + extra + f"    {chart.accounts()[1].path}  -1.00 KES\n")
    done = subprocess.run([HLEDGER, "-f", file, "check"], capture_output=True)
    assert done.returncode


def test_the_books_as_csv_follow_each_account_and_name_no_one(lived, capsys):
    call_command(
        "export_books", "--from", str(WHOLE.first), "--to", str(WHOLE.last), "--format", "csv"
    )
    content = capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff"), newline="")))
    assert len(rows) == Entry.objects.count()
    balances: Counter[tuple[str, str]] = Counter()
    for row in rows:
        account = (row["account_code"], row["member_account"])
        balances[account] += Decimal(row["credit"] or 0) - Decimal(row["debit"] or 0)
        assert Decimal(row["balance_after"]) == balances[account]
    assert {row["account_code"] for row in rows} >= {"1190", "2100", "2200", "2300", "4100"}
    event = AuditEvent.objects.acts().latest("pk")
    assert (event.action, event.actor, event.facts["filters"]["format"]) == ("export", None, "csv")
    everything = content + journal("beancount") + journal("hledger")
    assert "Member Number" not in everything
    assert "+254" not in everything


def test_a_journal_reads_no_syntax_in_what_a_rail_sent():
    hostile = 'AB"12\\\n2026-01-01 open Assets:X ; date:2026-01-01, (x) |'
    assert formats.plain(hostile) == "AB 12 2026-01-01 open Assets X date 2026-01-01 x"


def test_the_page_shows_the_report_and_leads_to_what_is_behind_it(as_finance, lived):
    query = {"from": str(WHOLE.first), "to": str(WHOLE.last)}
    page = as_finance.get(URL, query)
    assert "Opening balance and lines make the closing balance, to the cent." in text(page)
    (table,) = elements(page, "table", class_="report")
    lines = {words(next(find(row, "th"))): row for row in find(table, "tr")}
    assert {"Deposits", "Withdrawals", "Transfers", "Fees earned", "Reversals"} <= set(lines)
    link = dict(next(find(lines["Deposits"], "a")).attributes)["href"]
    assert link.startswith("/panel/ledger/?type=DEPOSIT&by=moved&from=2026-01-30")
    there = as_finance.get(link)
    raw = [each for each in entries() if each[1] in ("wallet", "goal") and each[2] == "DEPOSIT"]
    assert f"{len(raw)} transactions" in text(as_finance.get(link.replace("?", "totals/?")))
    assert there.status_code == 200
    for url in (URL, f"{URL}trial-balance/"):
        answer = as_finance.get(url, query | {"format": "xlsx"})
        sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
        content = as_finance.get(url, query | {"format": "csv"}).getvalue().decode("utf-8-sig")
        plain = list(csv.reader(io.StringIO(content, newline="")))
        cells = [
            ["" if cell is None else str(cell) for cell in row]
            for row in sheet.iter_rows(values_only=True)
        ]
        assert [[as_number(cell) for cell in row] for row in cells] == [
            [as_number(cell) for cell in row] for row in plain
        ]
    assert as_finance.get(URL, {"from": "2026-02-02", "to": "2026-02-01"}).status_code == 422
    assert as_finance.get(URL, query | {"format": "pdf"}).status_code == 400
    assert as_finance.get(f"{URL}books/", query | {"format": "csv"}).streaming
    journal_of_one = query | {"format": "hledger", "account": "2100"}
    assert as_finance.get(f"{URL}books/", journal_of_one).status_code == 422


def as_number(text: str) -> object:
    try:
        return Decimal(text)
    except ArithmeticError:
        return text
