"""A Subject has one text form, is parsed from what people type, and knows its page."""

from __future__ import annotations

import pytest

from wallet.staff import subjects

REFERENCE = "NS-7K2Q9PXM"

SUBJECTS = [
    (subjects.member(12), "member 12", "/panel/members/12/"),
    (subjects.incident(3), "incident 3", "/panel/incidents/3/"),
    (
        subjects.transaction(REFERENCE),
        f"transaction {REFERENCE}",
        f"/panel/transactions/{REFERENCE}/",
    ),
    (subjects.account(-1), "account -1", "/panel/accounts/-1/"),
    (subjects.LEDGER, "ledger", "/panel/ledger/"),
    (subjects.AUDIT, "audit", None),
    (subjects.group(2), "group 2", None),
]


@pytest.mark.parametrize(("subject", "text", "url"), SUBJECTS)
def test_a_subject_has_one_text_form_and_a_page(subject, text, url):
    assert str(subject) == text
    assert subjects.parse(text) == subject
    assert subject.url == url


@pytest.mark.parametrize("text", ["Member 12", "member #12", "MEMBER12", " member # 12 "])
def test_other_spellings_are_parsed(text):
    assert subjects.parse(text) == subjects.member(12)


def test_a_reference_may_be_in_lower_case():
    assert subjects.parse("transaction ns-7k2q9pxm") == subjects.transaction(REFERENCE)


@pytest.mark.parametrize("text", ["", "12", "membership 12", "members", "member 1 2", "goat 3"])
def test_other_text_is_not_a_subject(text):
    assert subjects.parse(text) is None


@pytest.mark.parametrize("text", ["member", "member x", "member ٣", "transaction NS-x", "ledger 1"])
def test_an_incomplete_subject_has_no_page(text):
    subject = subjects.parse(text)
    assert subject is None or subject.url is None


def test_an_id_that_does_not_fit_the_database_is_ignored():
    assert subjects.member(12).id == 12
    assert subjects.parse("member " + "9" * 19).id is None
    assert subjects.parse("member -1").id is None
