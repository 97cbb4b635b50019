"""The pages of a list together are the whole list, in every order."""

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
    """Seven people, whose emails serve as cursors. Some joined at the same moment, and the
    newest row isn't the person who joined last."""
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
        assert 0 < len(page.rows) <= size
        rows += page.rows
        if page.next_cursor is None:
            return rows
        cursor = page.next_cursor


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("by", ["pk", "email"])
def test_pages_together_are_the_whole_list(people, size, by):
    assert read(size, by=by) == people[::-1]
    assert read(size, by=by, oldest_first=True) == people


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("oldest_first", [False, True])
def test_rows_of_the_same_moment_are_ordered_by_id(people, size, oldest_first):
    in_time = sorted(people, key=lambda user: (user.created_at, user.pk), reverse=not oldest_first)
    assert read(size, time="created_at", oldest_first=oldest_first) == in_time


@pytest.mark.parametrize("cursor", [None, ""])
def test_without_a_cursor_the_first_page_is_read(people, cursor):
    for how in ({}, {"by": "email"}, {"time": "created_at"}):
        assert paging.page(User.objects.all(), cursor, 2, **how).rows


@pytest.mark.parametrize("cursor", ["x", "-1", "1e3", "9" * 30, "\0", "٣", "a" * 5000])
def test_an_invalid_cursor_gives_no_rows(people, cursor):
    for how in ({}, {"by": "email"}, {"time": "created_at"}, {"among": User.objects.all()}):
        assert paging.page(User.objects.all(), cursor, 2, **how) == ([], None)


def test_a_cursor_of_another_list_gives_no_rows(people):
    older = User.objects.filter(pk__lt=people[5].pk)
    for how in ({}, {"by": "email"}, {"time": "created_at"}):
        cursor = people[5].email if "by" in how else str(people[5].pk)
        assert paging.page(User.objects.all(), cursor, 2, among=older, **how) == ([], None)
        assert paging.page(older, cursor, 2, **how).rows


def test_a_cursor_works_after_its_row_is_deleted(people):
    page = paging.page(User.objects.all(), None, 2)
    gone = User.objects.get(pk=page.next_cursor)
    gone.accounts.all().delete()
    gone.delete()
    assert paging.page(User.objects.all(), page.next_cursor, 2).rows == [people[4], people[3]]


@pytest.mark.parametrize("size", [1, 2, 7, 8])
def test_batches_together_are_the_whole_list_while_rows_arrive(people, size):
    read = []
    for user in paging.batches(User.objects.filter(pk__lte=people[-1].pk), size):
        read.append(user)
        UserFactory()
    assert read == people[::-1]
