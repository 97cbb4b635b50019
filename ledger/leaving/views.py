"""Pages on which a member takes their data or closes their account."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger.leaving import data, operations
from ledger.leaving.forms import CloseForm
from wallet.errors import Refusal
from wallet.web.http import MemberRequest, context_of, redirect_to
from wallet.web.refusals import mark_page


@require_safe
@login_required
@reauthentication_required
def download(request: MemberRequest) -> HttpResponse:
    """All that we hold about the member, as a JSON file."""
    document = JsonResponse(data.of(request.user), json_dumps_params={"indent": 2})
    document["Content-Disposition"] = 'attachment; filename="nissmart-data.json"'
    return document


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
def close(request: MemberRequest) -> HttpResponse:
    """Close the account, after the member has signed in again and ticked that they mean it."""
    form = CloseForm(request.POST if request.method == "POST" else None)
    refusal = None
    if form.is_valid():
        try:
            operations.close(context_of(request), request.user.pk)
        except Refusal as error:
            refusal = error
            form.add_error(None, str(error))
        else:
            logout(request)
            messages.success(request, _("Your account is closed. Thank you for saving with us."))
            return redirect_to(request, "/")
    status = 422 if form.errors else 200
    context = {"form": form, "years": settings.RETENTION_YEARS}
    page = render(request, "ledger/close_account.html", context, status=status)
    return mark_page(page, refusal)
