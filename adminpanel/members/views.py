"""Pages of members, and the actions on a member."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import finance_page, people_page
from adminpanel.members import lookups, operations, queries, unfreezing
from adminpanel.members.forms import FindForm, ReasonForm
from adminpanel.models import Unfreezing
from ledger import history
from wallet.errors import Refusal
from wallet.models import Account, User
from wallet.staff import access
from wallet.staff.roles import Right, may
from wallet.web.http import MemberRequest, context_of, redirect_to, render_part
from wallet.web.refusals import mark_page, page_status

LATEST = 10


@require_safe
@people_page
def members(request: MemberRequest) -> HttpResponse:
    """Members matching a search, or all members, newest first. For support without their money."""
    reads = may(request.user, Right.READ)
    form = FindForm(request.GET, by_payments=reads)
    refusal = lookups.count(request, form, "q")
    context: dict[str, Any] = {"form": form, "rows": [], "next_cursor": None}
    if form.is_valid():
        found = queries.find(form.cleaned_data["q"], by_payments=reads)
        people = queries.frozen(found.people, form.cleaned_data["frozen"])
        page = queries.page(people, request.GET.get("cursor"), settings.PAGE_SIZE_PANEL)
        context |= {"rows": page.rows, "how": found.how, "next_cursor": page.next_cursor}
    status = 200 if form.is_valid() else 422
    template = "adminpanel/members.html"
    response = render_part(request, template, context, part="found", status=status)
    return mark_page(response, refusal)


@require_safe
@people_page
def member(request: MemberRequest, user_id: int) -> HttpResponse:
    """One member: balance, limits, transactions, incidents and audit. Support sees who it is."""
    return show(request, get_object_or_404(User, pk=user_id))


@require_POST
@finance_page
def reveal(request: MemberRequest, user_id: int) -> HttpResponse:
    """Show phone number and email on this response only. The reason goes into the audit."""
    user = get_object_or_404(User, pk=user_id)
    form = ReasonForm("reveal", request.POST)
    if not form.is_valid():
        return show(request, user, part="contact", status=422, reveal_form=form)
    context = context_of(request, reason=form.cleaned_data["reason"])
    revealed = operations.reveal(context, user.pk)
    return show(request, user, part="contact", revealed=revealed)


@require_POST
@finance_page
def freeze(request: MemberRequest, user_id: int) -> HttpResponse:
    """Stop money from leaving a member's wallet."""
    return change(request, user_id, "freeze", operations.freeze)


@require_POST
@finance_page
def unfreeze(request: MemberRequest, user_id: int) -> HttpResponse:
    """Propose to unfreeze a member's wallet, or do what a colleague has proposed."""
    return change(request, user_id, "unfreeze", unfreezing.unfreeze)


@require_POST
@finance_page
def keep_frozen(request: MemberRequest, user_id: int) -> HttpResponse:
    """Deny a colleague's proposal to unfreeze the wallet, or withdraw your own."""
    return change(request, user_id, "keep_frozen", unfreezing.keep_frozen)


def change(
    request: MemberRequest, user_id: int, act: str, operation: Callable[..., object]
) -> HttpResponse:
    """Freeze or unfreeze with a reason, and show a message."""
    user = get_object_or_404(User, pk=user_id)
    form, status = ReasonForm("freezing", request.POST), 422
    if form.is_valid():
        context = context_of(request, reason=form.cleaned_data["reason"])
        try:
            done = operation(context, user.pk)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            status = page_status(refusal)
        else:
            announce(request, user, act, done)
            return redirect_to(request, reverse("adminpanel:member", args=[user.pk]))
    name = "keep_form" if act == "keep_frozen" else "freezing_form"
    return show(request, user, part="freezing", status=status, **{name: form})


def announce(request: MemberRequest, user: User, act: str, done: object) -> None:
    is_changed = bool(done)
    if act == "keep_frozen":
        text = _("{name}'s wallet stays frozen.")
    elif is_changed and act == "freeze":
        text = _("{name}'s wallet is frozen. Money can come in but can't leave.")
    elif isinstance(done, Unfreezing) and done.is_open:
        text = _("A colleague must confirm that {name}'s wallet is unfrozen.")
    elif is_changed:
        text = _("{name}'s wallet is no longer frozen.")
    elif act == "freeze":
        text = _("{name}'s wallet was already frozen. Nothing changed.")
    else:
        text = _("{name}'s wallet wasn't frozen. Nothing changed.")
    notify = messages.success if is_changed else messages.info
    notify(request, text.format(name=user.name))


def show(
    request: MemberRequest, user: User, *, part: str = "", status: int = 200, **more: Any
) -> HttpResponse:
    """The member's page, or the part that htmx requests. `more` is the context of an action."""
    access.open_member(context_of(request), user.pk)
    account = user.primary_account()
    proposal = unfreezing.open_proposal(account) if account.is_frozen else None
    context = {
        "member": user,
        "account": account,
        "badge": queries.badge(user, [account]),
        "wallet_badge": queries.wallet_badge(account),
        "act": "unfreeze" if account.is_frozen else "freeze",
        "unfreezing": proposal,
        **unfreezing.choices(proposal, request.user),
        "reveal_form": ReasonForm("reveal"),
        "freezing_form": ReasonForm("freezing"),
        "keep_form": ReasonForm("keep"),
        "staff_freeze_form": ReasonForm("staff_freeze"),
        "freeze": queries.freezes_of([account]).get(user.pk),
        # Callables: a part of the page doesn't need them.
        "saved_cents": lambda: Account.objects.saved_cents(user.pk),
        "limits": lambda: queries.limits_today(account),
        "records": lambda: history.latest(account, LATEST),
        "incidents": queries.open_incidents(user),
        "proposals": queries.open_proposals(user),
        "events": queries.audit_of(user),
    }
    return render_part(request, "adminpanel/member.html", context | more, part=part, status=status)
