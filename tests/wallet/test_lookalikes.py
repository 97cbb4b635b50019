"""A name that reads like Nissmart or an institution is refused in any spelling; people's pass."""

import time

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from tests.api.support.calls import bad_fields, by_token
from tests.factories import UserFactory
from tests.pages import fields, problems_beside
from tests.wallet.support.kenyans import FIRST, LAST
from wallet import lookalikes
from wallet.models import ProtectedName, User
from wallet.models.protected import WHOLE_WORDS, WITHIN_WORDS
from wallet.names import refuse_house_names, refuse_mixed_scripts

ATTACKS = [
    # as they are, anywhere in the name
    "Nissmart Help Desk", "M-PESA", "Safaricom Support", "KCB Customer Care", "Nissmart Kamau",
    "Jane from Safaricom", "Agent M-Pesa", "Central Bank of Kenya", "Equity Bank Kenya", "KRA",
    "Huduma Centre", "Huduma Kenya", "The Co-op Bank", "Airtel Money", "NCBA Loop", "I&M Bank",
    "Fuliza Loans", "Kenya Revenue Authority", "Lipa na M-PESA", "Customer Service Desk",
    # spaces, signs, none
    "N i s s m a r t", "N.I.S.S.M.A.R.T", "Niss Mart", "Niss-mart", "Ni_ss_mart", "Nissmart®",
    "M PESA", "MPESA", "M.Pesa", "M*PESA*",
    "M'Pesa", "m_p_e_s_a", "Safari Com", "S-a-f-a-r-i-c-o-m",
    "SafaricomSupport", "(Safaricom)", "K.C.B.", "K C B Bank", "K-R-A", "Co op Bank", "CO-OP",
    "CustomerCare", "Customer  Care", "customer_care",
    "Help_Desk", "Helpdesk", "HELP-DESK", "Air tel",
    "Cooperative-Bank", "Central.Bank", "Fuliza!",
    "Support?", "MyNissmart", "NissmartKE", "Nissmarts",
    # digits and signs for letters
    "N1ssmart", "Ni55mart", "N155m4rt", "Ni$$mart", "N!ssmart", "Niss|mart", "M-P3SA", "MPE5A",
    "MP€SA", "Saf4ricom", "S@faric0m", "5afaricom",
    "Safaric0m 5upport", "A1rtel", "A!rtel", "4irtel",
    "Equ1ty", "Cust0mer C4re", "He1p De5k", "HeIp Desk", "He|p Desk", "Supp0rt", "5upport!",
    "Support24", "KCB254", "Customer care 0700", "Ful1za", "C3ntral B4nk",
    # two letters as one, one letter twice
    "Nissrnart", "Safaricorn", "RN-PESA", "Nisssmart",
    "Safariccom", "Mpeesa", "KRAA", "SSafaricom",
    # other alphabets
    "МРЕЅА", "Ｎｉｓｓｍａｒｔ", "Nissmаrt", "Νissmart",
    "Nіssmart", "Ѕаfагісоm", "ЅАҒАRІСОМ", "ΜΡΕЅΑ",
    "ɴɪssᴍᴀʀᴛ", "𝐍𝐢𝐬𝐬𝐦𝐚𝐫𝐭", "𝓢𝓪𝓯𝓪𝓻𝓲𝓬𝓸𝓶", "𝙼-𝙿𝙴𝚂𝙰", "Ⓝⓘⓢⓢⓜⓐⓡⓣ", "🅽🅸🆂🆂🅼🅰🆁🆃", "🇳🇮🇸🇸mart", "🇰 🇨 🇧",
    "Níssmårt", "Ṇissmaṛt", "Nıssmart", "Nɨssmart",
    "Ꮪafaricom", "ꓢꓮꓝꓮꓣꓲꓚꓳꓟ", "ᎷᏢᎬᏚᎪ", "Airteӏ", "Kᴄʙ",
    "N\u0336i\u0336s\u0336smart", "Niss\u200bmart", "Sаfaricom",
    "Supρort", "Ηelp Desk", "Ҝсв", "Ѕuррогt",
]  # fmt: skip
NEAR = [
    "Nissmatt",
    "Nissmert",
    "Nsismart",
    "Safaricon Ltd",
    "Safarcom",
    "Zafaricom",
    "Custumer Care",
]


def is_refused(name: str) -> bool:
    try:
        User._meta.get_field("name").run_validators(name)
    except ValidationError:
        return True
    return False


@pytest.mark.django_db
def test_no_attack_gets_through():
    assert len(ATTACKS) >= 100
    assert [name for name in ATTACKS if not is_refused(name)] == []


@pytest.mark.any_engine
def test_a_protected_name_is_found_with_the_skeletons_alone():
    """Also where the rule of one alphabet would refuse it anyway."""
    names = [(lookalikes.skeleton(each), True) for each in WITHIN_WORDS]
    names += [(lookalikes.skeleton(each), False) for each in WHOLE_WORDS]

    def reads_like_one(name: str) -> bool:
        return any(lookalikes.holds(name, each, within_words=within) for each, within in names)

    assert [name for name in ATTACKS if not reads_like_one(name)] == []


@pytest.mark.django_db
def test_people_keep_their_names():
    people = [f"{first} {last}" for first, last in zip(FIRST, LAST, strict=True)]
    people += [f"{last} {first}" for first, last in zip(reversed(FIRST), LAST, strict=True)]
    people += [f"{first[0]}. {last}" for first, last in zip(FIRST, LAST, strict=True)]
    people += [
        *("Dennis Smart", "Theo System", "Wanjikũ", "Ng'ang'a", "K. Robert Achieng", "Akram Okra"),
        *(
            "Cooper Kimani",
            "Banks Otieno",
            "Élodie Nɗoye",
            "Ирина Смирнова",
            "山田 太郎",
            "ʼAli Hassan",
        ),
        *(
            "Mary-Ann Wa-Thiong’o",
            "Kevin McCare",
            "Nissim Martin",
            "Safari Comfort",
            "Adminah Were",
        ),
    ]
    assert len(people) >= 300
    protected = list(ProtectedName.objects.all())
    for name in people:
        refuse_house_names(name)
        refuse_mixed_scripts(name)
        assert not [each for each in protected if each.is_held_in(name)], name
        assert not [each for each in protected if lookalikes.is_near(name, each.name)], name


@pytest.mark.any_engine
@pytest.mark.parametrize("name", ["Иpина", "Αlice", "Оtieno Ouma", "Jаne", "Wanjikuは"])
def test_a_word_of_two_alphabets_is_refused(name):
    assert lookalikes.mixes_scripts(name)


@pytest.mark.any_engine
def test_padding_neither_hides_a_name_nor_costs_much():
    """U+FDFA is four words in one character, and rows of words grow with their square."""
    wanted = lookalikes.skeleton("Nissmart")
    assert lookalikes.holds("\ufdfa" * 70 + " Nissmart", wanted, within_words=True)
    began = time.thread_time()
    for name in ("ab " * 7_000, "\ufdfa" * 20_000, "½ " * 9_000):
        assert not lookalikes.holds(name, wanted, within_words=True)
        assert not lookalikes.is_near(name, "Safaricom")
    assert time.thread_time() - began < 2


@pytest.mark.django_db
def test_sign_up_and_the_api_refuse_a_name_with_a_sentence():
    given = {"email": "x@example.com", "phone": "", "password1": "a-Long-Enough-1"}
    said = {
        "Safaricom Support": "This name reads like Safaricom. Enter your own, as on your ID.",
        "Safaricon": (
            "This name is close to Safaricom. Check it. If it's really yours, ask us to add it."
        ),
        "Jаne": "A word of this name mixes two alphabets. Type it in one.",
        "Dr Nissmart": "This name would read as one of ours. Enter yours.",
    }
    token = by_token(UserFactory(), "service")
    for name, sentence in said.items():
        page = Client().post(reverse("account_signup"), given | {"name": name})
        assert problems_beside(page, "name") == [sentence]
        assert fields(page)["name"] == name
        answer = token.post("/api/users", {"name": name})
        assert (answer.status_code, bad_fields(answer)) == (400, ["name"])
    assert not User.objects.filter(email="x@example.com").exists()


@pytest.mark.django_db
def test_near_names_wait_for_a_person():
    assert [name for name in NEAR if is_refused(name)] == []
    assert [name for name in NEAR if not ProtectedName.objects.near(name)] == []


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["Nissmart Kamau", "NISSMART", "Ni55mart", "MyNiśśmart"])
def test_the_database_refuses_our_name_in_a_name(alice, name):
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.filter(pk=alice.pk).update(name=name)
