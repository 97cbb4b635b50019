"""Password hashing is slow on purpose, so it never happens inside a database transaction."""

import pytest
from django.contrib.auth import hashers
from django.core import mail
from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.wallet.test_passwords import ask, choose
from wallet.messages import sending
from wallet.models import User

pytestmark = pytest.mark.django_db(transaction=True)

in_transaction: list[bool] = []


class WatchedHasher(hashers.MD5PasswordHasher):
    """Records at each hash whether a transaction is open."""

    algorithm = "watched"

    def encode(self, password, salt):
        in_transaction.append(connection.in_atomic_block)
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def watch(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.WatchedHasher"]
    in_transaction.clear()


def assert_hashed_outside_transactions():
    assert in_transaction, "nothing was hashed"
    assert not any(in_transaction)


def test_the_hasher_notices_an_open_transaction():
    with transaction.atomic():
        hashers.make_password(PASSWORD)
    assert in_transaction == [True]


def test_sign_up_hashes_outside_transactions(client):
    client.post(
        reverse("account_signup"), {"name": "Jane", "phone": "0712345678", "password1": PASSWORD}
    )
    assert User.objects.count() == 1
    assert_hashed_outside_transactions()


def test_sign_in_hashes_outside_transactions(client):
    UserFactory(email="jane@example.com")
    in_transaction.clear()
    client.post(reverse("account_login"), {"login": "jane@example.com", "password": PASSWORD})
    assert "_auth_user_id" in client.session
    assert_hashed_outside_transactions()


def test_renewing_an_old_hash_happens_outside_transactions(client, settings):
    with_old_hash = UserFactory(email="jane@example.com")
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
        f"{__name__}.WatchedHasher",
    ]
    in_transaction.clear()
    client.post(reverse("account_login"), {"login": "jane@example.com", "password": PASSWORD})
    with_old_hash.refresh_from_db()
    assert with_old_hash.password.startswith("md5$")
    assert_hashed_outside_transactions()


def test_a_password_change_hashes_outside_transactions():
    client = signed_in(UserFactory())
    in_transaction.clear()
    response = client.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": "another-Long-2", "password2": "another-Long-2"},
    )
    assert response.status_code == 302
    assert_hashed_outside_transactions()


def test_a_password_reset_hashes_outside_transactions(client):
    UserFactory(email="jane@example.com")
    in_transaction.clear()
    _page, response = choose(client, ask(client))
    assert response.status_code == 302
    # The link, and the notice that it was used.
    sending.send_all()
    assert len(mail.outbox) == 2
    assert_hashed_outside_transactions()


def test_a_new_email_checks_the_password_outside_transactions():
    user = UserFactory(name="Jane", phone=None)
    in_transaction.clear()
    response = signed_in(user).post(
        reverse("wallet:profile"),
        {"name": "Jane", "phone": "", "email": "new@example.com", "password": PASSWORD},
    )
    assert response.status_code == 303
    assert_hashed_outside_transactions()


def test_createsuperuser_hashes_outside_transactions(monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command(
        "createsuperuser", "--no-input", email="root@example.com", name="Root", verbosity=0
    )
    root = User.objects.get()
    assert (root.is_staff, root.is_superuser) == (True, True)
    assert root.primary_account().balance_cents == 0
    assert_hashed_outside_transactions()


def test_the_demo_hashes_outside_transactions():
    call_command("demo", "--yes", verbosity=0)
    assert_hashed_outside_transactions()


def test_a_person_made_in_the_admin_gets_no_password():
    client = signed_in(UserFactory(is_staff=True, is_superuser=True))
    in_transaction.clear()
    response = client.post(
        reverse("admin:wallet_user_add"),
        {"name": "Jane", "email": "jane@example.com", "phone": "", "is_active": "on"},
    )
    assert response.status_code == 302, response.text
    assert not User.objects.get(email="jane@example.com").has_usable_password()
    assert not any(in_transaction)
