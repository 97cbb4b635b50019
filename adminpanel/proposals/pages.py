"""What the pages of proposals share: the queue with its tabs, and a decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_POST

from adminpanel.access import approver_page, maker_page
from adminpanel.models.proposals import Proposal, State
from adminpanel.proposals.forms import DenyForm
from adminpanel.proposals.life import Life
from adminpanel.proposals.queries import in_tab
from wallet.errors import Refusal, TooLate
from wallet.web import paging
from wallet.web.http import MemberRequest, context_of, redirect_to
from wallet.web.refusals import page_status

type Deciding = Callable[..., HttpResponseBase]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing[P: Proposal]:
    """How the pages of one model find a proposal and show it.

    `find` gets the ids in the URL; they name the proposal that the reader saw, and not the newest.
    `words` says what came of the decision, and `url_of` where to read it. After a refusal, `show`
    shows the proposal again, with the problem or with the form of a denial.
    """

    find: Callable[..., P]
    url_of: Callable[[P], str]
    show: Callable[..., HttpResponse]
    words: Callable[[P], str]


def views_of[P: Proposal](
    life: Life[P], showing: Showing[P]
) -> tuple[Deciding, Deciding, Deciding]:
    """The views that approve, deny and withdraw a proposal of one model."""
    return (
        require_POST(approver_page(view_of(showing, life.approve))),
        require_POST(approver_page(view_of(showing, life.deny, needs_reason=True))),
        require_POST(maker_page(view_of(showing, life.withdraw))),
    )


def view_of[P: Proposal](
    showing: Showing[P], act: Callable[..., P], *, needs_reason: bool = False
) -> Deciding:
    """The view of one act of `Life`."""

    def view(request: MemberRequest, **ids: int) -> HttpResponse:
        earlier = showing.find(**ids)
        form = DenyForm(request.POST)
        if needs_reason and not form.is_valid():
            return showing.show(request, earlier, form=form, status=422)
        reason = form.cleaned_data["reason"] if needs_reason else ""
        try:
            proposal = act(context_of(request, reason=reason), proposal_id=earlier.pk)
        except Refusal as refusal:
            if problem := problem_of(request, earlier, refusal):
                return showing.show(request, earlier, problem=problem, status=page_status(refusal))
            messages.info(request, str(refusal))
        else:
            LEVELS[State(proposal.state)](request, showing.words(proposal))
        return redirect_to(request, showing.url_of(earlier))

    return view


def problem_of(request: MemberRequest, earlier: Proposal, refusal: Refusal) -> str:
    """Why it can't be decided. Empty after a second click by the same person: the first did it."""
    earlier.refresh_from_db()
    is_second_click = isinstance(refusal, TooLate) and earlier.decided_by == request.user
    return "" if is_second_click else str(refusal)
