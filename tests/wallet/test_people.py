"""A person and their wallet are created together, and found by phone number or email."""

import unicodedata

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import UserFactory
from wallet import names
from wallet.models import Account, User

pytestmark = pytest.mark.django_db


def test_an_email_is_stored_in_lower_case_and_empty_text_as_null():
    user = User.objects.create_user(name="Jane", email="Jane@Example.COM", phone="")
    user.refresh_from_db()
    assert (user.email, user.phone) == ("jane@example.com", None)


@pytest.mark.parametrize(
    "taken", [{"email": "JANE@example.com"}, {"phone": "+254712345678"}], ids=["email", "phone"]
)
def test_a_person_who_cannot_be_saved_leaves_no_wallet_behind(taken):
    UserFactory(email="jane@example.com", phone="+254712345678")
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(name="Other", **taken)
    assert User.objects.count() == Account.objects.filter(user__isnull=False).count() == 1


@pytest.mark.parametrize("phone", ["0712345678", "+255712345678", "+254", "x"])
def test_the_database_accepts_only_kenyan_e164_numbers(phone):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(name="Jane", phone=phone)


@pytest.mark.parametrize(
    "login",
    [
        "jane@example.com",
        " JANE@example.com ",
        "mailto:Jane@example.com",
        "\u202ajane@example.com\u202c",
        "jane\u200b@example.com\u00a0",
        "0712 345 678",
        "+254712345678",
        "\u202d+254\u00a0712\u2011345678\u202c",
        "Tel:0712345678",
    ],
)
def test_a_person_is_found_by_any_spelling(login):
    jane = UserFactory(email="jane@example.com", phone="+254712345678")
    assert User.objects.with_login(login) == jane


@pytest.mark.parametrize("login", ["", "@", "Jane", "0712", "other@example.com", "0722000111"])
def test_other_text_finds_no_person(login):
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
        # emoji, badges, brackets and numbers aren't words of a name
        ("Amina 🇰🇪", "Amina", "A"),
        ("Amina Wanjiku 🇰🇪", "Amina W.", "AW"),
        ("🎉 Amina Wanjiku", "Amina W.", "AW"),
        ("Amina✅ Wanjiku ✓", "Amina W.", "AW"),
        ("Amina ❤\ufe0f", "Amina", "A"),
        ("👨\u200d👩\u200d👧 Otieno", "Otieno", "O"),
        ("Otieno -", "Otieno", "O"),
        ("Otieno - Odhiambo", "Otieno O.", "OO"),
        ("Jane 2", "Jane", "J"),
        ("Jane (Wanjiru)", "Jane W.", "JW"),
        ("'Ali' \"Baba\"", "Ali B.", "AB"),
        ("2Pac Shakur", "2Pac S.", "S"),
        ("Ali/Omar", "Ali O.", "AO"),
        # titles aren't part of a name
        ("Dr. Jane Wanjiru", "Jane W.", "JW"),
        ("Rev. Fr. John Kamau Jr.", "John K.", "JK"),
        ("Dr. Otieno", "Otieno", "O"),
        # apostrophes, hyphens, small words
        ("O'Brien", "O'Brien", "O"),
        ("Sinéad O’Brien", "Sinéad O.", "SO"),
        ("Ngũgĩ wa Thiong'o", "Ngũgĩ T.", "NT"),
        ("Jan van der Berg", "Jan B.", "JB"),
        ("Anne-Marie Otieno-Odhiambo", "Anne-Marie O.", "AO"),
        ("ʼAli ʼUmar", "ʼAli U.", "AU"),
        # whole letters: with accents, from any alphabet, in any width or font
        ("N\u0303jeri e\u0301lan", "Ñjeri É.", "ÑÉ"),
        ("Ｊａｎｅ Ｗａｎｊｉｒｕ", "Jane W.", "JW"),
        ("𝓐𝓶𝓲𝓷𝓪 𝓦𝓪𝓷𝓳𝓲𝓴𝓾", "Amina W.", "AW"),
        ("Jane ﬁona", "Jane F.", "JF"),
        ("أمينة حسن", "أمينة ح.", "أح"),
        ("राम क्षमा", "राम क्ष.", "राक्ष"),
        ("გიორგი ბერიძე", "გიორგი ბ.", "გბ"),
        ("李 小龍", "李 小.", "李小"),
        # no words at all: the whole text is shown
        ("🇰🇪🇰🇪 🎉", "🇰🇪🇰🇪", ""),
        ("47", "47", ""),
        ("-", "-", ""),
        ("x" * 80, "x" * 80, "X"),
    ],
)
def test_strangers_see_a_first_name_and_an_initial(name, short, initials):
    user = User(name=name)
    assert (user.short_name, user.initials) == (short, initials)


@given(st.text(max_size=80))
def test_an_initial_is_a_letter_and_never_half_a_character(name):
    short = names.short_name(name)
    first, _space, last = short.rpartition(" ")
    if first and last.endswith("."):
        letter = last[0]
        assert letter.isalpha()
        assert not unicodedata.combining(letter)
    assert len(names.initials(name)) == 0 or names.initials(name)[0].isalpha()


def test_a_wallet_belongs_to_one_person_in_one_currency():
    user = UserFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        Account.objects.create(user=user, kind=Account.Kind.WALLET)
    assert user.primary_account().user == user
