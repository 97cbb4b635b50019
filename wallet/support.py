"""How people reach support. Empty when SUPPORT_CONTACT isn't set, so pages promise no help."""

from django.conf import settings
from django.utils.translation import gettext as _


def help_sentence() -> str:
    """`For help: help@example.com.`, or an empty string."""
    contact = settings.SUPPORT_CONTACT
    return _("For help: %(contact)s.") % {"contact": contact} if contact else ""


def with_help(sentence: object) -> str:
    """The sentence, followed by how to reach support."""
    return f"{sentence} {help_sentence()}".strip()
