"""The inbox, what marks its messages as read, and where messages go."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wallet.db.retries import optional_write
from wallet.inbox import operations, rows
from wallet.inbox.forms import ChoicesForm
from wallet.models import Message
from wallet.web import paging
from wallet.web.cookies import hides_balance
from wallet.web.http import MemberRequest, redirect_to, render_part


@require_safe
@login_required
def inbox(request: MemberRequest) -> HttpResponse:
    """The messages to this member, newest first."""
    cursor = request.GET.get("cursor")
    page = paging.page(Message.objects.filter(user=request.user), cursor, settings.PAGE_SIZE)
    context = {
        "days": rows.by_day(page.rows, hides_balance=hides_balance(request)),
        "newest_id": page.rows[0].pk if page.rows and not cursor else None,
        "next_cursor": page.next_cursor,
    }
    return render_part(request, "wallet/inbox.html", context, part="inbox")


@require_safe
@login_required
def open_message(request: MemberRequest, message_id: int) -> HttpResponse:
    """Go to what the message is about. From now on it's read."""
    message = get_object_or_404(Message, pk=message_id, user=request.user)
    if request.method == "GET" and message.read_at is None:
        # While the database is busy or read-only the page matters more than the mark.
        with optional_write():
            operations.read_one(message)
    return redirect_to(request, rows.page_of(message))


@require_POST
@login_required
def read_all(request: MemberRequest) -> HttpResponse:
    """Mark all messages as read that were on the page or are older."""
    through = request.POST.get("through", "")
    if not paging.is_id(through):
        raise BadRequest("no message to read through")
    operations.read_all(request.user.pk, int(through))
    return redirect_to(request, reverse("wallet:inbox"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def choices(request: MemberRequest) -> HttpResponse:
    """Choose where each kind of message goes."""
    form = ChoicesForm(request.user, request.POST or None)
    if form.is_valid():
        operations.choose(request.user.pk, form.changes)
        messages.success(request, _("Saved."))
        return redirect_to(request, request.path)
    status = 422 if form.errors else 200
    return render(request, "wallet/message_choices.html", {"form": form}, status=status)
