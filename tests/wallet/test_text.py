"""Text from people can't hide, reorder or break the text around it."""

import pytest
from django.core.exceptions import ValidationError

from wallet.names import refuse_invisible_characters
from wallet.text import refuse_control_characters

ORDINARY = [
    "Lunch",
    "Wanjikũ",
    "Ngũgĩ wa Thiong'o",
    "50 % & more <b>",
    "学费",
    "🎉",
    "a\u00a0b",
    "",
]
REFUSED = [
    "\0",
    "a\0b",
    "\n",
    "\r\n",
    "\t",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u202e",
    "\u2066",
    "\ud800",
]


@pytest.mark.parametrize("typed", ORDINARY)
def test_ordinary_text_passes(typed):
    refuse_control_characters(typed)


@pytest.mark.parametrize("typed", REFUSED)
def test_control_characters_are_refused(typed):
    with pytest.raises(ValidationError) as refusal:
        refuse_control_characters(f"Lunch{typed}")
    assert refusal.value.messages == ["Use letters, digits and ordinary signs only."]


NAMES = [
    "Jane",
    "Wanjikũ Ngũgĩ",
    "N\u0303jeri",
    "Ngũgĩ wa Thiong'o",
    "O-1",
    "李 小龍",
    "Zoë 🎉",
    "ʼAli",
]
INVISIBLE = [
    "\u200b", "\u200c", "\u200d", "\u200e", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u061c",
    "\u3164", "\u115f", "\uffa0", "\u2800", "\u034f", "\ufe0f", "\U000e0041", "\ue000",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_visible_name_passes(name):
    refuse_invisible_characters(name)


@pytest.mark.parametrize("hidden", INVISIBLE)
def test_a_name_with_invisible_characters_is_refused(hidden):
    for name in (hidden, hidden * 3, f"Jane{hidden}", f"{hidden}Jane", f"Ja{hidden}ne W"):
        with pytest.raises(ValidationError) as refusal:
            refuse_invisible_characters(name)
        assert refusal.value.messages == ["This name has invisible characters. Type it again."]


@pytest.mark.parametrize("name", [" ", "\u00a0", "\u3000 ", "\u0301", " \u0301"])
def test_a_blank_name_is_refused(name):
    with pytest.raises(ValidationError):
        refuse_invisible_characters(name)


@pytest.mark.parametrize("note", ["👨\u200d👩\u200d👧", "soft\u00adly"])
def test_a_note_may_have_joiners_and_soft_hyphens(note):
    refuse_control_characters(note)
