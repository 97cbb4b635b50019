"""Template tags and filters of the panel."""

import re
from typing import Any, NamedTuple

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from adminpanel.ledger.queries import unless_too_long
from adminpanel.models import CheckResult, CheckRun, Correction, Incident, ReversalProposal
from adminpanel.payouts.queries import pauses_now, payouts_to_decide
from adminpanel.payouts.words import age, rail_label
from adminpanel.proposals.queries import count_to_decide
from adminpanel.reversals.queries import People
from ledger.models import Pause, Transaction
from ledger.references import PATTERN
from wallet.money import format_signed_money
from wallet.staff import subjects

register = template.Library()
register.filter(age)
register.filter(rail_label)

NAMED = re.compile(rf"(\b{PATTERN}\b|\baccount -?[0-9]{{1,18}}\b)")


class Standing(NamedTuple):
    """What needs attention on every page.

    `proposals` are those of reversals.
    """

    payouts: int | None
    proposals: int
    corrections: int
    incidents: int
    failed_checks: list[CheckResult]
    pauses: list[Pause]


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


@register.simple_tag(takes_context=True)
def standing(context: dict[str, Any]) -> Standing:
    last_run = CheckRun.objects.filter(finished_at__isnull=False).order_by("-finished_at")[:1]
    wrong = CheckResult.objects.filter(run__in=last_run.values("pk")).exclude(found=0, error="")
    reversals, corrections = count_to_decide(context["user"], ReversalProposal, Correction)
    return Standing(
        # The number in the menu mustn't cost the page.
        unless_too_long(payouts_to_decide(context["user"]).count),
        reversals,
        corrections,
        Incident.objects.exclude(state=Incident.State.RESOLVED).count(),
        list(wrong),
        pauses_now(),
    )
