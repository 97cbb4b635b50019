"""An import adds each fact once, whatever is uploaded again, cut short, or done by two workers."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connections, transaction

from adminpanel.models import Statement, StatementLine, StatementPart
from adminpanel.reconciliation import files, operations, reading
from adminpanel.reconciliation.errors import FileTooLarge, NothingToImport
from tests.adminpanel.support.statements import (
    BANK,
    FLOAT,
    LINES,
    MT940,
    imported,
    line,
    mpesa,
    saved,
    table,
    upload,
)
from tests.conftest import staff
from tests.sandbox.conftest import certificate, daraja, keys, receiver, start  # noqa: F401
from wallet import house
from wallet.context import SYSTEM, Context
from wallet.errors import NotAllowed, TooLate
from wallet.models import AuditEvent
from wallet.staff.roles import APPROVER

pytestmark = pytest.mark.django_db
State = Statement.State


def lines() -> list[tuple[str, int, bool]]:
    found = StatementLine.objects.order_by("number")
    return list(found.values_list("receipt", "amount_cents", "counts"))


def test_a_preview_imports_nothing_and_a_confirmed_one_every_line(wambui):
    context = Context(wambui.pk, "10.0.0.1")
    statement = upload(mpesa(), by=context)
    assert (statement.state, statement.lines_count, lines()) == (State.PREVIEW, 5, [])
    assert (statement.opening_cents, statement.closing_cents) == (0, 1_191_00)
    operations.confirm(context, statement.pk)
    assert reading.do_next()
    assert not reading.do_next()
    statement.refresh_from_db()
    assert (statement.state, statement.lines_count) == (State.IMPORTED, 5)
    assert lines()[0] == ("SJ4", 200_00, True)
    assert [counts for _receipt, _cents, counts in lines()] == [True, True, True, False, True]
    with files.open_file(statement) as file:
        assert file.read() == mpesa()
    acts = AuditEvent.objects.filter(subject=f"statement {statement.pk}", actor=wambui)
    assert [one.action for one in acts] == ["import_statement", "upload_statement"]
    assert acts[0].facts["lines"] == 5
    with pytest.raises(TooLate):
        operations.drop(context, statement.pk)


def test_the_same_file_or_an_overlapping_one_changes_nothing():
    first = imported(mpesa())
    before = list(StatementLine.objects.values())
    assert upload(mpesa()) == first
    overlapping = upload(mpesa([line("SJ5", "9.00", balance="1,200.00"), *LINES[:3]]))
    assert (overlapping.lines_count, overlapping.findings["known"]) == (1, 3)
    operations.confirm(SYSTEM, overlapping.pk)
    operations.read_now(overlapping)
    assert [one.receipt for one in overlapping.lines.all()] == ["SJ5"]
    assert list(first.lines.values()) == before
    again = upload(mpesa(LINES[1:4]))
    with pytest.raises(NothingToImport):
        operations.confirm(SYSTEM, again.pk)
    # The same facts of another account are other facts.
    assert imported(mpesa(), -1).lines_count == 5


def test_what_failed_first_and_what_is_repeated_in_one_file():
    imported(mpesa([line("SJ2", "70.00", status="Failed")]))
    statement = imported(mpesa([line("SJ2", "70.00", balance="70.00"), *[LINES[0]] * 2]))
    assert (statement.lines_count, statement.findings["known"]) == (2, 0)
    assert statement.findings["repeated_lines"] == [7]


def test_an_import_that_was_cut_short_continues(monkeypatch, settings):
    monkeypatch.setattr(reading, "BATCH", 2)
    statement = upload(mpesa())
    operations.confirm(SYSTEM, statement.pk)
    assert reading.do_next(lambda: True)
    statement.refresh_from_db()
    assert (statement.state, statement.progress, StatementLine.objects.count()) == (
        "IMPORTING",
        2,
        2,
    )
    assert reading.do_next()
    statement.refresh_from_db()
    assert (statement.state, statement.lines_count) == ("IMPORTED", 5)
    assert statement.findings["known"] == 0
    assert StatementLine.objects.count() == 5


def test_an_import_that_fails_in_the_middle_is_tried_again(monkeypatch):
    """Its lines are in the account already, so they have to be part of an imported statement."""

    def fail() -> bool:
        raise RuntimeError

    monkeypatch.setattr(reading, "BATCH", 2)
    statement = upload(mpesa())
    operations.confirm(SYSTEM, statement.pk)
    reading.do_next(fail)
    assert StatementLine.objects.count() == 2
    assert not reading.do_next()
    Statement.objects.update(leased_until=None)
    assert reading.do_next()
    statement.refresh_from_db()
    assert (statement.state, statement.lines_count) == (State.IMPORTED, 5)


def test_a_worker_that_lost_its_lease_writes_nothing():
    statement = upload(mpesa())
    operations.confirm(SYSTEM, statement.pk)
    slow = reading.claim()
    assert slow
    assert reading.claim() is None
    Statement.objects.update(leased_until=None)
    assert reading.do_next()
    reading.work_on(slow)
    assert StatementLine.objects.count() == 5
    statement.refresh_from_db()
    assert statement.state == State.IMPORTED


@pytest.mark.django_db(transaction=True)
def test_two_imports_with_the_same_lines_add_each_once(db):
    both = [upload(mpesa(LINES[at:])) for at in (0, 1)]
    for statement in both:
        operations.confirm(SYSTEM, statement.pk)

    def work(_number: int) -> None:
        try:
            reading.do_next()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    for statement in both:
        statement.refresh_from_db()
    assert {one.state for one in both} == {State.IMPORTED}
    assert sum(one.lines_count for one in both) == StatementLine.objects.count() == 5


def test_what_was_imported_never_changes():
    statement = imported(mpesa())
    attacks = [
        lambda: StatementLine.objects.update(amount_cents=1),
        lambda: StatementLine.objects.all()._raw_delete("default"),
        lambda: StatementPart.objects.update(content=b""),
        lambda: StatementPart.objects.all()._raw_delete("default"),
        lambda: Statement.objects.update(closing_cents=1),
        lambda: Statement.objects.update(state="DROPPED", imported_at=None),
        lambda: Statement.objects.update(sha256="0"),
        lambda: Statement.objects.update(findings={}),
        lambda: Statement.objects.all()._raw_delete("default"),
    ]
    before = [list(model.objects.values()) for model in (Statement, StatementPart, StatementLine)]
    for attack in attacks:
        with pytest.raises(IntegrityError), transaction.atomic():
            attack()
    models = (Statement, StatementPart, StatementLine)
    assert [list(model.objects.values()) for model in models] == before
    assert statement.file_name == "statement.csv"


def test_only_a_maker_imports_and_a_file_has_a_size(auditor, settings):
    for person in (staff(APPROVER), auditor):
        with pytest.raises(NotAllowed):
            upload(mpesa(), by=Context(person.pk))
    settings.STATEMENT_BYTES_AT_MOST = 100
    with pytest.raises(FileTooLarge, match="Upload at most 100"):
        upload(mpesa())
    assert not Statement.objects.exists()


def test_a_file_that_cannot_be_read_may_be_uploaded_again():
    failed = upload(b"%PDF-1.7")
    assert (failed.state, failed.findings["problem"][:14]) == (State.FAILED, "This is a PDF.")
    assert upload(b"%PDF-1.7").pk != failed.pk


def test_someone_says_what_the_columns_of_a_bank_mean():
    rows = [["When", "What", "Sum", "Ref"], *(["02/09/2026", "x", "5.00", ""] for _ in "ab")]
    statement = upload(table(rows).encode(), BANK)
    assert (statement.state, statement.lines_count) == (State.PREVIEW, 0)
    operations.set_columns(SYSTEM, statement.pk, {"at": "When", "amount": "Sum", "details": "What"})
    operations.read_now(statement)
    # Two payments of one day and amount are two payments, and the same two in the next file.
    assert statement.lines_count == 2
    operations.confirm(SYSTEM, statement.pk)
    operations.read_now(statement)
    later = upload(table([*rows, ["03/09/2026", "x", "5.00", ""]]).encode(), BANK)
    operations.set_columns(SYSTEM, later.pk, {"at": "When", "amount": "Sum", "details": "What"})
    operations.read_now(later)
    assert (later.lines_count, later.findings["known"]) == (1, 2)
    assert imported(MT940.encode(), BANK).closing_cents == 1_169_50


def test_the_simulators_statement_imports_without_a_finding(daraja):  # noqa: F811
    daraja.pay_bill(1053)
    daraja.advance(60)
    daraja.stk()
    daraja.act("pin")
    daraja.b2c(Amount="120000")
    daraja.advance(60)
    daraja.reversal(daraja.book()[0]["receipt"], Amount="1053")
    daraja.advance(60)
    daraja.control("organisation", {"utility": 1_000_000, "working": 3_880_087})
    content = daraja.send("GET", "/_sim/statement.csv").raw
    statement = imported(content)
    found = statement.findings
    names = ("rejected", "gaps", "known", "repeated", "skipped")
    assert [found[name] for name in names] == [0] * 5
    moved = sum(one.amount_cents for one in statement.lines.all())
    assert statement.opening_cents + moved == statement.closing_cents
    assert not [name for name, meaning in found["columns"] if not meaning]
    kinds_found = {one.kind for one in statement.lines.all()}
    assert {"Pay Bill Online", "Business Payment Charge", "Transaction Reversal"} <= kinds_found
    assert statement.lines.get(kind="Transaction Reversal").linked_receipt


def test_the_command_says_what_it_found(tmp_path, capsys):
    path = saved(tmp_path / "september.csv", mpesa([*LINES, line("SJ0", "5.00", at="never")]))
    call_command("import_statement", path, account="1100", preview=True)
    assert "Would import" in capsys.readouterr().out
    call_command("import_statement", path, account="1100")
    said = capsys.readouterr().out
    assert "lines: 5 new, 0 known already" in said
    assert "line 10 rejected: “never” is no date that we know." in said
    assert "closing: KES\u00a01,191.00" in said
    call_command("import_statement", path, account="1100")
    assert "imported already" in capsys.readouterr().out
    assert StatementLine.objects.filter(account=FLOAT).count() == 5
    with pytest.raises(CommandError, match="PDF"):
        call_command("import_statement", saved(tmp_path / "x", b"%PDF"), account="1100")
    with pytest.raises(CommandError, match="can't be read"):
        call_command("import_statement", str(tmp_path / "none"), account="1100")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("import_statement", path, account="2100")


@pytest.mark.any_engine
def test_every_house_account_has_its_own_number():
    codes = {one.kind: house.code_of(one.kind) for one in house.all_accounts()}
    assert codes["mpesa_float"] == "1100"
    assert len(set(codes.values()) | {"2100", "2200"}) == len(codes) + 2
    assert {kind for kind in codes if kind not in house.CODES} == set()
    assert house.by_code("1200") == house.BANK
    assert house.by_code("2100") is None


def test_a_statement_is_of_an_account_that_someone_outside_keeps():
    with pytest.raises(AssertionError):
        upload(mpesa(), house.SUSPENSE.id)
    assert {one.kind for one in operations.accounts()} >= {"mpesa_float", "bank"}
    given = operations.Upload(FLOAT, io.BytesIO(mpesa()), "a\x00/b\u202e.csv", len(mpesa()))
    assert operations.upload(SYSTEM, given)[0].file_name == "a\ufffd/b\ufffd.csv"
