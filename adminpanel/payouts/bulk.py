"""Approve several payouts: choose them on the list, read them again, enter the password.

Each is approved by itself, under the fingerprint that the page showed. Those that changed in the
meantime are left out and named.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from adminpanel.access import approver_page
from adminpanel.payouts import flags, queries, words
from adminpanel.payouts.views import row
from ledger.models import Attempt
from ledger.models.attempts import State
from ledger.payouts import operations, people
from ledger.references import REFERENCE
from ledger.status import Badge
from wallet.errors import Refusal
from wallet.models import User
from wallet.money import format_money
from wallet.web.http import MemberRequest, context_of, redirect_to

# More than a page of the list has, so that a choice is never cut short.
AT_MOST = 100
FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class Pick(NamedTuple):
    """A payout that someone chose. `why_not` is empty if they may approve it now."""

    attempt: Attempt
    why_not: str
    rule: str
    flags: list[Badge]


@require_http_methods(["GET", "HEAD", "POST"])
@approver_page
@reauthentication_required(allow_get=True)
def approve_several(request: MemberRequest) -> HttpResponse:
    """The chosen payouts with their count and sum; a POST approves them.

    The password is asked for after the POST, by django-allauth, which then goes on with it.
    """
    if request.method == "POST":
        return approve_each(request, dict(seen(request.POST.getlist("payout"))))
    picks = picks_of(request, request.GET.getlist("payout"))
    ready = [pick.attempt for pick in picks if not pick.why_not]
    context = {
        "ready": [pick for pick in picks if not pick.why_not],
        "left_out": [pick for pick in picks if pick.why_not],
        "cents": sum(attempt.transaction.amount_cents for attempt in ready),
    }
    status = 200 if ready or not picks else 422
    return render(request, "adminpanel/payouts_approve.html", context, status=status)


def seen(values: list[str]) -> list[tuple[str, str]]:
    """(reference, fingerprint) of each payout that the page showed."""
    pairs = [value.partition(" ")[::2] for value in values[:AT_MOST]]
    return [
        (reference, fingerprint)
        for reference, fingerprint in pairs
        if REFERENCE.fullmatch(reference) and FINGERPRINT.fullmatch(fingerprint)
    ]


def picks_of(request: MemberRequest, references: list[str]) -> list[Pick]:
    """Each chosen payout once, oldest first, and why not if this person can't approve it."""
    valid = {text for text in references[:AT_MOST] if REFERENCE.fullmatch(text)}
    found = queries.with_decisions(queries.payouts())
    attempts = found.filter(transaction__reference__in=valid).order_by("pk")
    known = flags.habits(attempts)
    # Asked once, not for each payout.
    why_none = people.why_no_approvals(request.user)
    return [
        Pick(
            attempt,
            why_not(attempt, request.user, why_none),
            flags.rule(attempt),
            flags.flags(attempt, known),
        )
        for attempt in attempts
    ]


def why_not(attempt: Attempt, person: User, why_none: str) -> str:
    """Why this person can't approve the payout. `why_none` is why they can't approve any."""
    if attempt.state != State.HELD:
        return words.what_happened(attempt) or _("It doesn't wait for approval any longer.")
    line = row(attempt, person, flags.NOTHING)
    if line["is_own"]:
        return str(people.OWN_MONEY)
    if line["has_decided"]:
        return why_none or _("You decided this before, so a colleague must.")
    return why_none


def approve_each(request: MemberRequest, fingerprints: dict[str, str]) -> HttpResponse:
    """Approve each by itself, so that one that changed doesn't keep back the others."""
    found = queries.payouts().filter(transaction__reference__in=fingerprints).order_by("pk")
    done, left_out = [], []
    for attempt in found:
        reference = attempt.transaction.reference
        try:
            approved = operations.approve(
                context_of(request), attempt_id=attempt.pk, fingerprint=fingerprints[reference]
            )
        except Refusal as refusal:
            attempt.refresh_from_db()
            left_out.append(f"{reference}: {refusal} {words.what_happened(attempt)}".strip())
        else:
            if approved.state in (State.CANCELLED, State.FAILED):
                # The same person had approved it before, and its money is back since.
                left_out.append(f"{reference}: {words.what_happened(approved)}")
            else:
                done.append(attempt.transaction.amount_cents)
    if done:
        messages.success(request, after(len(done), sum(done)))
    if left_out:
        heading = _("Not approved, because they changed or you can't decide them.")
        messages.warning(request, " ".join([heading, *left_out]))
    if not (done or left_out):
        messages.info(request, _("No payouts were chosen. Nothing changed."))
    return redirect_to(request, reverse("adminpanel:payouts"))


def after(count: int, cents: int) -> str:
    return ngettext(
        "You approved %(count)d payout, %(amount)s.",
        "You approved %(count)d payouts, %(amount)s.",
        count,
    ) % {"count": count, "amount": format_money(cents)}
