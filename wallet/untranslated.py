"""What a browser's translator must leave alone: names, notes, references and amounts.

A translated page may call Faith "Imani", and a payer checks nothing but that name.
"""

import re

from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

# An amount or a reference in a sentence that is made as plain text, for the API as well.
FIGURE = re.compile(r"([+\u2212]?KES[\u00a0 ][\d,]+(?:\.\d\d)?|\bNS-[0-9A-Z]{8}\b)")


def keep(value: object) -> SafeString:
    """Mark a value on a page as not to be translated. `bdi` also keeps its letters in order."""
    text = conditional_escape(str(value))
    return format_html('<bdi translate="no">{}</bdi>', text) if text else SafeString()


def sentence(text: str | Promise, **facts: object) -> SafeString:
    """A sentence for a page, with these facts in it as they are: `{name} sent you`."""
    return format_html(str(text), **{name: keep(fact) for name, fact in facts.items()})


def keep_figures(text: str | Promise) -> SafeString:
    """Keep the amounts and references within a sentence."""
    if isinstance(text, SafeString):
        return text
    # Every second piece is what the pattern has found.
    pieces = enumerate(FIGURE.split(str(text)))
    return format_html_join("", "{}", ((keep(part) if at % 2 else part,) for at, part in pieces))
