"""Members who want it hear once a month that the statement of the last one is ready."""

from __future__ import annotations

import pytest
from django.urls import reverse

from ledger.statements import monthly
from nissmart import work
from tests.conftest import signed_in
from tests.ledger.support.crowd import run_together
from tests.pages import elements, text
from wallet.inbox import operations
from wallet.messages import Kind
from wallet.models import Delivery, Message, MessageChoice, Way

pytestmark = pytest.mark.django_db


def months(user) -> list[str]:
    of_statements = Message.objects.filter(user=user, topic="statement_ready").order_by("pk")
    return [message.facts["month"] for message in of_statements]


def test_each_month_once_from_the_month_it_was_asked_for(alice, bob, time_machine):
    time_machine.move_to("2026-11-29T09:00:00Z")
    operations.choose(alice.pk, {Kind.STATEMENTS: Way.EMAIL})
    assert monthly.report_due() == 0
    time_machine.move_to("2026-12-01T04:59:00Z")  # a minute to eight in Nairobi
    assert monthly.report_due() == 0
    time_machine.move_to("2026-12-01T05:00:00Z")
    assert [monthly.report_due() for _turn in range(2)] == [1, 0]
    # Another way for it changes nothing; off and on again begins anew.
    operations.choose(alice.pk, {Kind.STATEMENTS: Way.INBOX})
    time_machine.move_to("2027-02-28T09:00:00Z")
    assert [monthly.report_due() for _turn in range(2)] == [1, 0]
    operations.choose(alice.pk, {Kind.STATEMENTS: Way.OFF})
    time_machine.move_to("2027-03-01T09:00:00Z")
    assert monthly.report_due() == 0
    operations.choose(alice.pk, {Kind.STATEMENTS: Way.BOTH})
    assert monthly.report_due() == 0
    assert months(alice) == ["November 2026", "January 2027"]
    assert months(bob) == []
    about = Delivery.objects.filter(message__topic="statement_ready")
    assert [delivery.channel for delivery in about] == ["email"]

    client = signed_in(alice)
    [_newest, link, *_others] = [
        dict(row.attributes)["href"]
        for row in elements(client.get(reverse("wallet:inbox")), "a", class_="message")
        if "statement of" in str(row)
    ]
    page = client.get(link, follow=True)
    assert page.request["QUERY_STRING"] == "from=2026-11-01&to=2026-11-30"
    assert "1 to 30 November 2026" in text(page)


@pytest.mark.django_db(transaction=True)
def test_workers_together_and_a_crash_write_each_once(alice, bob, carol, time_machine, monkeypatch):
    time_machine.move_to("2026-11-29T09:00:00Z")
    for user in (alice, bob, carol):
        operations.choose(user.pk, {Kind.STATEMENTS: Way.SMS})
    time_machine.move_to("2026-12-01T09:00:00Z")

    def fail(*_args: object, **_facts: object) -> None:
        write(*_args, **_facts)
        raise RuntimeError("the process is going down")

    write = monthly.alert
    with monkeypatch.context() as patch:
        patch.setattr(monthly, "alert", fail)
        with pytest.raises(RuntimeError):
            monthly.report_due()
    assert not Message.objects.filter(topic="statement_ready").exists()
    run_together(*[monthly.report_due] * 3)
    assert [months(user) for user in (alice, bob, carol)] == [["November 2026"]] * 3
    assert set(MessageChoice.objects.values_list("through", flat=True)) == {monthly.last_month()}
    assert monthly.report_due in work.JOBS


def test_a_turn_reports_some_and_the_next_one_the_rest(alice, bob, time_machine, monkeypatch):
    time_machine.move_to("2026-11-29T09:00:00Z")
    for member in (alice, bob):
        operations.choose(member.pk, {Kind.STATEMENTS: Way.INBOX})
    time_machine.move_to("2026-12-01T09:00:00Z")
    monkeypatch.setattr(monthly, "AT_MOST", 1)
    assert [monthly.report_due() for _turn in range(3)] == [1, 1, 0]
    assert months(alice) == months(bob) == ["November 2026"]
