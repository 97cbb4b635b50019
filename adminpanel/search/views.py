"""The search page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.members import lookups
from adminpanel.members.forms import FindForm
from adminpanel.members.queries import RECENT
from adminpanel.search import queries
from wallet.web.http import MemberRequest, redirect_to
from wallet.web.refusals import mark_page


@require_safe
@panel_page
def search(request: MemberRequest) -> HttpResponse:
    """Redirect to an exact match. Otherwise show results in groups."""
    form = FindForm(request.GET)
    refusal = lookups.count(request, form, "q")
    text = form.cleaned_data["q"] if form.is_valid() else ""
    if text and (url := queries.exact_url(text)):
        return redirect_to(request, url)
    context = {
        "form": form,
        "text": text,
        "groups": queries.groups(text) if text else [],
        "recent": RECENT,
    }
    status = 200 if form.is_valid() else 422
    return mark_page(render(request, "adminpanel/search.html", context, status=status), refusal)
