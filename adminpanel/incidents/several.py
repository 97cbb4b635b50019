"""Assign several incidents to one person: choose them on the list, read them again, say why."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from adminpanel.access import finance_page
from adminpanel.incidents import operations
from adminpanel.incidents.forms import AssignSeveralForm
from adminpanel.models import Incident
from adminpanel.several import AT_MOST, Item, ids_in
from wallet.errors import Refusal
from wallet.models import AuditEvent
from wallet.staff import subjects
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, redirect_to


@require_http_methods(["GET", "HEAD", "POST"])
@finance_page
def assign_several(request: MemberRequest) -> HttpResponse:
    """The chosen incidents with their owners; a POST gives each the new one."""
    if request.method != "POST":
        return show(request, ids_in(request.GET.getlist("incident")), AssignSeveralForm())
    chosen = seen_in(request.POST.getlist("incident"))
    form = AssignSeveralForm(request.POST)
    if not form.is_valid():
        return show(request, list(chosen), form, status=422)
    owner, context = form.cleaned_data["owner"], context_of(request)
    done, left_out = 0, []
    for number, seen in chosen.items():
        try:
            operations.assign(
                context.because(form.cleaned_data["reason"]),
                incident_id=number,
                owner_id=owner.pk,
                seen=seen,
            )
        except (Refusal, Incident.DoesNotExist) as refusal:
            left_out.append(f"#{number}: {refusal}")
        else:
            done += 1
    if done:
        said = ngettext("{n} incident is {name}'s now.", "{n} incidents are {name}'s now.", done)
        messages.success(request, said.format(n=done, name=owner.name))
    if left_out:
        messages.warning(request, " ".join([_("Left out:"), *left_out]))
    return redirect_to(request, reverse("adminpanel:incidents"))


def seen_in(values: list[str]) -> dict[int, int]:
    """The chosen incidents, each with the last event that its page showed: `12 345`."""
    pairs = (value.partition(" ")[::2] for value in values[:AT_MOST])
    return {
        int(number): int(event) if paging.is_id(event) else 0
        for number, event in pairs
        if paging.is_id(number)
    }


def show(
    request: MemberRequest, ids: list[int], form: AssignSeveralForm, status: int = 200
) -> HttpResponse:
    found = list(Incident.objects.filter(pk__in=ids).select_related("owner"))
    names = {str(subjects.incident(one.pk)): one.pk for one in found}
    events = AuditEvent.objects.filter(subject__in=names).order_by().values_list("subject")
    last = {names[subject]: event for subject, event in events.annotate(last=Max("pk"))}
    items: list[Item] = []
    left_out: list[Item] = []
    for one in found:
        is_over = one.state == Incident.State.RESOLVED
        owner = one.owner.name if one.owner else _("no owner yet")
        item = Item(
            f"#{one.pk} {one.title}",
            reverse("adminpanel:incident", args=[one.pk]),
            str(one.badge.word) if is_over else owner,
            f"{one.pk} {last.get(one.pk, 0)}",
        )
        (left_out if is_over else items).append(item)
    counted = ngettext("{n} incident", "{n} incidents", len(items)).format(n=len(items))
    context = {
        "items": items,
        "left_out": left_out,
        "form": form,
        "field": "incident",
        "heading": _("Assign incidents"),
        "counted": counted,
        "button": _("Assign {counted}").format(counted=counted),
        "back": _("Incidents"),
        "back_url": reverse("adminpanel:incidents"),
    }
    return render(request, "adminpanel/several.html", context, status=status)
