"""Where a person finds help. Nothing promises any where nobody has said."""

from django.conf import settings
from django.utils.translation import gettext as _


def help_sentence() -> str:
    """`For help: help@example.com.`, or nothing."""
    contact = settings.SUPPORT_CONTACT
    return _("For help: %(contact)s.") % {"contact": contact} if contact else ""


def with_help(sentence: object) -> str:
    """The sentence, and where help is to be had."""
    return f"{sentence} {help_sentence()}".strip()
