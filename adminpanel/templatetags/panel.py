"""What the frame of every page of the dashboard shows."""

from typing import Any, NamedTuple

from django import template

from adminpanel.models import CheckResult, CheckRun, Incident, ReversalProposal

register = template.Library()


class Standing(NamedTuple):
    """What waits for somebody, and whether the books were right when last looked at."""

    proposals: int
    incidents: int
    failed_checks: list[CheckResult]


@register.filter
def grouped(number: int) -> str:
    """`1234567` -> `1,234,567`."""
    return f"{number:,}"


@register.simple_tag(takes_context=True)
def standing(context: dict[str, Any]) -> Standing:
    last_run = CheckRun.objects.filter(finished_at__isnull=False).order_by("-finished_at")[:1]
    wrong = CheckResult.objects.filter(run__in=last_run.values("pk")).exclude(found=0, error="")
    return Standing(
        ReversalProposal.waiting_for(context["user"]).count(),
        Incident.objects.exclude(state=Incident.State.RESOLVED).count(),
        list(wrong),
    )
