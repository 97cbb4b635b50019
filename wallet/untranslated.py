"""Keep browsers from translating names, notes, references and amounts.

A translated page may call Faith "Imani", and that name is all a payer checks.
"""

import re

from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

# An amount or a reference in plain text, such as a sentence that the API sends as well.
FIGURE = re.compile(r"([+\u2212]?KES[\u00a0 ][\d,]+(?:\.\d\d)?|\bNS-[0-9A-Z]{8}\b)")


def keep(value: object) -> SafeString:
    """Mark a value as not to be translated. `bdi` also isolates right-to-left text."""
    text = conditional_escape(str(value))
    return format_html('<bdi translate="no">{}</bdi>', text) if text else SafeString()


def sentence(text: str | Promise, **facts: object) -> SafeString:
    """A sentence for a page, with untranslated facts: `{name} sent you`."""
    return format_html(str(text), **{name: keep(fact) for name, fact in facts.items()})


def keep_figures(text: str | Promise) -> SafeString:
    """Mark the amounts and references in a sentence as not to be translated."""
    if isinstance(text, SafeString):
        return text
    # `split` alternates between text and matches.
    pieces = enumerate(FIGURE.split(str(text)))
    return format_html_join("", "{}", ((keep(part) if at % 2 else part,) for at, part in pieces))
