"""Live activity."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.activity import queries
from adminpanel.activity.forms import FeedFilter
from adminpanel.activity.queries import Filters, Mark
from wallet.web.http import MemberRequest, render_part

# A higher count shows as "50+".
NEWS_AT_MOST = 50


@require_safe
@panel_page
def activity(request: MemberRequest) -> HttpResponse:
    """The newest transactions and changes. Rows stay still until the reader asks for new ones."""
    form = FeedFilter(request.GET)
    is_valid = form.is_valid()
    chosen = form.active_filters() if is_valid else {}
    seen = Mark(request.GET.get("after", ""), request.GET.get("changed", ""))
    mark = queries.mark()
    filters = Filters(**chosen)
    lines = queries.lines(filters, seen, settings.PAGE_SIZE_PANEL) if is_valid else []
    context = {
        "form": form,
        "is_filtered": bool(chosen),
        "is_paused": bool(request.GET.get("pause")),
        "lines": lines,
        "new": sum(line.is_new for line in lines),
        "ledger_query": urlencode(chosen),
        "types": picks(form, "type"),
        "statuses": picks(form, "status"),
        **urls(chosen, mark),
    }
    status = 200 if is_valid else 422
    return render_part(request, "adminpanel/activity.html", context, part="feed", status=status)


@require_safe
@panel_page
def news(request: MemberRequest) -> HttpResponse:
    """How many lines are newer than the page. 204 when the page shows that number already."""
    form = FeedFilter(request.GET)
    if not form.is_valid():
        raise Http404
    seen = Mark(request.GET.get("after", ""), request.GET.get("changed", ""))
    known = request.GET.get("known", "0")
    count = queries.news(Filters(**form.active_filters()), seen, NEWS_AT_MOST + 1)
    if str(count) == known:
        return HttpResponse(status=204)
    context = {
        "count": count,
        "shown": f"{NEWS_AT_MOST}+" if count > NEWS_AT_MOST else str(count),
        "is_first": known == "0",
        **urls(form.active_filters(), seen, known=str(count)),
    }
    return render(request, "adminpanel/activity.html#news", context)


def urls(chosen: dict[str, str], mark: Mark, **more: str) -> dict[str, str]:
    """URLs to count and to show the lines newer than `mark`, with the same filters."""
    since = chosen | {"after": mark.ordered, "changed": mark.settled}
    return {
        "news_url": f"{reverse('adminpanel:news')}?{urlencode(since | more)}",
        "fresh_url": f"{reverse('adminpanel:activity')}?{urlencode(since)}",
    }


def picks(form: FeedFilter, name: str) -> list[tuple[str, str, bool]]:
    """(value, label, is chosen) of each choice of a filter."""
    now = form.data.get(name, "")
    return [(value, str(words), value == now) for value, words in form.choices(name)]
