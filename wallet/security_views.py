"""The security page, and the list of sessions."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from wallet.api import tokens
from wallet.models import Session
from wallet.signin import security
from wallet.signin import sessions as signin_sessions
from wallet.web.http import MemberRequest, redirect_to


@require_safe
@login_required
def security_page(request: MemberRequest) -> HttpResponse:
    """What protects the account, each with its state."""
    return render(request, "wallet/security.html", {"groups": security.groups(request)})


@require_safe
@login_required
def sessions(request: MemberRequest) -> HttpResponse:
    """Where the member is signed in."""
    found = signin_sessions.live(request.user.pk)
    rows = [(session, signin_sessions.is_this_one(request, session)) for session in found]
    rows.sort(key=lambda row: not row[1])
    return render(request, "wallet/sessions.html", {"sessions": rows})


@require_POST
@login_required
def end_session(request: MemberRequest, session_id: int) -> HttpResponse:
    """Sign out one session of the member. It may be this one."""
    session = signin_sessions.live(request.user.pk).filter(pk=session_id).first()
    if session is None:
        raise Http404
    if signin_sessions.is_this_one(request, session):
        signin_sessions.sign_out(request)
        return redirect_to(request, reverse("ledger:home"))
    if signin_sessions.end(request.user.pk, session_id, but=request.session):
        signin_sessions.note_sign_out(request, device=device_of(session))
    messages.success(request, _("{device} is signed out.").format(device=device_of(session)))
    return redirect_to(request, reverse("wallet:sessions"))


@require_POST
@login_required
def end_other_sessions(request: MemberRequest) -> HttpResponse:
    """Sign out everywhere else, and treat those devices as new from now on."""
    count = signin_sessions.end_others(request.user.pk, but=request.session)
    signin_sessions.forget_other_devices(request.user.pk, but=request.session)
    signin_sessions.note_sign_out(request, others=count)
    sentence = ngettext("%d other device is signed out.", "%d other devices are signed out.", count)
    messages.success(request, sentence % count)
    return redirect_to(request, reverse("wallet:sessions"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def revoke_api_tokens(request: MemberRequest) -> HttpResponse:
    """Ask, after a change of how the member signs in, whether their API tokens shall end too."""
    if request.method == "POST":
        tokens.revoke_all(request.user.pk)
        messages.success(request, _("Your API tokens are revoked."))
        return redirect_to(request, reverse("wallet:security"))
    live = list(tokens.live(request.user.pk))
    return render(request, "wallet/revoke_api_tokens.html", {"tokens": live})


def after_change(request: MemberRequest, url: str = "") -> str:
    """Where to go after the member changed how they sign in. Ends their other sessions.

    First to the question about their API tokens, if they have any. Otherwise to `url`, or back to
    the same page.
    """
    signin_sessions.end_others(request.user.pk, but=request.session)
    if tokens.live(request.user.pk).exists():
        return reverse("wallet:revoke_api_tokens")
    return url or request.path


def device_of(session: Session) -> str:
    return str(session.device) if session.device else _("Unknown browser")
