"""PDF files: how many a member may make, and where their readers check them."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ledger.documents import codes
from ledger.documents.paper import Check
from wallet.web import rates
from wallet.web.http import MemberRequest

TOO_MANY = _("You've made as many PDF files as you can this hour.")


def limit_files(request: MemberRequest) -> None:
    """Count a PDF file of this member, because making one is work. Raises TooManyRequests."""
    limit = settings.PDF_FILES_PER_HOUR
    rates.enforce(f"pdf:{request.user.pk}", limit, rates.HOUR_S, TOO_MANY)


def check_of(request: MemberRequest, code: str) -> Check:
    """How a reader of the document with this code checks it, on this site."""
    return Check(code, request.build_absolute_uri(codes.path(code)))
