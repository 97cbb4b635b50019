"""Every search finds the same members by name, in any spelling and word order."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from tests.api.support.calls import by_session, by_token
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory, deposit, funded, send
from tests.pages import elements, htmx, words
from wallet import naming
from wallet.context import Context
from wallet.models import User
from wallet.models.people import name_columns

pytestmark = pytest.mark.django_db

NAME = "Élodie Wanjikũ-Ng’ang’a"
FOUND = [
    "élodie", "ÉLODIE", "elodie", "E\u0301lodie", "Ｅlodie", "lodi", "wanjiku", "WANJIKŨ nganga",
    "Ng'ang'a Elodie", "Ngʼangʼa", "wanjiku  elodie", "Wanjiku-Nganga", "elodie, wanjiku",
    "\u202aelodie\u202c", "elodie\u00a0wanjiku", "nganga wanjiku elodie",
]  # fmt: skip
MISSED = ["elodia", "wanjiku otieno", "nanga", "élodie brian", "🎉", "%", "_", "'", "-"]


@pytest.fixture
def elodie(db) -> User:
    UserFactory(name="Brian Otieno")
    return UserFactory(name=NAME, email="ew@example.com", phone="+254712345678")


def people(response) -> list[str]:
    return [words(link) for link in elements(response, "a", class_="person")]


def in_api(caller, q: str) -> list[str]:
    return [each["name"] for each in caller.get("/api/users", q=q).json()["items"]]


def in_ledger(client: Client, q: str) -> list[str]:
    part = client.get("/panel/ledger/", {"member": q}, headers=htmx("ledger"))
    rows = elements(part, "a", class_="reference")
    return [NAME] * len(rows)


def in_admin(name: str) -> Callable[[Client, str], list[str]]:
    def find(client: Client, q: str) -> list[str]:
        answer = client.get(reverse(f"admin:{name}_changelist"), {"q": q})
        return [NAME] * (1 if NAME in answer.text else 0)

    return find


# A search that takes one of these in another way isn't the same search.
FOUND_ON_PAGES = ["E\u0301LODIE", "WANJIKŨ nganga", "elodie\u00a0wanjiku", "Ngʼangʼa", "lodi"]
MISSED_ON_PAGES = ["wanjiku otieno", "nanga", "%", "_"]

# Who searches, and how they read what they found.
SEARCHES = {
    "api for a program": lambda finance, op: (by_token(UserFactory(), "service"), in_api),
    "api for finance": lambda finance, op: (by_token(finance, "finance"), in_api),
    "api for a browser": lambda finance, op: (by_session(finance), in_api),
    "panel members": lambda finance, op: (
        signed_in(finance),
        lambda client, q: people(client.get("/panel/members/", {"q": q})),
    ),
    "panel search": lambda finance, op: (
        signed_in(finance),
        lambda client, q: people(client.get("/panel/search/", {"q": q})),
    ),
    "panel ledger": lambda finance, op: (signed_in(finance), in_ledger),
    "admin members": lambda finance, op: (signed_in(op), in_admin("wallet_user")),
    "admin accounts": lambda finance, op: (signed_in(op), in_admin("wallet_account")),
    "admin transactions": lambda finance, op: (signed_in(op), in_admin("ledger_transaction")),
}


@pytest.mark.parametrize("search", SEARCHES)
def test_every_search_gives_the_same_answer(elodie, finance, operator, search):
    """The API is asked for every spelling, and pages, which take longer, for the hardest."""
    deposit(elodie, 1_00)
    caller, find = SEARCHES[search](finance, operator)
    is_page = not search.startswith("api")
    for q in FOUND_ON_PAGES if is_page else FOUND:
        assert find(caller, q) == [NAME], q
    for q in MISSED_ON_PAGES if is_page else MISSED:
        assert find(caller, q) == [], q


def test_a_member_finds_a_payment_by_the_short_name_on_the_page(elodie, alice):
    send(alice, elodie, 10_00)
    client = signed_in(alice)

    def rows(q: str) -> int:
        return len(elements(client.get("/activity/", {"q": q}), "a", class_="row"))

    for q in ("élodie", "ELODIE", "E\u0301lo", "Élodie W.", "elodie wanjiku", "elodie w"):
        assert rows(q) == 1, q
    # The rest of the surname isn't shown, so a search can't reveal it either.
    for q in ("wanjiku", "nganga", "elodie n", "elodie anjiku", "lodie"):
        assert rows(q) == 0, q


@pytest.mark.parametrize(
    ("url", "held"),
    [("/activity/", "row"), ("/panel/ledger/", "reference"), ("/panel/search/", "reference")],
)
def test_every_search_finds_a_note_in_any_spelling(alice, finance, url, held):
    deposit(alice, 1_00, description="Thé à la menthe chez Ng’ang’a")
    deposit(alice, 2_00, description="Tea")
    client = signed_in(alice if url == "/activity/" else finance)
    for q in (
        "thé",
        "THÉ",
        "the a la",
        "menthe  chez",
        "nganga",
        "NG'ANG'A",
        "THE\u0301 A LA MENTHE",
    ):
        assert len(elements(client.get(url, {"q": q}), "a", class_=held)) == 1, q


# --- The stored columns -------------------------------------------------------------------------


def all_columns_match() -> bool:
    """Whether the search columns of all members match their names."""
    rows = User.objects.values("name", "search_name", "search_short_name", "name_skeleton")
    return all({"name": row["name"]} | name_columns(row["name"]) == row for row in rows)


def sign_up() -> None:
    given = {"name": NAME, "phone": "0712345678", "email": "", "password1": PASSWORD}
    Client().post(reverse("account_signup"), given)


def by_api() -> None:
    by_token(UserFactory(), "service").post("/api/users", {"name": NAME})


def by_request() -> None:
    asked = naming.ask(Context(UserFactory(name="Jane").pk), name=NAME, reason="A mistake")
    naming.approve(Context(UserFactory().pk), request_id=asked.pk)


def in_the_admin(pk: int | None = None) -> None:
    operator = UserFactory(is_staff=True, is_superuser=True)
    url = reverse("admin:wallet_user_change", args=[pk]) if pk else reverse("admin:wallet_user_add")
    given = {"name": NAME, "email": "x@example.com", "phone": "", "is_active": "on"}
    given["reason"] = "A mistake"
    signed_in(operator).post(url, given)


def by_update() -> None:
    user = UserFactory(name="Jane")
    User.objects.filter(pk=user.pk).update(name=NAME)


def by_saving_the_name_alone() -> None:
    user = UserFactory(name="Jane")
    user.name = NAME
    user.save(update_fields=["name"])


WAYS = {
    "sign-up": sign_up,
    "API": by_api,
    "request": by_request,
    "admin, new": in_the_admin,
    "admin, changed": lambda: in_the_admin(UserFactory(name="Jane").pk),
    "update": by_update,
    "save": by_saving_the_name_alone,
    "bulk": lambda: User.objects.bulk_create([User(name=NAME)]),
    "createsuperuser": lambda: call_command(
        "createsuperuser", "--noinput", name=NAME, email="x@example.com", stdout=StringIO()
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_save_a_name_fills_its_search_columns(way):
    WAYS[way]()
    assert User.objects.get(name=NAME).search_name == "elodie wanjiku nganga"
    assert all_columns_match()


def test_a_change_of_another_field_leaves_the_search_columns_alone(django_assert_num_queries):
    user = User.objects.only("pk", "is_active").get(pk=UserFactory().pk)
    with django_assert_num_queries(1):
        user.is_active = False
        user.save(update_fields=["is_active"])
    assert all_columns_match()


def test_a_name_computed_by_the_database_is_refused():
    with pytest.raises(TypeError):
        User.objects.update(name=User.objects.values("email")[:1])


@pytest.mark.any_engine
@pytest.mark.parametrize("command", ["demo", "generate_history"])
def test_generated_members_have_search_columns(settings, command):
    settings.DEBUG = True
    sizes = ["--members=20", "--transactions=20"] if command == "generate_history" else []
    call_command(command, *sizes, stdout=StringIO())
    assert User.objects.count() > 8
    assert all_columns_match()


@pytest.mark.parametrize("column", ["search_name", "search_short_name"])
def test_the_database_refuses_names_that_look_reserved(column):
    user = UserFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=user.pk).update(**{column: "nissmart"})


def test_every_search_finds_a_pasted_phone_number(elodie, finance, operator):
    funded(elodie, 1_00)
    searches = ("panel members", "panel search", "panel ledger", "admin members")
    for search in (*searches, "api for a browser", "api for a program"):
        caller, find = SEARCHES[search](finance, operator)
        for q in ("\u202a0712345678\u202c", "0712\u00a0345\u2011678", "Tel:0712345678"):
            assert find(caller, q) == [NAME], (search, q)
