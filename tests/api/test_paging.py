"""Paging shows every row exactly once, and a forged cursor is refused."""

import pytest
from django.core import signing

from ledger.models import Transaction
from tests.api.support.calls import bad_fields, by_token
from tests.factories import UserFactory, deposit, send, withdraw
from wallet.web.paging import SALT

pytestmark = pytest.mark.django_db

LISTS = ["/api/users", "/api/transactions/{id}", "/api/admin/activity"]
every_list = pytest.mark.parametrize("path", LISTS)


@pytest.fixture
def history(alice, bob):
    """Nine transactions of Alice's, of all types."""
    for _ in range(2):
        send(alice, bob, 1_00)
        send(bob, alice, 50)
        withdraw(alice, 2_00)
        deposit(alice, 3_00)
    return list(Transaction.objects.order_by("-pk"))


@pytest.fixture
def lists(history, finance_api, alice):
    """Reads any of the lists as finance."""
    UserFactory.create_batch(6)
    return lambda path, **query: finance_api.get(path.format(id=alice.pk), **query)


def ids(response) -> list[int]:
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


def walk(lists, path, between=lambda: None, **query) -> list[int]:
    """The ids on all pages. Sends the filters with the first page only."""
    response = lists(path, **query)
    seen = ids(response)
    while cursor := response.json()["next_cursor"]:
        between()
        response = lists(path, cursor=cursor, limit=query.get("limit", 20))
        assert ids(response), "a page of nothing"
        seen += ids(response)
    return seen


@every_list
def test_reads_all_newest_first_in_pages_of_any_size(lists, path):
    everything = ids(lists(path, limit=100))
    assert len(everything) >= 9
    assert everything == sorted(everything, reverse=True)
    for limit in (1, 2, 3, 9, 100):
        assert walk(lists, path, limit=limit) == everything


@every_list
def test_the_last_page_has_no_cursor(lists, path):
    count = len(ids(lists(path, limit=100)))
    assert lists(path, limit=count).json()["next_cursor"] is None
    assert lists(path, limit=count - 1).json()["next_cursor"] is not None


@every_list
def test_new_rows_shift_and_repeat_nothing(lists, path, alice, bob):
    before = ids(lists(path, limit=100))

    def arrive():
        UserFactory()
        send(alice, bob, 1)
        send(bob, alice, 1)

    assert walk(lists, path, between=arrive, limit=2) == before


@pytest.mark.any_engine
@every_list
def test_refuses_a_limit_out_of_bounds(lists, path):
    for limit in ("0", "-1", "101", "1000000000", "1.5", "ten", " ", "1e1", "\x00"):
        assert bad_fields(lists(path, limit=limit)) == ["limit"], limit


@pytest.mark.any_engine
@every_list
def test_refuses_a_parameter_that_comes_twice(lists, path):
    assert bad_fields(lists(path, limit=["1", "2"])) == ["limit"]


EMPTY = ("limit", "cursor", "type", "status", "q")


@pytest.mark.any_engine
@every_list
def test_an_empty_parameter_is_ignored(lists, path):
    asked = lists(path)
    for name in EMPTY:
        assert lists(path, **{name: ""}).content == asked.content, name
    assert lists(path, **dict.fromkeys(EMPTY, "")).content == asked.content
    cursor = lists(path, limit=2).json()["next_cursor"]
    rest = lists(path, cursor=cursor)
    assert lists(path, cursor=cursor, type="", status="", q="").content == rest.content


def test_a_page_has_twenty_rows_by_default(lists, alice, bob):
    for _ in range(15):
        send(alice, bob, 1)
    assert len(ids(lists("/api/admin/activity"))) == 20
    assert len(ids(lists("/api/admin/activity", limit=21))) == 21


# --- Filters ------------------------------------------------------------------------------------

TRANSACTION_LISTS = pytest.mark.parametrize("path", LISTS[1:])


@TRANSACTION_LISTS
@pytest.mark.parametrize("type", ["DEPOSIT", "TRANSFER", "WITHDRAW"])
def test_filters_by_type_on_every_page(lists, history, path, type):
    wanted = [record.pk for record in history if record.type == type]
    for limit in (1, 20):
        assert walk(lists, path, type=type, limit=limit) == wanted


@TRANSACTION_LISTS
def test_filters_by_status(lists, history, path):
    assert walk(lists, path, status="SUCCESS", limit=4) == [record.pk for record in history]
    assert walk(lists, path, status="PENDING") == walk(lists, path, status="FAILED") == []
    both = walk(lists, path, status="SUCCESS", type="DEPOSIT", limit=1)
    assert both == [record.pk for record in history if record.type == "DEPOSIT"]


@pytest.mark.any_engine
@TRANSACTION_LISTS
def test_refuses_an_unknown_filter_value(lists, path):
    for query in ({"type": "deposit"}, {"type": " "}, {"status": "DONE"}):
        assert bad_fields(lists(path, **query)) == list(query)


def test_finds_members_by_name_email_and_phone(service):
    jane = UserFactory(name="Jane Wambui", email="jw@x.example", phone="+254712900001")
    john = UserFactory(name="John Kamau", email="jk@x.example", phone="+254712900002")
    for text, wanted in {
        "wambui": [jane],
        "JANE W": [jane],
        "jw@x": [jane],
        "+254712900001": [jane],
        "0712 900 001": [jane],
        "0712900002": [john],
        "71290000": [john, jane],
        "x.example": [john, jane],
        "nobody": [],
        "%": [],
        "_": [],
        "' OR 1=1 --": [],
        "\\": [],
    }.items():
        found = ids(service.get("/api/users", q=text))
        assert found == [user.pk for user in wanted], text


def test_refuses_a_search_with_a_null_character_or_too_long(service):
    for text in ("\x00", "a\x00b", "x" * 81):
        assert bad_fields(service.get("/api/users", q=text)) == ["q"]


def test_a_search_continues_over_its_pages(service):
    janes = [UserFactory(name="Jane") for _ in range(5)]
    UserFactory.create_batch(2)
    wanted = [user.pk for user in reversed(janes)]
    assert walk(
        lambda path, **query: service.get(path, **query), "/api/users", q="jane", limit=2
    ) == (wanted)


# --- Cursors ------------------------------------------------------------------------------------


def cursor_of(lists, path, **query) -> str:
    return lists(path, limit=1, **query).json()["next_cursor"]


@pytest.mark.any_engine
def test_filters_sent_with_a_cursor_must_match_it(lists):
    path = "/api/admin/activity"
    cursor = cursor_of(lists, path, type="DEPOSIT")
    assert lists(path, cursor=cursor, type="DEPOSIT").content == lists(path, cursor=cursor).content
    for query in (
        {"type": "TRANSFER"},
        {"status": "SUCCESS"},
        {"type": "DEPOSIT", "status": "FAILED"},
    ):
        assert bad_fields(lists(path, cursor=cursor, **query)) == ["cursor"]
    plain = cursor_of(lists, path)
    assert bad_fields(lists(path, cursor=plain, type="DEPOSIT")) == ["cursor"]


@pytest.mark.any_engine
def test_a_cursor_belongs_to_one_list(lists, alice, bob, finance_api):
    of_bob = f"/api/transactions/{bob.pk}"
    paths = [*LISTS, of_bob]
    cursors = {path: cursor_of(lists, path) for path in paths}
    for path in paths:
        for other, cursor in cursors.items():
            if other == path:
                assert lists(path, cursor=cursor).status_code == 200
            else:
                assert bad_fields(lists(path, cursor=cursor)) == ["cursor"]


@pytest.mark.any_engine
@every_list
def test_refuses_a_forged_or_changed_cursor(lists, path):
    cursor = cursor_of(lists, path)
    payload, _colon, signature = cursor.partition(":")
    forged = signing.dumps([path, {}, 1], key="another key", salt=SALT)
    other_salt = signing.dumps(["users", {}, 1])
    bad = [" ", "1", "null", ":", "::", "\x00", "é", "a" * 5000, payload, signature]
    bad += [cursor[:-1], cursor + "A", cursor.swapcase(), forged, other_salt]
    bad += [f"{payload[:-2]}{'AA' if payload[-2:] != 'AA' else 'BB'}:{signature}"]
    for each in bad:
        assert bad_fields(lists(path, cursor=each)) == ["cursor"], each


@pytest.mark.any_engine
@every_list
def test_an_empty_cursor_returns_the_first_page(lists, path):
    assert ids(lists(path, cursor="", limit=2)) == ids(lists(path, limit=2))


@pytest.mark.any_engine
def test_a_cursor_is_opaque(lists, history):
    cursor = cursor_of(lists, "/api/admin/activity", type="DEPOSIT")
    for plain in ("DEPOSIT", "activity", str(history[0].pk) + "]"):
        assert plain not in cursor


@pytest.mark.any_engine
def test_a_cursor_needs_no_escaping_in_a_url(lists):
    cursor = cursor_of(lists, "/api/users")
    assert set(cursor) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_:.~")


def test_the_page_after_a_cursor_repeats_no_row(service, alice):
    UserFactory.create_batch(3)
    cursor = service.get("/api/users", limit=2).json()["next_cursor"]
    newest = ids(service.get("/api/users", limit=2))
    assert not set(newest) & set(ids(service.get("/api/users", cursor=cursor)))


def test_a_long_page_takes_no_extra_queries(lists, alice, django_assert_num_queries):
    caller = by_token(alice)
    caller.get("/api/users")
    with django_assert_num_queries(6):  # token, two counts, wallet, money in, money out
        caller.get(f"/api/transactions/{alice.pk}", limit=1)
    with django_assert_num_queries(6):
        caller.get(f"/api/transactions/{alice.pk}", limit=100)
