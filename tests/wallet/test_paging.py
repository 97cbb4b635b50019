"""The pages of a list join to the whole list, in every order that a list has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.factories import UserFactory
from wallet.models import User
from wallet.web import paging

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def people() -> list[User]:
    """Seven people, with emails as names for cursors. Some joined in the same moment, and the
    newest row is not the last who joined."""
    made = [UserFactory(email=f"p{number}@example.com") for number in range(7)]
    for user, minute in zip(made, (0, 3, 3, 1, 3, 2, 0), strict=True):
        user.created_at = NOON + timedelta(minutes=minute)
        user.save()
    return made


def read(size: int, **how: object) -> list[User]:
    """The whole list, page by page."""
    rows, cursor = [], None
    while True:
        page = paging.page(User.objects.all(), cursor, size, **how)
        assert len(page.rows) <= size
        rows += page.rows
        if page.next_cursor is None:
            return rows
        assert page.rows
        cursor = page.next_cursor


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("by", ["pk", "email"])
def test_pages_join_to_the_whole(people, size, by):
    assert read(size, by=by) == people[::-1]
    assert read(size, by=by, oldest_first=True) == people


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("oldest_first", [False, True])
def test_rows_of_one_moment_are_in_the_order_of_their_ids(people, size, oldest_first):
    in_time = sorted(people, key=lambda user: (user.created_at, user.pk), reverse=not oldest_first)
    assert read(size, time="created_at", oldest_first=oldest_first) == in_time


@pytest.mark.parametrize("cursor", [None, ""])
def test_without_a_cursor_it_is_the_first_page(people, cursor):
    for how in ({}, {"by": "email"}, {"time": "created_at"}):
        assert paging.page(User.objects.all(), cursor, 2, **how).rows


@pytest.mark.parametrize("cursor", ["x", "-1", "1e3", "9" * 30, "\0", "٣", "a" * 5000])
def test_no_row_follows_what_is_no_cursor(people, cursor):
    for how in ({}, {"by": "email"}, {"time": "created_at"}, {"among": User.objects.all()}):
        assert paging.page(User.objects.all(), cursor, 2, **how) == ([], None)


def test_a_cursor_may_have_to_be_of_the_same_list(people):
    older = User.objects.filter(pk__lt=people[5].pk)
    for how in ({}, {"by": "email"}, {"time": "created_at"}):
        cursor = people[5].email if "by" in how else str(people[5].pk)
        assert paging.page(User.objects.all(), cursor, 2, among=older, **how) == ([], None)
        assert paging.page(older, cursor, 2, **how).rows


def test_the_row_a_cursor_names_may_be_gone(people):
    page = paging.page(User.objects.all(), None, 2)
    gone = User.objects.get(pk=page.next_cursor)
    gone.accounts.all().delete()
    gone.delete()
    assert paging.page(User.objects.all(), page.next_cursor, 2).rows == [people[4], people[3]]


@pytest.mark.parametrize("size", [1, 2, 7, 8])
def test_batches_join_to_the_whole_while_rows_come_in(people, size):
    read = []
    for user in paging.batches(User.objects.filter(pk__lte=people[-1].pk), size):
        read.append(user)
        UserFactory()
    assert read == people[::-1]
