"""Template tags and filters of the panel."""

import re
from datetime import date, timedelta
from typing import Any, NamedTuple

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from adminpanel.integrity.queries import failed_checks
from adminpanel.ledger.queries import unless_too_long
from adminpanel.menu import Section, menu_for
from adminpanel.models import CheckResult, ClaimEnding, Correction, Incident, ReversalProposal
from adminpanel.payouts.queries import pauses_now, payouts_to_decide
from adminpanel.payouts.words import age, rail_label
from adminpanel.proposals.queries import count_to_decide
from adminpanel.reversals.queries import People
from ledger.closing import periods
from ledger.models import Pause, Transaction
from ledger.querysets import nairobi_day
from ledger.references import PATTERN
from wallet.money import format_signed_money
from wallet.staff import subjects
from wallet.staff.roles import rights_of

register = template.Library()
register.filter(age)
register.filter(rail_label)

NAMED = re.compile(rf"(\b{PATTERN}\b|\baccount -?[0-9]{{1,18}}\b)")


class Standing(NamedTuple):
    """What needs attention on every page.

    `proposals` are those of reversals: to reverse, or to end a claim, of which `endings` are.
    """

    payouts: int | None
    proposals: int
    endings: int
    corrections: int
    incidents: int
    failed_checks: list[CheckResult]
    pauses: list[Pause]


class Link(NamedTuple):
    """A section of the menu on one page. `current` is the value of `aria-current`, or empty."""

    section: Section
    url_name: str
    current: str
    number: int


class LinkGroup(NamedTuple):
    name: str
    links: list[Link]


class Menu(NamedTuple):
    groups: list[LinkGroup]
    # What waits in all sections.
    waiting: int


@register.filter
def thousands(number: int) -> str:
    """`1234567` -> `1,234,567`."""
    return f"{number:,}"


@register.filter
def unsigned(number: int) -> str:
    """`-1234` -> `1,234`, beside a word or an arrow that says which way."""
    return f"{abs(number):,}"


@register.filter
def signed_text(cents: int) -> str:
    """`+KES 740.00`, without markup, for labels."""
    return format_signed_money(cents)


@register.filter
def behind(people: dict[int, People] | str, reversal: Transaction) -> People | None:
    """The people behind this reversal; None for any other transaction."""
    return people.get(reversal.pk) if isinstance(people, dict) else None


@register.filter
def with_links(text: str) -> SafeString:
    """The text of a finding, with references and accounts as links."""
    # Every second piece is a match.
    pieces = enumerate(NAMED.split(text))
    return format_html_join("", "{}", ((link(part) if at % 2 else part,) for at, part in pieces))


def link(name: str) -> SafeString:
    subject = subjects.parse(name) or subjects.transaction(name)
    return format_html('<a href="{}">{}</a>', subject.url, name)


@register.simple_tag
def closed_to() -> date | None:
    """The last day into which nothing can be dated any more, if any."""
    first = periods.open_from()
    return nairobi_day(first) - timedelta(days=1) if first else None


@register.simple_tag(takes_context=True)
def standing(context: dict[str, Any]) -> Standing:
    # The overview reads them too.
    read_failed = context.get("failed_checks", failed_checks)
    reversals, endings, corrections = count_to_decide(
        context["user"], ReversalProposal, ClaimEnding, Correction
    )
    return Standing(
        # The number in the menu mustn't cost the page.
        unless_too_long(payouts_to_decide(context["user"]).count),
        reversals + endings,
        endings,
        corrections,
        Incident.objects.exclude(state=Incident.State.RESOLVED).count(),
        read_failed(),
        pauses_now(),
    )


@register.simple_tag(takes_context=True)
def menu(context: dict[str, Any]) -> Menu:
    """The menu for this reader. It takes its counts from `standing`, which the page has read."""
    match = context["request"].resolver_match
    here = match.url_name if match else ""
    counts = context.get("standing")
    groups = [
        LinkGroup(str(group.name), [link_to(one, here, counts) for one in group.sections])
        for group in menu_for(rights_of(context["user"]))
    ]
    return Menu(groups, sum(link.number for group in groups for link in group.links))


def link_to(section: Section, here: str, counts: Standing | None) -> Link:
    current = "page" if here == section.page else "true" if here in section.inside else ""
    number = getattr(counts, section.counts) if counts and section.counts else 0
    return Link(section, f"adminpanel:{section.page}", current, number or 0)
