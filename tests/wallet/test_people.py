"""A person and their wallet are opened together, and found by whatever they sign in with."""

import pytest
from django.db import IntegrityError, transaction

from tests.factories import UserFactory
from wallet.models import Account, User

pytestmark = pytest.mark.django_db


def test_email_is_kept_in_small_letters_and_nothing_as_null():
    user = User.objects.create_user(name="Jane", email="Jane@Example.COM", phone="")
    user.refresh_from_db()
    assert (user.email, user.phone) == ("jane@example.com", None)


@pytest.mark.parametrize(
    "taken", [{"email": "JANE@example.com"}, {"phone": "+254712345678"}], ids=["email", "phone"]
)
def test_a_person_who_can_not_be_saved_leaves_no_wallet_behind(taken):
    UserFactory(email="jane@example.com", phone="+254712345678")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(name="Other", **taken)
    assert User.objects.count() == Account.objects.filter(user__isnull=False).count() == 1


@pytest.mark.parametrize("phone", ["0712345678", "+255712345678", "+254", "x"])
def test_the_database_keeps_only_e164_numbers_of_kenya(phone):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(name="Jane", phone=phone)


@pytest.mark.parametrize(
    "login", ["jane@example.com", " JANE@example.com ", "0712 345 678", "+254712345678"]
)
def test_is_found_by_any_spelling(login):
    jane = UserFactory(email="jane@example.com", phone="+254712345678")
    assert User.objects.with_login(login) == jane


@pytest.mark.parametrize("login", ["", "@", "Jane", "0712", "other@example.com", "0722000111"])
def test_nobody_is_found_by_anything_else(login):
    UserFactory(email=None, phone="+254712345678")
    assert User.objects.with_login(login) is None


@pytest.mark.parametrize(
    ("name", "short", "initials"),
    [
        ("Jane Wanjiru", "Jane W.", "JW"),
        ("Jane Njeri wanjiru", "Jane W.", "JW"),
        ("Zawadi", "Zawadi", "Z"),
        ("  Zawadi  ", "Zawadi", "Z"),
        ("Ngũgĩ ũhuru", "Ngũgĩ Ũ.", "NŨ"),
        ("", "", ""),
    ],
)
def test_strangers_see_a_first_name_and_an_initial(name, short, initials):
    user = User(name=name)
    assert (user.short_name, user.initials) == (short, initials)


def test_a_wallet_belongs_to_one_person_in_one_currency():
    user = UserFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(user=user, kind=Account.Kind.WALLET)
    assert user.primary_account().user == user
