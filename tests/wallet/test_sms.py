"""One SMS for each message: 160 characters of the alphabet that every phone has."""

from __future__ import annotations

import re

import pytest
from django.test import override_settings
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.models import ScheduledRun
from wallet.messages import Topic, sms
from wallet.messages.words import WORDS
from wallet.money import format_amount, format_money
from wallet.names import short_name

pytestmark = pytest.mark.any_engine

FACTS = st.fixed_dictionaries(
    {
        "name": st.text(min_size=1, max_size=80).map(short_name),
        "what": st.text(max_size=120),
        "device": st.text(max_size=60),
        "amount": st.integers(1, 99_999_999_99).map(format_money),
        "balance": st.integers(0, 99_999_999_99).map(format_money),
        "tax": st.integers(0, 99_999_99).map(format_money),
        "fee": st.integers(0, 9_999_99).map(format_amount),
    }
)
LONG = "help@nissmart.example, 0800 000 000 or on WhatsApp 0711 000 000"
ALWAYS = {
    "reference": "NS-7K2Q9PXM",
    "phone": "0712***678",
    "at": "28 Nov 2026, 21:05",
    "link": "https://nissmart.example/security/sessions/",
    "month": "November 2026",
    "free_at": "30 Nov 2026, 21:05",
    "days": "The 30th of every month or its last day, next 30 Nov",
    "why": max(map(str, ScheduledRun.Missed.labels), key=len),
}


@given(facts=FACTS, contact=st.sampled_from(["", "0800 000 000", LONG]))
@settings(max_examples=50)
def test_every_message_is_one_sms_whatever_its_names_and_amounts(facts, contact):
    facts |= ALWAYS
    for topic in Topic:
        with override_settings(SUPPORT_CONTACT=contact):
            text = sms.compose(WORDS[topic], facts)
        assert sms.septets(text) <= 160, topic
        assert set(text) <= sms.ALPHABET, topic
        # Half a number would be someone else's.
        assert contact in text or "Not you? h" not in text, topic
        used = set(re.findall(r"{(\w+)}", str(WORDS[topic].text)))
        assert used <= facts.keys(), topic
        for name in used - set(sms.CUT):
            assert facts[name].replace("\N{NO-BREAK SPACE}", " ") in text, (topic, name)


def test_names_keep_their_letters_in_plain_form():
    assert sms.to_alphabet("Ng’ang’a Wanjikũ, José Łuk, Ñ") == "Ng'ang'a Wanjiku, José Luk, Ñ"
    assert sms.to_alphabet("王小明 🙂 Мария") == "? ? ?"


def test_money_sent_reads_as_in_m_pesa():
    facts = ALWAYS | {"at": "28/11/26 21:05", "name": "Jane W.", "fee": "0.00"}
    facts |= {"amount": format_money(500_00), "balance": format_money(734_50)}
    with override_settings(SUPPORT_CONTACT="0800 000 000"):
        assert sms.compose(WORDS[Topic.SENT], facts) == (
            "NS-7K2Q9PXM Confirmed. KES 500.00 sent to Jane W. 0712***678 on 28/11/26 21:05. "
            "Fee 0.00. Balance KES 734.50. Not you? 0800 000 000."
        )
        facts |= {"name": "Wolfeschlegelsteinhausenbergerdorff W."}
        text = sms.compose(WORDS[Topic.SENT], facts)
    assert "sent to Wolfeschlegelstei" in text
    assert text.endswith("Not you? 0800 000 000.")
