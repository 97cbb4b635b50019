"""The list of exports that the worker makes, and their files."""

from __future__ import annotations

import base64
from typing import NamedTuple

from django.conf import settings
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from adminpanel.access import panel_page
from adminpanel.exports import operations
from adminpanel.exports.datasets import CSV, DATASETS
from adminpanel.models import ExportJob
from ledger.csv_export import answer_without_rows, headers_of
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, render_part


class Row(NamedTuple):
    """A job in the list."""

    job: ExportJob
    what: str
    filters: str
    percent: int | None


@require_safe
@panel_page
def export_jobs(request: MemberRequest) -> HttpResponse:
    """All exports made in the background, newest first. While one is made the list looks again."""
    jobs = ExportJob.objects.select_related("asked_by")
    cursor = request.GET.get("cursor")
    if cursor and not paging.is_id(cursor):
        raise Http404
    page = paging.page(jobs, cursor, settings.PAGE_SIZE_PANEL)
    context = {
        "rows": [row(job) for job in page.rows],
        "next_cursor": page.next_cursor,
        "is_working": any(job.is_open for job in page.rows),
        "export_days": settings.EXPORT_DAYS,
        "section": "exports",
    }
    return render_part(request, "adminpanel/exports.html", context, part="exports")


def row(job: ExportJob) -> Row:
    dataset = DATASETS.get(job.dataset)
    filters = ", ".join(f"{capfirst(name)} {value}" for name, value in sorted(job.filters.items()))
    percent = None
    if job.rows_expected:
        percent = min(job.rows_done * 100 // job.rows_expected, 100)
    return Row(job, str(dataset.label) if dataset else job.dataset, filters, percent)


@require_safe
@panel_page
def export_file(request: MemberRequest, job_id: int) -> HttpResponseBase:
    """A finished file. 404 for one that isn't ready, or is deleted."""
    job = get_object_or_404(ExportJob, pk=job_id, state=ExportJob.State.DONE)
    if answer := answer_without_rows(request, job.file_name):
        return answer
    dataset = DATASETS.get(job.dataset)
    digest = base64.b64encode(bytes.fromhex(job.sha256)).decode()
    headers = headers_of(job.file_name) | {
        "Content-Type": dataset.content_type if dataset else CSV,
        "Content-Length": str(job.size_bytes),
        "Repr-Digest": f"sha-256=:{digest}:",
    }
    return StreamingHttpResponse(operations.open_file(context_of(request), job), headers=headers)
