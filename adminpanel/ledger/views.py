"""The ledger explorer: the filtered list, its sums, its export, and saved views."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import panel_page
from adminpanel.exports.datasets import Asked
from adminpanel.exports.handing_over import hand_over
from adminpanel.ledger import export, saved_views
from adminpanel.ledger.explorer import Explorer
from adminpanel.ledger.forms import SavedViewForm
from adminpanel.members import lookups
from adminpanel.members.queries import looks_like_person
from adminpanel.models import SavedView
from ledger.csv_export import answer_without_rows
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part
from wallet.web.rates import TooManyRequests
from wallet.web.refusals import mark_page


@require_safe
@panel_page
def ledger(request: MemberRequest) -> HttpResponseBase:
    """Every transaction, newest first, with the URL's filters."""
    explorer = Explorer(request.GET, saved_layout=saved_views.layout_of(request.user.pk))
    refusal = lookups.count(request, explorer.filters, "member")
    if explorer.wants_csv:
        return export_csv(request, explorer)
    return page(request, explorer, refusal=refusal)


def page(
    request: MemberRequest,
    explorer: Explorer,
    form: SavedViewForm | None = None,
    *,
    refusal: TooManyRequests | None = None,
    **more: Any,
) -> HttpResponse:
    """The ledger page. `form` is a refused form of a saved view, `more` its context."""
    is_valid = explorer.is_valid()
    found = explorer.page()
    views = saved_views.views_of(request.user.pk)
    context = {
        "explorer": explorer,
        "form": explorer.filters,
        "layout": explorer.layout,
        "records": found.rows,
        "flat": explorer.filters.is_filtered,
        "older_url": explorer.older_url(found.next_cursor) if found.next_cursor else None,
        "people": explorer.people_behind(found.rows),
        "sums": explorer.sums() if is_valid and explorer.is_summed_up else None,
        "views": views.own,
        "shared_views": views.shared,
        "view_form": form or SavedViewForm(),
        "is_refused": not is_valid or bool(form),
        "may_be_person": looks_like_person(text := explorer.typed("q")),
        "everywhere": urlencode({"q": text}),
        **more,
    }
    response = render_part(
        request,
        "adminpanel/ledger.html",
        context,
        part="ledger",
        status=422 if context["is_refused"] else 200,
        url=explorer.url,
    )
    return mark_page(response, refusal)


@require_safe
@panel_page
def ledger_totals(request: MemberRequest) -> HttpResponse:
    """Count and sums of the matching rows, for filters without roll-ups."""
    explorer = Explorer(request.GET)
    refusal = lookups.count(request, explorer.filters, "member")
    is_valid = explorer.is_valid()
    sums = explorer.sums() if is_valid else None
    context = {"explorer": explorer, "sums": sums, "is_counted": True}
    status = 200
    if not is_valid:
        status = 422
    elif not sums:
        status = 503  # counting took too long
    template = "adminpanel/ledger_totals.html"
    response = render_part(request, template, context, part="totals", status=status)
    return mark_page(response, refusal)


def export_csv(request: MemberRequest, explorer: Explorer) -> HttpResponseBase:
    """The matching rows as CSV.

    A GET, so that it's a plain link, although it adds an audit event. A repeated GET only adds
    another event.
    """
    if answer := answer_without_rows(request, export.FILE):
        return answer
    through_id = export.record(context_of(request), dict(explorer.filter_state))
    query = QueryDict(urlencode(explorer.filter_state))
    return hand_over(request, export.LEDGER, Asked(query, through_id))


@require_POST
@panel_page
def save_view(request: MemberRequest) -> HttpResponse:
    """Save the filters and columns as a view. Replace one of that name if the person agreed."""
    explorer = Explorer(QueryDict(request.POST.get("query", "")))
    refusal = lookups.count(request, explorer.filters, "member")
    form = SavedViewForm(request.POST)
    taken = ""
    if form.is_valid() and explorer.is_valid():
        name = form.cleaned_data["name"]
        view = {"owner_id": request.user.pk, "name": name, "query": explorer.query}
        try:
            # The button holds the name to replace, since the name field may have changed.
            may_replace = request.POST.get("replace") == name
            replaced = saved_views.save(**view, may_replace=may_replace)
        except Refusal as error:
            form.add_error("name", str(error))
            taken = name if isinstance(error, saved_views.NameTaken) else ""
        else:
            text = _("View “{name}” replaced.") if replaced else _("View “{name}” saved.")
            messages.success(request, text.format(name=name))
            return redirect_to(request, explorer.first_url)
    return page(request, explorer, form, refusal=refusal, taken=taken)


@require_POST
@panel_page
def keep_layout(request: MemberRequest) -> HttpResponse:
    """Show these columns and rows, and save them as the person's layout."""
    explorer = Explorer(request.POST)
    if "usual" in request.POST:
        explorer = Explorer(explorer.as_usual())
    refusal = lookups.count(request, explorer.filters, "member")
    if explorer.layout.is_valid():
        query = urlencode(explorer.layout_state)
        saved_views.save_layout(owner_id=request.user.pk, query=query)
    if explorer.is_valid() and request.htmx.target != "ledger":
        return redirect_to(request, explorer.url)
    return page(request, explorer, refusal=refusal)


@require_POST
@panel_page
def share_view(request: MemberRequest, view_id: int) -> HttpResponse:
    """Show one's own view to everyone on the panel, or to oneself only."""
    view = own_view(request, view_id)
    is_shared = "share" in request.POST
    saved_views.share(view, is_shared=is_shared)
    text = _("View “{name}” is shared.") if is_shared else _("View “{name}” is yours only.")
    messages.success(request, text.format(name=view.name))
    explorer = Explorer(QueryDict(request.POST.get("query", "")))
    return redirect_to(request, explorer.first_url)


@require_POST
@panel_page
def delete_view(request: MemberRequest, view_id: int) -> HttpResponse:
    """Delete one of the person's own views."""
    view = own_view(request, view_id)
    saved_views.delete(view)
    messages.success(request, _("View “{name}” deleted.").format(name=view.name))
    explorer = Explorer(QueryDict(request.POST.get("query", "")))
    return redirect_to(request, explorer.first_url)


def own_view(request: MemberRequest, view_id: int) -> SavedView:
    mine = SavedView.objects.exclude(name=saved_views.LAYOUT)
    return get_object_or_404(mine, pk=view_id, owner=request.user)
