"""Statements sent together run in order, once, and fail as they would one by one."""

import pytest
from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    OperationalError,
    connection,
    transaction,
)

from tests.factories import UserFactory
from tests.ledger.support.crowd import run_together
from wallet.db import pipeline
from wallet.db.pipeline import Statement
from wallet.db.postgresql.connection import PipelineConnection
from wallet.models import User

IS_POSTGRESQL = connection.vendor == "postgresql"
pytestmark = pytest.mark.django_db(transaction=True)
postgresql_only = pytest.mark.skipif(not IS_POSTGRESQL, reason="PostgreSQL's pipeline mode")

COUNT = Statement("SELECT COUNT(*) FROM wallet_user")
NOTHING = Statement("SELECT id FROM wallet_user WHERE id < %s", (0,))
NO_COLUMN = Statement("SELECT no_such_column FROM wallet_user")
NOT_ALLOWED = Statement("UPDATE wallet_user SET email = ''")


def rename(user: User, name: str) -> Statement:
    return Statement("UPDATE wallet_user SET name = %s WHERE id = %s", (name, user.pk))


def name_of(user: User) -> str:
    return User.objects.get(pk=user.pk).name


def count_prepared() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE name LIKE 'pipeline%%'")
        return cursor.fetchone()[0]


@postgresql_only
def test_the_site_uses_pipeline_connections():
    connection.ensure_connection()
    assert isinstance(connection.connection, PipelineConnection)


def test_each_statement_returns_its_rows_in_order():
    user = UserFactory(name="Alice")
    find = Statement("SELECT name, is_active FROM wallet_user WHERE id = %s", (user.pk,))
    before, renamed, [after], nobody = pipeline.ask(find, rename(user, "Bob"), find, NOTHING)
    assert [row[0] for row in before] == ["Alice"]
    assert (renamed, after[0], bool(after[1]), nobody) == ([], "Bob", True, [])


@postgresql_only
@pytest.mark.parametrize("name", ["Bob\x00by", "Bob\udc80"])
def test_an_invalid_text_is_refused_and_the_connection_still_works(name):
    user = UserFactory(name="Alice")
    with pytest.raises(DataError), transaction.atomic():
        pipeline.send(rename(user, name))
    assert name_of(user) == "Alice"
    pipeline.ask(rename(user, "Carol"))
    connection.close()
    assert name_of(user) == "Carol"


def test_a_text_larger_than_the_socket_buffer_arrives():
    text = "x" * 16_000_000
    assert pipeline.ask(Statement("SELECT LENGTH(%s)", (text,))) == [[(len(text),)]]


@pytest.mark.parametrize("name", ["x", "é %s $1 '", "\u2028", "O'Hara; --"])
def test_texts_arrive_as_they_were_sent(name):
    user = UserFactory(name="Alice")
    pipeline.ask(rename(user, name))
    assert name_of(user) == name


@pytest.mark.parametrize("number", [0, -1, 2**31, 2**62, None])
def test_numbers_of_every_size_are_one_statement(number):
    [[row]] = pipeline.ask(Statement("SELECT CAST(%s AS bigint)", (number,)))
    assert row == (number,)


def test_a_sent_statement_runs_before_the_next_query():
    user = UserFactory(name="Alice")
    with transaction.atomic():
        pipeline.send(rename(user, "Bob"))
        assert name_of(user) == "Bob"
        pipeline.send(rename(user, "Carol"))
        [[row]] = pipeline.ask(Statement("SELECT name FROM wallet_user WHERE id = %s", (user.pk,)))
        assert row == ("Carol",)


def test_a_sent_statement_is_committed_with_its_transaction():
    user = UserFactory(name="Alice")
    with transaction.atomic():
        pipeline.ask(COUNT)
        pipeline.send(rename(user, "Bob"))
    seen = run_together(lambda: name_of(user))
    assert seen == ["Bob"]


def test_a_statement_sent_outside_a_transaction_is_committed_immediately():
    user = UserFactory(name="Alice")
    pipeline.send(rename(user, "Bob"))
    assert run_together(lambda: name_of(user)) == ["Bob"]


def test_a_rollback_undoes_sent_statements():
    user = UserFactory(name="Alice")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        pipeline.ask(COUNT)
        pipeline.send(rename(user, "Bob"))
        raise ZeroDivisionError
    assert name_of(user) == "Alice"
    assert run_together(lambda: name_of(user)) == ["Alice"]


@pytest.mark.parametrize("broken", [NO_COLUMN, NOT_ALLOWED])
def test_an_error_undoes_the_transaction_and_the_connection_still_works(broken):
    user = UserFactory(name="Alice")
    with pytest.raises(DatabaseError), transaction.atomic():
        pipeline.ask(rename(user, "Bob"), broken, COUNT)
    assert name_of(user) == "Alice"
    assert len(pipeline.ask(COUNT, NOTHING)) == 2


def test_a_sent_statement_that_fails_fails_the_commit():
    user, other = UserFactory(name="Alice", email="a@example.com"), UserFactory(name="Bob")
    take = Statement("UPDATE wallet_user SET email = 'a@example.com' WHERE id = %s", (other.pk,))
    with pytest.raises(IntegrityError) as failure, transaction.atomic():
        pipeline.ask(COUNT)
        pipeline.send(rename(user, "Dan"), take, rename(other, "Eve"))
    if IS_POSTGRESQL:
        assert failure.value.__cause__.sqlstate == "23505"
    assert (name_of(user), name_of(other)) == ("Alice", "Bob")


@postgresql_only
def test_a_nul_is_refused_and_the_text_is_not_truncated():
    user = UserFactory(name="Alice")
    with pytest.raises(DataError):
        pipeline.ask(rename(user, "Bo\0b"))
    assert name_of(user) == "Alice"


@postgresql_only
def test_a_statement_is_prepared_once():
    pipeline.ask(COUNT, COUNT, NOTHING)
    before = count_prepared()
    pipeline.ask(NOTHING, COUNT)
    assert count_prepared() == before >= 2


@postgresql_only
def test_statements_that_psycopg_has_dropped_are_prepared_again():
    for _until_psycopg_prepares in range(8):
        User.objects.filter(pk=0).exists()
    pipeline.ask(COUNT)
    for undo in (undo_all, undo_to_savepoint):
        undo()
        assert count_prepared() == 0
        assert len(pipeline.ask(COUNT, NOTHING)) == 2
        for _until_psycopg_prepares in range(8):
            User.objects.filter(pk=0).exists()


def undo_all() -> None:
    with transaction.atomic():
        User.objects.filter(pk=0).exists()
        transaction.set_rollback(True)


def undo_to_savepoint() -> None:
    with transaction.atomic():
        mark = transaction.savepoint_create()
        transaction.savepoint_rollback(mark)


def test_an_execute_wrapper_sees_each_statement(django_assert_num_queries):
    seen = []

    def watch(execute, sql, params, many, context):
        seen.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        pipeline.ask(COUNT, NOTHING)
    assert seen == [COUNT, NOTHING]
    with django_assert_num_queries(2):
        pipeline.ask(COUNT, NOTHING)


def test_an_execute_wrapper_can_stop_all_statements():
    user = UserFactory(name="Alice")

    def stop(execute, sql, *more):
        if "UPDATE" in sql:
            raise OperationalError("stopped")
        return execute(sql, *more)

    with connection.execute_wrapper(stop), pytest.raises(OperationalError, match="stopped"):
        pipeline.ask(COUNT, rename(user, "Bob"))
    assert name_of(user) == "Alice"
