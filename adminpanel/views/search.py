"""One box that finds everything."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from adminpanel import queries_search as queries
from adminpanel.access import panel_page
from adminpanel.forms_members import FindForm
from adminpanel.queries_members import RECENT
from wallet.http import MemberRequest, redirect_to


@require_safe
@panel_page
def search(request: MemberRequest) -> HttpResponse:
    """Go straight to what is named exactly; else show what fits, kind by kind."""
    form = FindForm(request.GET)
    text = form.cleaned_data["q"] if form.is_valid() else ""
    if text and (url := queries.jump(text)):
        return redirect_to(request, url)
    context = {
        "form": form,
        "text": text,
        "groups": queries.groups(text) if text else [],
        "recent": RECENT,
    }
    status = 200 if form.is_valid() else 422
    return render(request, "adminpanel/search.html", context, status=status)
