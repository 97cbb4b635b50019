"""A browser's translator leaves names, notes, references and amounts alone."""

from __future__ import annotations

import pytest
from django import template
from django.core import mail
from django.urls import reverse

from tests.conftest import signed_in
from tests.factories import PASSWORD, UserFactory
from tests.nissmart.support.exposed import exposed
from wallet.messages import sending
from wallet.untranslated import keep, keep_figures, sentence

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]


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
