"""The pages of scheduled payments: form, second factor, review with the PIN, list and history."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.due_days import Days, Every
from ledger.models import Schedule, Transaction
from ledger.schedules import operations
from ledger.schedules.runs import run_due
from tests.books import nothing_moves
from tests.conftest import signed_in
from tests.factories import PIN, balance, new_key, send
from tests.ledger.support.scheduled import CENTS, MONDAY, TODAY, at, schedule
from tests.pages import elements, htmx, text, words
from wallet.models import Account, Pin, User

pytestmark = pytest.mark.django_db

NEW = "/scheduled/new/"


@pytest.fixture(autouse=True)
def now(time_machine):
    time_machine.move_to(at(TODAY), tick=False)
    return lambda day, hour=9: time_machine.move_to(at(day, hour), tick=False)


@pytest.fixture
def as_alice(now, alice):
    return signed_in(alice)


def typed(payee: User, **more: str) -> dict[str, str]:
    fields = {"amount": "100", "recipient": payee.phone, "every": "week", "weekday": "1"}
    return fields | {"description": "Rent", "idempotency_key": new_key()} | more


def confirmed(payee: User, **more: str) -> dict[str, str]:
    return typed(payee, **more) | {"confirm": "1", "payee": str(payee.pk)}


def test_a_member_schedules_reviews_and_confirms_with_the_pin(as_alice, alice, bob):
    page = as_alice.post(NEW, typed(bob))
    words = text(page)
    assert "Every Monday" in words
    assert "First Mon 30 Nov 2026" in words
    assert bob.short_name in words
    assert bob.name not in words
    assert Schedule.objects.count() == 0
    fields = confirmed(bob)
    wrong = as_alice.post(NEW, fields | {"pin": "1111"})
    assert (wrong.status_code, Schedule.objects.count()) == (422, 0)
    assert "This PIN isn't right" in text(wrong)
    with nothing_moves():
        made = as_alice.post(NEW, fields)
        again = as_alice.post(NEW, fields | {"pin": "nonsense"})
    one = Schedule.objects.get()
    assert (made.status_code, again.status_code) == (303, 303)
    assert made.url == again.url == reverse("ledger:schedule", args=[one.pk])
    assert (one.amount_cents, one.payee, one.note, one.next_on) == (CENTS, bob, "Rent", MONDAY)
    assert Pin.objects.get(user=alice).guesses == 0
    assert "KES 100.00" in text(as_alice.get(made.url)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.any_engine
def test_an_htmx_form_gets_only_its_part(as_alice, bob):
    page = as_alice.post(NEW, typed(bob), headers=htmx("move"))
    assert page.content.lstrip().startswith(b'<section id="move"')
    made = as_alice.post(NEW, confirmed(bob), headers=htmx("move"))
    assert made.headers["HX-Redirect"].startswith("/scheduled/")


WRONG = [
    ({"amount": ""}, "Enter an amount."),
    ({"amount": "9.99"}, "Send KES 10.00 or more."),
    ({"every": "day"}, "Choose one from the list."),
    ({"every": "once"}, "Choose the day."),
    ({"every": "once", "on": "soon"}, "Enter a date, like 2026-11-22."),
    ({"every": "once", "on": "2026-11-29"}, "Choose a day that is still to come."),
    ({"every": "once", "on": "2099-01-01"}, "Choose a day within the next five years."),
    ({"every": "month", "monthday": "32"}, "Choose one from the list."),
    ({"weekday": ""}, "Choose the day."),
    ({"recipient": "0799 999 999"}, "No Nissmart member has this phone number"),
]


@pytest.mark.any_engine
def test_a_refused_form_keeps_what_was_typed(as_alice, bob, settings):
    settings.LEAST_TRANSFER_CENTS = 10_00
    for wrong, sentence in WRONG:
        page = as_alice.post(NEW, typed(bob, **wrong))
        assert page.status_code == 422
        assert sentence in text(page)
        assert 'value="Rent"' in page.content.decode()


@pytest.mark.any_engine
def test_fields_of_another_rhythm_do_not_count(as_alice, bob):
    as_alice.post(NEW, confirmed(bob, every="month", monthday="31", on="nonsense", weekday="9"))
    assert Schedule.objects.get().days == Days(Every.MONTH, 31)


def test_the_money_needs_to_be_there_only_for_someone_new(as_alice, alice, bob, carol):
    send(alice, bob, 950_00)
    page = as_alice.post(NEW, confirmed(carol))
    assert "You have KES 50.00 available." in text(page)
    stranger = as_alice.post(NEW, typed(carol, recipient="0799 999 999"))
    for each in (page, stranger):
        [summary] = elements(each, "div", class_="error-summary")
        assert (
            words(summary) == "There is a problem You have KES 50.00 available. Enter that or less."
        )
    assert as_alice.post(NEW, confirmed(bob)).status_code == 303


def test_a_refusal_names_no_hidden_balance(as_alice, alice, bob, carol):
    send(alice, bob, 950_00)
    as_alice.cookies["balance"] = "hidden"
    page = text(as_alice.post(NEW, confirmed(carol)))
    assert "There isn't enough for that. Enter less." in page
    assert "50.00" not in page


@pytest.mark.parametrize("wrong", [{"weekday": ""}, {"description": "x" * 141}])
def test_no_form_with_another_error_says_who_is_a_member(as_alice, alice, bob, carol, wrong):
    send(alice, bob, 1_000_00)
    pages = [
        as_alice.post(NEW, typed(carol, **wrong)),
        as_alice.post(NEW, typed(carol, recipient="0799 999 999", **wrong)),
    ]
    summaries = [words(elements(each, "div", class_="error-summary")[0]) for each in pages]
    assert summaries[0] == summaries[1]


def test_what_send_refuses_is_refused(as_alice, alice, bob):
    mine = Account.objects.filter(user=alice)
    for change, sentence in (
        ({"is_frozen": True, "frozen_by": "member"}, "This wallet is frozen"),
        ({"no_payouts_until": timezone.now() + timedelta(hours=9)}, "We changed how you sign in"),
    ):
        mine.update(is_frozen=False, frozen_by="")
        mine.update(**change)
        page = as_alice.post(NEW, confirmed(bob))
        assert page.status_code in {403, 409, 422}
        assert sentence in text(page)
    mine.update(is_frozen=False, frozen_by="", no_payouts_until=None)
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert "This account is closed" in text(as_alice.post(NEW, confirmed(bob)))
    assert "your own wallet" in text(as_alice.post(NEW, typed(alice)))
    assert Schedule.objects.count() == 0


@pytest.mark.any_engine
def test_a_large_one_asks_for_the_second_factor_first(as_alice, alice, bob, settings):
    settings.STEP_UP_ABOVE_CENTS = 50_00
    page = as_alice.post(NEW, typed(bob))
    assert "Confirm it's you" in text(page)
    skipped = as_alice.post(NEW, confirmed(bob))
    assert "Confirm it's you" in text(skipped)
    assert Schedule.objects.count() == 0


@pytest.mark.any_engine
def test_without_a_pin_it_is_set_first(as_alice, alice, bob):
    Pin.objects.all().delete()
    page = as_alice.post(NEW, typed(bob))
    assert (page.status_code, page.url.partition("?")[0]) == (303, reverse("wallet:pin"))


def test_the_review_of_an_edit_names_the_next_day_that_it_will_have(as_alice, now, alice, bob):
    """Its run of today hasn't been made yet, and takes place with the change."""
    one = schedule(alice, bob)
    now(MONDAY)
    page = as_alice.post(f"/scheduled/{one.pk}/edit/", typed(bob, amount="50", again="same"))
    assert "Next Mon 30 Nov 2026" in text(page)


def test_an_edit_asks_for_the_pin_unless_only_the_note_changes(as_alice, alice, bob, carol):
    one = schedule(alice, bob)
    url = reverse("ledger:edit_schedule", args=[one.pk])
    form = as_alice.get(url)
    assert bob.short_name in text(form)
    assert bob.phone not in form.content.decode()
    same = typed(bob, recipient="", again="same", description="Rent in Kisumu")
    assert as_alice.post(url, same).status_code == 303
    for change in ({"amount": "101"}, {"recipient": carol.phone}, {"weekday": "2"}):
        with nothing_moves():
            page = as_alice.post(url, same | change)
        assert (page.status_code, "Your PIN" in text(page)) == (200, True)
        refused = as_alice.post(url, same | change | {"confirm": "1", "pin": "1111"})
        assert "This PIN isn't right" in text(refused)
        Pin.objects.filter(user=alice).update(guesses=0)
    one.refresh_from_db()
    assert (one.amount_cents, one.payee, one.note) == (CENTS, bob, "Rent in Kisumu")
    change = {"amount": "7", "recipient": carol.phone, "payee": str(carol.pk), "weekday": "2"}
    as_alice.post(url, same | change | {"confirm": "1", "pin": PIN})
    one = Schedule.objects.get()
    assert (one.amount_cents, one.payee, one.day) == (7_00, carol, 2)
    picked = as_alice.post(url, same | {"pick": ""})
    assert 'name="recipient"' in picked.content.decode()


def test_pause_resume_and_cancel(as_alice, alice, bob):
    one = schedule(alice, bob, Days(Every.ONCE, on=MONDAY))
    pause, resume, cancel = (
        reverse(f"ledger:{act}_schedule", args=[one.pk]) for act in ("pause", "resume", "cancel")
    )
    assert as_alice.get(pause).status_code == 303
    one.refresh_from_db()
    assert one.is_active
    assert as_alice.post(pause).status_code == 303
    assert "Paused" in text(as_alice.get("/scheduled/"))
    Schedule.objects.update(on=TODAY)
    late = as_alice.post(resume)
    assert (late.status_code, "That day is over." in text(late)) == (422, True)
    Schedule.objects.update(on=MONDAY)
    as_alice.post(resume)
    one.refresh_from_db()
    assert one.is_active
    assert "Cancel it for good" in text(as_alice.get(cancel))
    assert as_alice.post(cancel).status_code == 303
    assert "You cancelled it" in text(as_alice.get(f"/scheduled/{one.pk}/"))
    assert as_alice.get(f"/scheduled/{one.pk}/edit/").status_code == 303


def test_history_says_why_and_a_receipt_says_that_it_was_scheduled(now, as_alice, alice, bob):
    one = schedule(alice, bob)
    now(MONDAY)
    run_due()
    send(alice, bob, balance(alice))
    now(MONDAY + timedelta(days=7))
    run_due()
    page = text(as_alice.get(f"/scheduled/{one.pk}/"))
    assert "7 Dec 2026 100.00 Missed Your wallet had too little money." in page
    assert "30 Nov 2026 100.00 Sent Receipt" in page
    receipt = reverse(
        "ledger:receipt", args=[Transaction.objects.get(amount_cents=CENTS).reference]
    )
    assert "Scheduled payment Every Monday" in text(as_alice.get(receipt))
    assert "Scheduled" not in text(signed_in(bob).get(receipt))


def test_a_strangers_schedule_is_404(alice, bob, carol):
    one = schedule(alice, bob)
    for person in (bob, carol):
        client = signed_in(person)
        assert "No payments" not in text(client.get("/scheduled/"))
        for act in ("", "edit/", "pause/", "resume/", "cancel/"):
            assert client.get(f"/scheduled/{one.pk}/{act}").status_code == 404
            assert client.post(f"/scheduled/{one.pk}/{act}").status_code in {404, 405}
    one.refresh_from_db()
    assert one.is_active


def test_there_is_a_limit_of_schedules(as_alice, alice, bob, monkeypatch):
    monkeypatch.setattr(operations, "SCHEDULES_AT_MOST", 1)
    schedule(alice, bob)
    page = as_alice.post(NEW, confirmed(bob))
    assert "You can have up to 1 scheduled payments." in text(page)
