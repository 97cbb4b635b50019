"""Pages of the ledger checks: latest results, history, and a button to run them."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from adminpanel.access import finance_page, panel_page
from adminpanel.incidents.checks import open_incident_of
from adminpanel.integrity import operations, queries, workers
from adminpanel.models import CheckResult, CheckRun
from ledger import verify
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part

HISTORY = 50


@require_safe
@panel_page
def integrity(request: MemberRequest) -> HttpResponse:
    """Every check with its latest result, and the progress of a run."""
    open_run = CheckRun.objects.filter(finished_at__isnull=True).first()
    if request.htmx.target == "checks" and not open_run:
        # The results may change the page's banner and navigation too, so reload the whole page.
        return HttpResponseClientRefresh()
    context = {
        "lines": queries.latest_results(),
        "open_run": open_run,
        "done": open_run.results.count() if open_run else 0,
        "number_of_checks": len(verify.CHECKS),
        "last_run": CheckRun.objects.filter(finished_at__isnull=False).first(),
        "workers": workers.workers,
    }
    return render_part(request, "adminpanel/integrity.html", context, part="checks")


@require_POST
@finance_page
def run_checks(request: MemberRequest) -> HttpResponse:
    """Request a run. The worker runs it."""
    operations.request_run(context_of(request))
    return redirect_to(request, reverse("adminpanel:integrity"))


@require_safe
@panel_page
def check(request: MemberRequest, name: str) -> HttpResponse:
    """One check: its rule and its past results."""
    found = verify.by_name(name)
    if found is None:
        raise Http404
    results = CheckResult.objects.filter(check_name=name).select_related("run__asked_by")
    history = list(results.order_by("-pk")[:HISTORY])
    context = {
        "check": found,
        "incident": open_incident_of(found.name),
        "history": history,
        "latest": history[0] if history else None,
    }
    return render(request, "adminpanel/check.html", context)
