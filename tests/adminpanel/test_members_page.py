"""Members are found by whatever is known of them; what is masked is revealed for a reason only."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from adminpanel import queries_members as queries
from adminpanel.models import Incident, ReversalProposal
from tests.conftest import signed_in, staff
from tests.factories import UserFactory, account_id, deposit, send, withdraw
from tests.ledger.test_locks import held, patience
from tests.pages import (
    elements,
    htmx,
    is_part,
    is_whole_page,
    problems,
    problems_beside,
    text,
    title,
    words,
)
from tests.unsettled import as_if
from wallet import operations as wallet_operations
from wallet.models import Account, AuditEvent, User

pytestmark = pytest.mark.django_db

URL = "/panel/members/"
REASON = "They called about a lost phone"


def page_of(user: User, act: str = "") -> str:
    return f"{URL}{user.pk}/{act and act + '/'}"


@pytest.fixture
def client(finance):
    return signed_in(finance)


@pytest.fixture
def amina(db) -> User:
    return UserFactory(name="Amina Wanjiku", email="amina@example.com", phone="+254712000001")


@pytest.fixture
def brian(db) -> User:
    return UserFactory(name="Brian Otieno", email="brian@example.com", phone="+254712000002")


def names(response) -> list[str]:
    return [words(link) for link in elements(response, "a", class_="person")]


def found(client, q: str) -> list[str]:
    response = client.get(URL, {"q": q})
    assert response.status_code == 200
    return names(response)


def test_without_a_search_all_are_listed_newest_first(client, amina, brian, finance):
    response = client.get(URL)
    assert is_whole_page(response)
    assert names(response) == ["Brian Otieno", "Amina Wanjiku", finance.name]


SPELLINGS = [
    "0712 000 001",
    "0712000001",
    "+254712000001",
    "+254 712 000 001",
    "254712000001",
    "254 712 000 001",
    "0712-000-001",
    "(0712) 000001",
    "tel:+254712000001",
    "712000001",
    " 0712 000 001 ",
]


@pytest.mark.parametrize("q", SPELLINGS)
def test_every_spelling_of_a_phone_finds_its_owner(client, amina, brian, q):
    assert found(client, q) == ["Amina Wanjiku"]


@pytest.mark.parametrize(
    "q",
    ["amina", "WANJIKU", "wanjiku amina", "ami", "amina@example.com", "AMINA@example.COM", "anjik"],
)
def test_a_name_or_an_email_finds_its_owner(client, amina, brian, q):
    assert found(client, q) == ["Amina Wanjiku"]


@pytest.mark.parametrize(
    "q", ["%", "_", "0799 999 999", "nobody", "NS-00000000", "#999999", "x@y.z"]
)
def test_what_fits_nobody_says_so(client, amina, brian, q):
    response = client.get(URL, {"q": q})
    assert response.status_code == 200
    assert names(response) == []
    assert "No members match" in text(response)


def test_a_number_finds_its_member(client, amina, brian):
    assert found(client, f"#{amina.pk}") == ["Amina Wanjiku"]


def test_a_reference_finds_its_parties_in_any_case(client, amina, brian, carol):
    deposit(amina, 100_00)
    sent = send(amina, brian, 10_00)
    assert found(client, sent.reference) == ["Brian Otieno", "Amina Wanjiku"]
    assert found(client, sent.reference.lower()) == ["Brian Otieno", "Amina Wanjiku"]
    assert found(client, withdraw(brian, 1_00).reference) == ["Brian Otieno"]


@pytest.mark.parametrize("q", ["1,234.50", "1234.5", "KES 1,234.50", "kes1234.50"])
def test_an_exact_amount_finds_who_moved_it(client, amina, brian, carol, q):
    deposit(amina, 1_234_50)
    send(amina, brian, 1_234_49)
    deposit(carol, 1_234_51)
    response = client.get(URL, {"q": q})
    assert names(response) == ["Amina Wanjiku"]
    assert "KES 1,234.50, among the newest 20,000 transactions" in text(response)


def test_an_amount_is_looked_for_among_the_newest_only(client, amina, brian, monkeypatch):
    deposit(amina, 55_00)
    deposit(brian, 1_00)
    deposit(brian, 2_00)
    monkeypatch.setattr(queries, "RECENT", 2)
    assert found(client, "55.00") == []
    monkeypatch.setattr(queries, "RECENT", 3)
    assert found(client, "55.00") == ["Amina Wanjiku"]


@pytest.mark.parametrize("q", ["a\nb", "\0", "a" * 141, "\u202e"])
def test_what_can_not_be_looked_for_is_refused_and_kept(client, amina, q):
    for headers in (None, htmx("found")):
        response = client.get(URL, {"q": q}, headers=headers)
        assert response.status_code == 422
        assert problems_beside(response, "q")
        assert names(response) == []
    assert title(client.get(URL, {"q": q})).startswith("Error: ")
    assert "a" * 141 in client.get(URL, {"q": "a" * 141}).text


def test_htmx_gets_only_the_list(client, amina):
    response = client.get(URL, {"q": "amina"}, headers=htmx("found"))
    assert is_part(response, "found")
    assert names(response) == ["Amina Wanjiku"]


def test_nobody_is_lost_or_twice_over_the_pages_while_others_join(client, settings):
    settings.PAGE_SIZE_PANEL = 3
    for number in range(8):
        UserFactory(name=f"Jane Number{number}")
    turned, query = [], {"q": "jane"}
    while True:
        response = client.get(URL, query)
        turned += names(response)
        UserFactory(name="Jane Newcomer")
        older = [link for link in elements(response, "a") if words(link) == "Older"]
        if not older:
            break
        address = dict(older[0].attributes)["href"].removeprefix("?")
        query = {name: value[0] for name, value in parse_qs(address).items()}
    assert turned == [f"Jane Number{number}" for number in range(7, -1, -1)]


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30, "\0", "0"])
def test_what_is_no_cursor_leads_nowhere(client, amina, cursor):
    response = client.get(URL, {"cursor": cursor})
    assert (response.status_code, names(response)) == (200, [])


def assert_masked(response, user: User) -> None:
    said = response.text.replace("\u00a0", " ")
    digits = user.phone.removeprefix("+254")
    for spelling in (user.phone, digits, f"0{digits}", f"0{digits[:3]} {digits[3:6]} {digits[6:]}"):
        assert spelling not in said
    assert user.email not in said


def test_phones_and_emails_are_masked_on_every_page(client, amina, brian, carol, auditor):
    deposit(amina, 100_00)
    record = send(amina, brian, 10_00, description="Lunch")
    pages = [
        URL,
        f"{URL}?q=amina",
        page_of(amina),
        f"/panel/accounts/{account_id(amina)}/",
        f"/panel/transactions/{record.reference}/",
        "/panel/ledger/",
        f"/panel/ledger/?member=%23{amina.pk}",
        "/panel/search/?q=wanjiku",
        "/panel/search/?q=lunch",
    ]
    for reader in (client, signed_in(auditor)):
        for page in pages:
            assert_masked(reader.get(page), amina)
    assert "0712 *** 001" in text(client.get(page_of(amina)))
    assert "a***@example.com" in text(client.get(page_of(amina)))


def test_the_page_tells_what_is_used_of_todays_limits(client, amina, brian, time_machine, settings):
    settings.LIMIT_CENTS_OUT_PER_DAY, settings.LIMIT_CENTS_BALANCE = 500_00, 1_000_00
    time_machine.move_to("2026-11-20T20:59:59Z", tick=False)
    deposit(amina, 900_00)
    send(amina, brian, 300_00)
    time_machine.move_to("2026-11-20T21:00:00Z", tick=False)
    send(amina, brian, 120_00)
    withdraw(amina, 30_00)
    as_if(withdraw(amina, 5_00), "FAILED")
    said = text(client.get(page_of(amina)))
    assert "Balance KES 445.00" in said
    assert "Sent and withdrawn today KES 150.00 KES 350.00 left of KES 500.00 a day" in said
    assert "Room in the wallet KES 555.00" in said


def test_the_latest_lead_to_the_ledger_of_this_member_alone(client, amina, brian, carol):
    deposit(amina, 100_00)
    mine = send(amina, brian, 10_00)
    other = deposit(carol, 10_00)
    response = client.get(page_of(amina))
    assert mine.reference in response.text
    assert other.reference not in response.text
    (link,) = [link for link in elements(response, "a") if "in the ledger" in words(link)]
    theirs = client.get(dict(link.attributes)["href"])
    references = [words(each) for each in elements(theirs, "a", class_="reference")]
    assert references[0] == mine.reference
    assert len(references) == 2


@pytest.mark.parametrize("member", ["#", "#x", "#999999", "#" + "9" * 30, "##1"])
def test_a_member_number_that_is_none_finds_nothing_in_the_ledger(client, alice, member):
    response = client.get("/panel/ledger/", {"member": member})
    assert response.status_code == 200
    assert "No transactions match" in text(response)


def test_what_is_open_on_their_transactions_is_shown(client, amina, brian, carol, finance):
    deposit(amina, 100_00)
    record = send(amina, brian, 10_00)
    elsewhere = deposit(carol, 10_00)
    for at, name in ((record, "Wrong Brian"), (elsewhere, "Of Carol")):
        Incident.objects.create(title=name, opened_by=finance).transactions.add(at.pk)
        ReversalProposal.objects.create(
            transaction_id=at.pk, reason=f"Why: {name}", proposed_by=finance
        )
    for user in (amina, brian):
        said = text(client.get(page_of(user)))
        assert "Wrong Brian" in said
        assert f"Reversal of {record.reference}" in said
        assert "Of Carol" not in said
    assert "No incident and no proposed reversal is open." in text(client.get(page_of(finance)))


def test_a_closed_member_is_said_to_be_closed(client, amina):
    amina.is_active = False
    amina.save()
    for url in (URL, page_of(amina)):
        assert "Closed" in text(client.get(url))


def test_a_reveal_shows_the_number_once_and_is_audited(client, amina, finance):
    response = client.post(page_of(amina, "reveal"), {"reason": REASON})
    assert response.status_code == 200
    assert is_whole_page(response)
    assert "0712 000 001" in text(response)
    assert "amina@example.com" in text(response)
    assert "no-store" in response.headers["Cache-Control"]
    event = AuditEvent.objects.get()
    assert (event.action, event.subject) == ("reveal", f"member {amina.pk}")
    assert (event.actor, event.reason, event.address) == (finance, REASON, "127.0.0.1")
    assert "712000001" not in str(event.facts)
    after = client.get(page_of(amina))
    assert_masked(after, amina)
    assert REASON in text(after)
    assert "Phone revealed by Finance Person" in text(after)


def test_a_reveal_works_for_htmx(client, amina):
    response = client.post(page_of(amina, "reveal"), {"reason": REASON}, headers=htmx("contact"))
    assert is_part(response, "contact")
    assert "0712 000 001" in text(response)


@pytest.mark.parametrize("act", ["reveal", "freeze", "unfreeze"])
@pytest.mark.parametrize("reason", [None, "", "    ", "abcd", "a" * 501, "a\0bcdef", "line\nbreak"])
def test_without_a_reason_nothing_is_done_and_what_was_typed_is_kept(client, amina, act, reason):
    part = "contact" if act == "reveal" else "freezing"
    for headers in (None, htmx(part)):
        given = {} if reason is None else {"reason": reason}
        response = client.post(page_of(amina, act), given, headers=headers)
        assert response.status_code == 422
        assert problems(response)
        assert_masked(response, amina)
        assert is_part(response, part) == bool(headers)
    assert not AuditEvent.objects.exists()
    assert not Account.objects.get(user=amina).is_frozen
    typed = client.post(page_of(amina, act), {"reason": "abc"})
    assert 'value="abc"' in typed.text
    assert title(typed).startswith("Error: ")


def test_freezing_and_unfreezing_say_what_happened_and_are_audited(client, amina, brian, finance):
    deposit(amina, 100_00)
    for act, is_frozen, said in (
        ("freeze", True, "is frozen"),
        ("unfreeze", False, "not frozen any"),
    ):
        answer = client.post(page_of(amina, act), {"reason": REASON})
        assert (answer.status_code, answer.headers["Location"]) == (303, page_of(amina))
        assert said in text(client.get(page_of(amina)))
        assert Account.objects.get(user=amina).is_frozen is is_frozen
        event = AuditEvent.objects.first()
        assert (event.action, event.subject, event.reason) == (act, f"member {amina.pk}", REASON)
        assert (event.actor, event.address) == (finance, "127.0.0.1")


def test_an_old_page_is_told_that_it_was_done_already(client, amina):
    for act, said in (
        ("unfreeze", "was not frozen"),
        ("freeze", "is frozen"),
        ("freeze", "already"),
    ):
        client.post(page_of(amina, act), {"reason": REASON})
        assert said in text(client.get(page_of(amina)))
    assert AuditEvent.objects.count() == 1


def test_htmx_is_sent_to_the_page_after_a_change(client, amina):
    answer = client.post(page_of(amina, "freeze"), {"reason": REASON}, headers=htmx("freezing"))
    assert answer.headers["HX-Redirect"] == page_of(amina)
    assert "Unfreeze this wallet" in text(client.get(page_of(amina)))


def test_nobody_unfreezes_their_own_wallet(client, finance):
    wallet_operations.freeze(account_id(finance))
    answer = client.post(page_of(finance, "unfreeze"), {"reason": REASON})
    assert answer.status_code == 422
    assert "Nobody unfreezes their own wallet. Ask a colleague." in problems(answer)
    assert Account.objects.get(user=finance).is_frozen
    other = signed_in(staff("finance"))
    assert other.post(page_of(finance, "unfreeze"), {"reason": REASON}).status_code == 303
    assert not Account.objects.get(user=finance).is_frozen


@pytest.mark.django_db(transaction=True)
def test_a_wallet_held_by_a_payment_for_too_long_is_answered_busy(client, amina):
    with held(account_id(amina)), patience(1):
        answer = client.post(page_of(amina, "freeze"), {"reason": REASON})
    assert answer.status_code == 503
    assert "Nissmart is busy right now" in problems(answer)[0]
    assert f'value="{REASON}"' in answer.text
    assert not Account.objects.get(user=amina).is_frozen
    assert not AuditEvent.objects.exists()


def test_auditors_read_and_do_nothing(amina, auditor):
    client = signed_in(auditor)
    response = client.get(page_of(amina))
    assert response.status_code == 200
    assert not [form for form in elements(response, "form") if "/reveal/" in str(form.attributes)]
    assert not [form for form in elements(response, "form") if "freeze/" in str(form.attributes)]
    for act in ("reveal", "freeze", "unfreeze"):
        answer = client.post(page_of(amina, act), {"reason": REASON})
        assert answer.status_code == 403
        assert_masked(answer, amina)
    assert not AuditEvent.objects.exists()
    assert not Account.objects.get(user=amina).is_frozen


def test_strangers_are_kept_out(amina, brian, operator, client):
    for other in (amina, brian, operator):
        for headers in (None, htmx("contact"), htmx("found")):
            assert signed_in(other).get(URL, headers=headers).status_code == 403
            assert signed_in(other).get(page_of(amina), headers=headers).status_code == 403
        for act in ("reveal", "freeze", "unfreeze"):
            answer = signed_in(other).post(page_of(amina, act), {"reason": REASON})
            assert answer.status_code == 403
    client.logout()
    for url in (URL, page_of(amina)):
        assert client.get(url).headers["Location"].startswith("/accounts/login/")
    for act in ("reveal", "freeze", "unfreeze"):
        answer = client.post(page_of(amina, act), {"reason": REASON})
        assert answer.headers["Location"].startswith("/accounts/login/")
        assert client.get(page_of(amina, act)).status_code == 405
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("id", ["0", "999999999", "9" * 18, "9" * 19, "-1", "x"])
def test_who_is_not_there_is_not_found(client, id):
    assert client.get(f"{URL}{id}/").status_code == 404
    for act in ("reveal", "freeze", "unfreeze"):
        assert client.post(f"{URL}{id}/{act}/", {"reason": REASON}).status_code == 404
