"""A browser's translator leaves names, notes, references and amounts alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django import template
from django.core import mail
from django.test.html import Element, parse_html
from django.urls import reverse

from adminpanel.ledger import saved_views
from adminpanel.transactions import notes
from tests.adminpanel.support.proposals import propose
from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory, send
from tests.nissmart.support.crawl import crawl
from tests.pages import htmx
from wallet.context import Context
from wallet.messages import sending
from wallet.untranslated import keep, keep_figures, sentence

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

# Text of the cast and the crawl: full names for staff, short names for members.
WRITTEN = ["Alice W", "Bob O", "Finance P", "Olive O", "Wambui", "Lunch", "Sent twice"]
KEPT = re.compile(
    r"|".join(WRITTEN)
    + r"|NS-[0-9A-Z]{8}"  # a reference
    + r"|KES[\s\u00a0]\d|(?<![\d.])\d{1,3}(,\d{3})*\.\d\d(?![\d.])"  # an amount
)
# Attributes that a translator changes.
READ_OUT = {"alt", "aria-label", "label", "placeholder", "title"}
# Translators leave these alone, and a member's own text in a field.
NOT_TEXT = {"script", "style", "textarea"}


def exposed(page: str) -> set[str]:
    """The text on this page that a translator would change but must keep."""
    if '<meta name="google" content="notranslate">' in page:
        return set()
    root = parse_html(page)
    return {text for text in translatable(root, True) if KEPT.search(text)}


def translatable(element: Element, is_open: bool) -> Iterator[str]:
    given = dict(element.attributes)
    is_open = is_open and given.get("translate") != "no" and element.name not in NOT_TEXT
    if not is_open:
        return
    yield from (value for name, value in given.items() if name in READ_OUT and value)
    for child in element.children:
        if isinstance(child, str):
            yield " ".join(child.split())
        else:
            yield from translatable(child, is_open)


def test_no_page_of_a_crawl_exposes_any(alice, bob, finance, operator, wambui):
    record = send(alice, bob, 12_34, description="Lunch")
    propose(record, wambui)
    notes.write(Context(wambui.pk), transaction_id=record.pk, text="Shown to Alice Wanjiku")
    saved_views.save(owner_id=finance.pk, name="Shown", query="member=Alice+W")
    as_finance = signed_in(finance)
    incident = {"title": "Sent twice", "description": "Bob Otieno", "severity": "HIGH"}
    as_finance.post("/panel/incidents/open/", incident | {"transactions": record.reference})
    found, pages = {}, set()
    answers = list(crawl(alice, bob, finance, operator))
    answers += [("finance", url, as_finance.get(url)) for url in ("/panel/?by=count", "/panel/")]
    for url, part in [("/panel/ledger/?q=lunch", "ledger"), ("/panel/ledger/totals/", "totals")]:
        answers.append(("finance", f"part {part}", as_finance.get(url, headers=htmx(part))))
    for who, url, answer in answers:
        if answer.streaming or "html" not in answer.headers.get("Content-Type", ""):
            continue
        pages.add(url)
        found |= dict.fromkeys(exposed(answer.text), (who, url))
    assert not found
    assert len(pages) > 60


def test_the_check_finds_unmarked_text():
    assert exposed("<p>Sent to Bob O.</p>") == {"Sent to Bob O."}
    assert exposed('<a aria-label="Receipt NS-7K2Q9PXM"></a>')
    assert exposed('<p translate="no">x</p><p>You have KES 5.00 left</p>')
    assert not exposed('<p>Sent to <bdi translate="no">Bob O.</bdi></p>')


def test_amounts_and_references_in_plain_sentences_are_marked():
    text = "You have KES\u00a01,234.50 left; see NS-7K2Q9PXM. <b>"
    assert keep_figures(text) == (
        'You have <bdi translate="no">KES\u00a01,234.50</bdi> left; '
        'see <bdi translate="no">NS-7K2Q9PXM</bdi>. &lt;b&gt;'
    )


def test_facts_in_a_sentence_are_marked_and_escaped():
    assert sentence("{name} sent you {what}", name="<Bob>", what=keep("x")) == (
        '<bdi translate="no">&lt;Bob&gt;</bdi> sent you <bdi translate="no"><bdi translate="no">x'
        "</bdi></bdi>"
    )


def test_an_empty_value_gets_no_mark():
    empty = template.Template("{% load nissmart %}{{ x|keep|default:'-' }}")
    assert empty.render(template.Context({"x": ""})) == "-"


def test_mail_is_plain_text():
    jane = UserFactory(email="jane@example.com")
    new = {"oldpassword": PASSWORD, "password1": "another-Long-one-2"}
    signed_in(jane).post(
        reverse("account_change_password"), new | {"password2": "another-Long-one-2"}
    )
    sending.send_all()
    assert mail.outbox
    assert not any(getattr(message, "alternatives", None) for message in mail.outbox)
