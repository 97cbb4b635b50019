"""Every form with an amount reads the documented spellings to the cent, and refuses all others."""

import pytest

from ledger.models import Transaction
from tests.books import assert_books_right
from tests.conftest import signed_in
from tests.factories import UserFactory, funded
from tests.ledger.support.crowd import IS_NIGHTLY
from tests.ledger.support.typed import MOVES, confirm, order, press, record_of
from tests.pages import as_read, elements, fields, htmx, problems, problems_beside, words
from wallet.money import format_amount

pytestmark = pytest.mark.django_db

every_move = pytest.mark.parametrize("move", MOVES)

READ = {
    "0.01": 1,
    "0.1": 10,
    "0.10": 10,
    "1": 1_00,
    "01": 1_00,
    "007": 7_00,
    "500": 500_00,
    "500.5": 500_50,
    "500.50": 500_50,
    "1000": 1_000_00,
    "1,000": 1_000_00,
    "1,234.50": 1_234_50,
    "1234.56": 1_234_56,
    "12,345,678.90": 12_345_678_90,
    "21474836.47": 2**31 - 1,
    "21474836.48": 2**31,
    "99999999.99": 99_999_999_99,
    "  750  ": 750_00,
    # The currency before or after, as people write it in Kenya.
    "Ksh 500": 500_00,
    "KES 500": 500_00,
    "kes500": 500_00,
    "Ksh500.00": 500_00,
    "KShs. 1,500": 1_500_00,
    "Sh.500": 500_00,
    "500/=": 500_00,
    "500/-": 500_00,
    "Ksh 500 /=": 500_00,
    "500 KES": 500_00,
    ".50": 50,
    ".5": 50,
    "Ksh .50": 50,
    # Copied text adds no-break spaces and direction marks.
    "KES\u00a01,234.50": 1_234_50,
    "KES\u202f1,234.50": 1_234_50,
    "\u00a05": 5_00,
    "5\u3000": 5_00,
    "\u202a500\u202c": 500_00,
    "\u200e500.50\u200f": 500_50,
    "\u2068KES\u00a0500\u2069": 500_00,
}
TOO_MUCH = [
    "9007199254.93", "99999999999", "99,999,999,999.99", "99999999999999", "1" * 12, "9" * 4301,
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "9007199254740993",
    "1" + ",000" * 9, "9" * 40 + ".99",
]  # fmt: skip
ZERO = ["0", "00", "0.0", "0.00", "0,000", "00000000000.00"]
UNREADABLE = [
    # Signs and words.
    "-0", "-1", "+1", "\u22121", "--1", "1-", "(1)", "one", "KES", "Ksh -5", "-KES 5", "500/",
    "500=", "KES500KES", "USD 5", "$5", "Ksh Ksh 5", "Ksh..5", "500bob", "\u212aES 5", "K\u017fh 5",
    "5 /= /=",
    # A dot that may belong to the currency or to the number.
    "Ksh.50", "Sh.5", "KES.05",
    # More than two decimals, and half-written numbers.
    "0.001", "0.005", "1.999", "1.0000", "1.", ".", ",", ".555", "1..2", "1.2.3", "1,", ",1",
    # Groups in the wrong places, other separators.
    "12,50", "1.500,00", "1 500,00", "1\u00a0500,00", "1,00", "1,0000", "10,00.5",
    "1,,000", "1,234,56", "1.234,50", "1 000", "1'000", "1_000",
    "1\u00a0000", "1\u202f000", "1\u066c000", "1\u066b50",
    # Other notations.
    "1e5", "1E5", "1e400", "0x10", "0b1", "0o7", "1/2", "10%", "5d", "5f", "1j", "NaN", "nan",
    "Infinity", "-inf", "inf", "sNaN",
    # Digits of other scripts, and invisible characters.
    "\uff15\uff10\uff10", "\u0665\u0660\u0660", "\u096b\u0966\u0966", "\u00b2", "\u2460",
    "\U0001d7dc", "5\u200b", "\ufeff5", "5\u00ad", "5\u202e0", "\u2060\u200d5",
    "5\n", "\t5", "5\r\n", "5\x0b",
    # Other types, as a client may send them.
    "true", "false", "null", "None", "[5]", '{"a": 5}', '"5"', "5;", "5,5;5", "500 OR 1=1", "5'--",
    "<b>5</b>", "{{ 5 }}", "%35", "&#53;",
    # Far too long.
    "0" * 40 + "5", "0" * 4301, "5" + " " * 9000 + "5", "9" * 40 + ".001", "9" * 40 + "e1",
]  # fmt: skip
NUL = ["\0", "5\0", "\x005", "5\x000"]


@pytest.fixture(autouse=True)
def room(settings):
    settings.LIMIT_CENTS_PER_TRANSACTION = 100_000_000_00
    settings.LIMIT_CENTS_OUT_PER_DAY = 1_000_000_000_00
    settings.LIMIT_CENTS_BALANCE = 2_000_000_000_00
    settings.APPROVE_ONE_ABOVE_CENTS = settings.APPROVE_TWO_ABOVE_CENTS = 1_000_000_000_00
    settings.APPROVE_ONE_ABOVE_CENTS_A_DAY = 10_000_000_000_00


@pytest.fixture
def client(room, db):
    rich = UserFactory()
    for _ in range(6):
        funded(rich, 100_000_000_00)
    return signed_in(rich)


def figure(response) -> str:
    """The large amount on a review page or a receipt."""
    return words(elements(response, "p", class_="figure")[0])


def wrong_answers(client, move, bob, typed: list[str], sentence: str) -> dict[str, object]:
    """For each input that wasn't refused with this sentence, what was wrong with the answer."""
    wrong: dict[str, object] = {}
    for number, value in enumerate(typed):
        filled = order(move, bob, amount=value)
        answer = (press if number % 2 else confirm)(client, move, filled, htmx("move"))
        got = (answer.status_code, problems(answer), problems_beside(answer, "amount"))
        if got != (422, [sentence], [sentence]):
            wrong[value] = got
        elif fields(answer)["amount"] != as_read(value):
            wrong[value] = f"echoed as {fields(answer)['amount']!r}"
    return wrong


def spread(typed, move):
    """All of them for a transfer, and every third elsewhere: the forms share their field.

    With NIGHTLY=1 all for each.
    """
    return list(typed) if IS_NIGHTLY or move == "transfer" else list(typed)[MOVES.index(move) :: 3]


@every_move
def test_documented_spellings_are_read_to_the_cent(client, bob, move, settings):
    # Large ones ask for the second factor first.
    settings.STEP_UP_ABOVE_CENTS = 10**12
    for typed in spread(READ, move):
        cents = READ[typed]
        filled = order(move, bob, amount=typed)
        review = press(client, move, filled)
        assert review.status_code == 200, typed
        assert fields(review)["amount"] == typed
        assert figure(review) == f"KES {format_amount(cents)}"
        receipt = confirm(client, move, fields(review))
        assert record_of(receipt).amount_cents == cents
        page = client.get(receipt.headers["Location"])
        assert figure(page)[1:] == f"KES {format_amount(cents)}"
    assert_books_right()


@pytest.mark.any_engine
@every_move
def test_other_spellings_are_refused_with_one_sentence(client, bob, move):
    before = Transaction.objects.count()
    sentence = "Enter an amount in shillings, like 500 or 1,234.50."
    assert wrong_answers(client, move, bob, spread(UNREADABLE, move), sentence) == {}
    assert wrong_answers(client, move, bob, NUL, sentence) == {}
    assert wrong_answers(client, move, bob, ZERO, "Enter an amount above zero.") == {}
    sentence = "You can move up to KES 100,000,000.00 at a time. Enter that or less."
    assert wrong_answers(client, move, bob, TOO_MUCH, sentence) == {}
    assert Transaction.objects.count() == before


@pytest.mark.any_engine
def test_the_panels_ledger_filter_reads_the_same_spellings(finance):
    client = signed_in(finance)

    def filtered(typed):
        return client.get("/panel/ledger/", {"min": typed, "max": typed}, headers=htmx("ledger"))

    # The field is that of the members' forms.
    every = 1 if IS_NIGHTLY else 3
    for typed in list(READ)[::every]:
        assert filtered(typed).status_code == 200, typed
    for typed in [*UNREADABLE[:: 3 * every], *TOO_MUCH[3::every], *ZERO[::every], *NUL]:
        answer = filtered(typed)
        assert answer.status_code == 422, typed
        assert [len(problems_beside(answer, name)) for name in ("min", "max")] == [1, 1], typed


@every_move
def test_an_amount_that_comes_twice_is_refused(client, bob, move):
    """Otherwise the review page could show one amount and the payment move the other."""
    filled = order(move, bob) | {"amount": ["1", "2"]}
    assert press(client, move, filled).status_code == 400
    assert not Transaction.objects.filter(amount_cents__in=[1_00, 2_00]).exists()
