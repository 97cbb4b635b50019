"""The search page."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from adminpanel.access import people_page
from adminpanel.members import lookups
from adminpanel.members.forms import FindForm
from adminpanel.members.queries import RECENT
from adminpanel.search import queries
from wallet.staff.roles import Right, may
from wallet.web.http import MemberRequest, redirect_to
from wallet.web.refusals import mark_page


@require_safe
@people_page
def search(request: MemberRequest) -> HttpResponse:
    """Redirect to an exact match. Otherwise show results in groups. Support finds only members."""
    reads = may(request.user, Right.READ)
    form = FindForm(request.GET, by_payments=reads)
    refusal = lookups.count(request, form, "q")
    text = form.cleaned_data["q"] if form.is_valid() else ""
    exact_url = queries.exact_url if reads else queries.member_url
    if text and (url := exact_url(text)):
        return redirect_to(request, url)
    groups = queries.groups if reads else queries.only_members
    context = {
        "form": form,
        "text": text,
        "groups": groups(text) if text else [],
        "recent": RECENT,
    }
    status = 200 if form.is_valid() else 422
    return mark_page(render(request, "adminpanel/search.html", context, status=status), refusal)
