"""What people do with a statement: upload it, say what its columns mean, import it, drop it.

None of it moves money. The lines are facts beside our books, and are compared with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, NamedTuple

from django.conf import settings
from django.db import IntegrityError, transaction
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from adminpanel.models import Statement
from adminpanel.reconciliation import files, reading
from adminpanel.reconciliation.errors import FileEmpty, FileTooLarge, NothingToImport
from ledger import rails
from wallet import house
from wallet.context import Context
from wallet.errors import TooLate
from wallet.house import HouseAccount
from wallet.staff import audit, roles, subjects
from wallet.staff.audit import Action
from wallet.staff.roles import Right

State = Statement.State

# The request that uploads a file no larger than this reads it. The worker reads others.
READ_NOW_AT_MOST = 512 * 1024
NAME_AT_MOST = 120


class Upload(NamedTuple):
    """What someone uploads. An empty `format` means: detect it."""

    account_id: int
    file: BinaryIO
    name: str
    size: int
    format: str = ""
    columns: Mapping[str, str] | None = None


def accounts() -> list[HouseAccount]:
    """The accounts that someone outside keeps a statement of: each rail's float, and the bank."""
    floats = [rail.float_account for rail in rails.every()]
    return [one for one in house.all_accounts() if one in floats or one is house.BANK]


def rail_of(account_id: int) -> str:
    """The code of the rail whose float this is; empty for the bank."""
    found = (rail.code for rail in rails.every() if rail.float_account.id == account_id)
    return next(found, "")


def upload(context: Context, given: Upload) -> tuple[Statement, bool]:
    """Keep the file, and read a small one. Returns its statement, and whether that is new.

    The same file of the same account again gives the first statement, and changes nothing.
    Raises NotAllowed unless a maker of finance, FileEmpty and FileTooLarge.
    """
    roles.require(context.actor_id, Right.PROPOSE)
    assert any(one.id == given.account_id for one in accounts())
    refuse_size(given.size)
    digest = files.hash_of(given.file)
    if earlier := earlier_of(given.account_id, digest):
        return earlier, False
    try:
        statement = keep(context, given, digest)
    except IntegrityError:
        if earlier := earlier_of(given.account_id, digest):
            return earlier, False
        raise
    if given.size <= READ_NOW_AT_MOST:
        read_now(statement)
    return statement, True


def refuse_size(size: int) -> None:
    if not size:
        raise FileEmpty
    most = settings.STATEMENT_BYTES_AT_MOST
    if size > most:
        raise FileTooLarge(size=filesizeformat(size), most=filesizeformat(most))


def earlier_of(account_id: int, digest: str) -> Statement | None:
    same = Statement.objects.filter(account=account_id, sha256=digest)
    return same.exclude(state__in=Statement.OVER).first()


@transaction.atomic
def keep(context: Context, given: Upload, digest: str) -> Statement:
    name = "".join(sign if sign.isprintable() else "\ufffd" for sign in given.name)
    statement = Statement.objects.create(
        account_id=given.account_id,
        rail=rail_of(given.account_id),
        format=given.format,
        options={"columns": dict(given.columns)} if given.columns else {},
        file_name=name[-NAME_AT_MOST:] or _("statement"),
        size=given.size,
        sha256=digest,
        uploaded_by_id=context.actor_id,
    )
    files.save(statement, given.file)
    note(context, Action.UPLOAD_STATEMENT, statement)
    return statement


def note(context: Context, act: Action, statement: Statement, **facts: object) -> None:
    known = {"file": statement.file_name, "sha256": statement.sha256}
    account = {"account": house.label_of(statement.account_id)}
    audit.record(context, act, subjects.statement(statement.pk), **known, **account, **facts)


def read_now(statement: Statement) -> None:
    """Read or import it in this thread, unless the worker has it already."""
    if claimed := reading.claim(statement.pk):
        reading.work_on(claimed)
    statement.refresh_from_db()


@transaction.atomic
def set_columns(context: Context, statement_id: int, columns: Mapping[str, str]) -> Statement:
    """Say what the columns of a bank's table mean, and have it read again.

    Raises NotAllowed, and TooLate unless it's a preview.
    """
    statement = hold_preview(context, statement_id)
    statement.options = {"columns": dict(columns)}
    statement.state, statement.progress = State.READING, 0
    statement.save(update_fields=["options", "state", "progress"])
    return statement


@transaction.atomic
def confirm(context: Context, statement_id: int) -> Statement:
    """Import the lines of a preview. The worker does it.

    Raises NotAllowed, TooLate unless it's a preview, and NothingToImport.
    """
    statement = hold_preview(context, statement_id)
    if not statement.lines_count:
        raise NothingToImport
    statement.state, statement.progress = State.IMPORTING, 0
    statement.imported_by_id = context.actor_id
    statement.save(update_fields=["state", "progress", "imported_by"])
    found = statement.findings
    facts = {name: found.get(name, 0) for name in ("rejected", "known", "repeated", "gaps")}
    note(context, Action.IMPORT_STATEMENT, statement, lines=statement.lines_count, **facts)
    return statement


@transaction.atomic
def drop(context: Context, statement_id: int) -> Statement:
    """Don't import a preview. Its file is kept. Raises NotAllowed and TooLate."""
    statement = hold_preview(context, statement_id)
    statement.state = State.DROPPED
    statement.save(update_fields=["state"])
    note(context, Action.DROP_STATEMENT, statement)
    return statement


def hold_preview(context: Context, statement_id: int) -> Statement:
    """Lock the statement. Raises NotAllowed, and TooLate unless it's a preview."""
    roles.require(context.actor_id, Right.PROPOSE)
    statement = Statement.objects.select_for_update().get(pk=statement_id)
    if statement.state != State.PREVIEW:
        raise TooLate(_("This statement is no longer a preview. Nothing changed."))
    return statement
