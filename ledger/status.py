"""One vocabulary of states: a word, a tone and a drawing, never colour alone."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Badge(NamedTuple):
    word: str | Promise
    tone: str
    icon: str


BADGES = {
    "PENDING": Badge(_("Processing"), "wait", "clock"),
    "SUCCESS": Badge(_("Complete"), "good", "check"),
    "FAILED": Badge(_("Did not go through"), "bad", "cross"),
}
# Said beside the status, which stays: the money had moved, and was taken back.
REVERSED = Badge(_("Reversed"), "calm", "return")
