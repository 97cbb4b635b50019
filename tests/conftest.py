"""Fixtures. The cast: Alice has money, Bob receives, Carol is a stranger to both.

Wambui and Joseph both work in finance: one proposes a reversal and the other approves it.
"""

from __future__ import annotations

import gc
import os
import secrets
import time
from collections.abc import Iterator
from copy import copy
from datetime import UTC, datetime
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client, TransactionTestCase
from django.test import client as test_client
from django.test.utils import ContextList
from django.utils import timezone

from ledger import lookups
from tests import owner
from tests.factories import PIN, UserFactory, funded
from tests.owner import past_the_guards
from wallet import operations as wallet_operations
from wallet.db.guards import INSTALLED
from wallet.models import Device, ProtectedName, User, accounts
from wallet.models.protected import write_first_list
from wallet.signin import devices
from wallet.staff.roles import AUDITOR, FINANCE, FINANCE_TEAM, RIGHTS, is_staff_now

if connection.vendor == "postgresql":
    connection.creation = owner.Creation(connection)

SECOND_FACTOR = {"method": "mfa", "at": 0.0, "type": "totp"}
# Migrations fill these tables from the code alone, so they needn't be emptied.
KEPT_TABLES = {"django_migrations", "django_content_type", "auth_permission"}


def pytest_collection_finish() -> None:
    """Leave what is loaded by now out of garbage collection, and collect the rest less often.

    A test makes many objects and frees nearly all without it. This saves an eighth of the run.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, on PostgreSQL, the tests of what no database changes, and of what a browser does.

    SQLite's run has them.
    """
    if connection.vendor != "postgresql" or os.environ.get("NIGHTLY"):
        return

    def is_left_out(item: pytest.Item) -> bool:
        return any(item.get_closest_marker(name) for name in ("any_engine", "browser"))

    left_out = [item for item in items if is_left_out(item)]
    if left_out and len(left_out) < len(items):
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not is_left_out(item)]


@pytest.fixture(autouse=True)
def database_role(request) -> Iterator[None]:
    """PostgreSQL: run as the owner of the tables, or as the application if a test asks for it."""
    if owner.is_as_application(request.node):
        yield
    else:
        with owner.as_owner_of_tables():
            yield


@pytest.fixture(autouse=True)
def fast_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def plain_static_files(settings) -> None:
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }


@pytest.fixture(autouse=True, scope="session")
def only_the_pages_context() -> None:
    """`response.context` is that of the page, without those of the parts it is made of.

    The client would copy the context of each part, such as a field: two hundred of a page.
    """

    def store(
        store: dict[str, Any], signal: Any, sender: Any, template: Any, context: Any, **_: Any
    ) -> None:
        if "context" not in store:
            store["templates"], store["context"] = [template], ContextList([copy(context)])

    test_client.store_rendered_templates = store


@pytest.fixture(autouse=True, scope="session")
def flush_past_the_guards() -> None:
    """Empty the database after a test, although the guards refuse to delete rows.

    Turns the guards off for that moment, then restores the rows that the migrations inserted.
    Django's own flush truncates every table and recreates all permissions, which takes longer
    than most tests.
    """

    def teardown(self: TransactionTestCase) -> None:
        tables = set(connection.introspection.table_names()) - KEPT_TABLES
        flush = [f"DELETE FROM {connection.ops.quote_name(name)}" for name in sorted(tables)]
        if connection.vendor == "postgresql":
            with past_the_guards(), connection.cursor() as cursor:
                cursor.execute("; ".join(flush))
        else:
            guarded = reduce(or_, INSTALLED)
            # In one transaction, which SQLite writes to the disk once.
            with transaction.atomic():
                guarded.remove(connection)
                connection.ops.execute_sql_flush(flush)
                guarded.install(connection)
        with transaction.atomic():
            wallet_operations.open_house_accounts()
            write_first_list(ProtectedName.objects)
            for name in RIGHTS:
                Group.objects.get_or_create(name=name)

    TransactionTestCase._fixture_teardown = teardown


@pytest.fixture(autouse=True)
def forget_rate_limits(request) -> Iterator[None]:
    yield
    if {"db", "transactional_db"} & set(request.fixturenames):
        cache.clear()


@pytest.fixture(autouse=True)
def forget_wallets() -> None:
    """The next test reuses the same ids, perhaps for other wallets."""
    accounts.wallet_ids.clear()
    lookups.paid.clear()


@pytest.fixture
def alice(db, request) -> User:
    """In tests that set the clock, her money arrives early in 2026: an account's entries must
    not go back in time."""
    at = datetime(2026, 1, 1, tzinfo=UTC) if "time_machine" in request.fixturenames else None
    return funded(UserFactory(name="Alice Wanjiku"), 1_000_00, at=at)


@pytest.fixture
def bob(db) -> User:
    return UserFactory(name="Bob Otieno")


@pytest.fixture
def carol(db) -> User:
    return UserFactory(name="Carol Kirui")


def staff(group: str, name: str = "") -> User:
    """A person with this role. Those of `finance` are makers and approvers, as in the demo."""
    user = UserFactory(name=name or f"{group.title()} Person")
    names = FINANCE_TEAM if group == FINANCE else (group,)
    user.groups.add(*Group.objects.filter(name__in=names))
    return user


@pytest.fixture
def finance(db) -> User:
    return staff(FINANCE)


@pytest.fixture
def wambui(db) -> User:
    return staff(FINANCE, "Wambui Kariuki")


@pytest.fixture
def joseph(db) -> User:
    return staff(FINANCE, "Joseph Kiprono")


@pytest.fixture
def auditor(db) -> User:
    return staff(AUDITOR)


@pytest.fixture
def operator(db) -> User:
    return UserFactory(name="Olive Operator", is_staff=True, is_superuser=True)


@pytest.fixture
def as_alice(alice) -> Client:
    return signed_in(alice)


@pytest.fixture
def as_finance(finance) -> Client:
    return signed_in(finance)


@pytest.fixture
def as_wambui(wambui) -> Client:
    return signed_in(wambui)


@pytest.fixture
def as_auditor(auditor) -> Client:
    return signed_in(auditor)


@pytest.fixture
def as_operator(operator) -> Client:
    return signed_in(operator)


class Payer(Client):
    """A client that types PIN where one is asked for, unless the test types one."""

    def post(self, path: str, data: Any = None, *args: Any, **more: Any) -> Any:
        asks = isinstance(data, dict) and (data.get("confirm") == "1" or "days" in data)
        if asks and not data.get("pin"):
            data = data | {"pin": PIN}
        return super().post(path, data, *args, **more)


def signed_in(user: User) -> Client:
    """A client that has just entered its password, so no page asks for it again.

    Staff have passed their second factor too.
    """
    client = Payer()
    sign_in(client, user)
    know_device(client, user)
    return client


def sign_in(client: Client, user: User) -> None:
    """A new session of theirs, in one write. `Client.force_login` makes three."""
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    password = {"method": "password", "at": time.time(), "reauthenticated": True}
    write_records(session, [*([SECOND_FACTOR] if is_staff_now(user) else []), password])
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    user.last_login = timezone.now()
    User.objects.filter(pk=user.pk).update(last_login=user.last_login)


def pass_second_factor(client: Client) -> None:
    """As if this signed-in client had entered a code when it signed in."""
    records = client.session.get("account_authentication_methods", [])
    set_records(client, [SECOND_FACTOR, *records])


def set_records(client: Client, records: list[dict[str, Any]]) -> None:
    write_records(client.session, records)


def write_records(session: SessionBase, records: list[dict[str, Any]]) -> None:
    """What django-allauth remembers of how this session's person proved who they are."""
    session["account_authentication_methods"] = records
    session["account_authentication_methods_user"] = session[SESSION_KEY]
    # Some tests move the clock by hours.
    session.set_expiry(settings.SESSION_COOKIE_AGE)
    session.save()


def know_device(client: Client, user: User) -> None:
    """Make the client a browser that has signed in to this account before."""
    token, answer = secrets.token_urlsafe(32), HttpResponse()
    devices.remember(answer, token)
    client.cookies.update(answer.cookies)
    Device.objects.create(user=user, digest=devices.digest_of(token), name="Chrome on Android")
