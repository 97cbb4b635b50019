"""Hand over an export: a short one immediately, a long one as a job for the worker."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from adminpanel.exports import operations
from adminpanel.exports.datasets import Asked, Dataset
from ledger.csv_export import headers_of
from wallet.db import replica
from wallet.web.http import context_of

logger = logging.getLogger(__name__)


def hand_over(request: HttpRequest, dataset: Dataset, asked: Asked) -> HttpResponseBase:
    """The file, or for more than EXPORT_ROWS_DIRECT rows the page of the jobs.

    The caller has recorded the export. A GET makes the job, as it made the file. It leads to
    another page, so reloading that asks for nothing.
    """
    most = settings.EXPORT_ROWS_DIRECT
    with replica.reads():
        is_short = dataset.count(asked, most) <= most
    if is_short:
        headers = headers_of(dataset.name(asked)) | {"Content-Type": dataset.content_type}
        return StreamingHttpResponse(texts(dataset, asked), headers=headers)
    operations.ask(context_of(request), dataset, asked)
    text = _("This export is large, so it's made in the background. It will be on this page.")
    messages.success(request, text)
    return HttpResponseRedirect(reverse("adminpanel:export_jobs"))


def texts(dataset: Dataset, asked: Asked) -> Iterator[str]:
    """The file's text. The status 200 has been sent, so a last line says if rows are missing."""
    try:
        for piece in replica.each(dataset.pieces(asked)):
            yield piece.text
    except Exception:
        logger.exception("export failed")
        yield _("EXPORT FAILED: ROWS ARE MISSING")
