"""Text from people holds nothing that hides, reorders or breaks what stands around it."""

import pytest
from django.core.exceptions import ValidationError

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
def test_what_no_keyboard_types_is_refused(typed):
    with pytest.raises(ValidationError) as refusal:
        refuse_control_characters(f"Lunch{typed}")
    assert refusal.value.messages == ["Use letters, digits and ordinary signs only."]
