"""What the pages of proposals share: the queue with its tabs, and a decision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from adminpanel.models.proposals import Proposal, State
from adminpanel.proposals.forms import DenyForm
from adminpanel.proposals.queries import in_tab
from wallet.errors import Refusal, TooLate
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, redirect_to
from wallet.web.refusals import page_status

LEVELS: dict[State, Callable[[HttpRequest, str], None]] = {
    State.POSTED: messages.success,
    State.REFUSED: messages.error,
    State.APPROVED: messages.warning,
    State.DENIED: messages.success,
    State.WITHDRAWN: messages.success,
}


def queue[P: Proposal](request: MemberRequest, found: QuerySet[P]) -> dict[str, Any]:
    """Open proposals by others or by the reader, oldest first. Decided ones, newest first."""
    tab = request.GET.get("tab", "")
    is_decided = tab == "decided"
    of_tab = in_tab(found, tab, request.user)
    page = paging.page(
        of_tab,
        request.GET.get("cursor"),
        settings.PAGE_SIZE_PANEL,
        # The row that a cursor names must have been decided, to have a time.
        among=of_tab if is_decided else None,
        oldest_first=not is_decided,
        time="decided_at" if is_decided else "",
    )
    return {
        "proposals": page.rows,
        "next_cursor": page.next_cursor,
        "tab": tab,
        "own_count": in_tab(found, "yours", request.user).count(),
    }


def decide[P: Proposal](
    request: MemberRequest,
    earlier: P,
    act: Callable[..., P],
    *,
    url: str,
    show: Callable[..., HttpResponse],
    words: Callable[[P], str],
    needs_reason: bool = False,
) -> HttpResponse:
    """Decide, and go to `url`. After a refusal, `show` the proposal with the problem.

    `words` says what came of the decision. A denial needs a reason, which its form has.
    """
    form = DenyForm(request.POST)
    if needs_reason and not form.is_valid():
        return show(request, earlier.pk, form=form, status=422)
    reason = form.cleaned_data["reason"] if needs_reason else ""
    try:
        proposal = act(context_of(request, reason=reason), proposal_id=earlier.pk)
    except Refusal as refusal:
        earlier.refresh_from_db()
        # A second click by the same person isn't a conflict. Show what the first one did.
        is_second_click = isinstance(refusal, TooLate) and earlier.decided_by == request.user
        if not is_second_click:
            return show(request, earlier.pk, problem=str(refusal), status=page_status(refusal))
        messages.info(request, str(refusal))
    else:
        LEVELS[State(proposal.state)](request, words(proposal))
    return redirect_to(request, url)
