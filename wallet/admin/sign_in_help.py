"""Help for a person who can't sign in: a password link, or two-step sign-in turned off."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.mfa.models import Authenticator
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from wallet import operations
from wallet.models import User
from wallet.signin import sessions
from wallet.signin.notices import notify
from wallet.staff.roles import is_staff_now, was_ever_staff
from wallet.web.fields import ReasonField
from wallet.web.http import MemberRequest, ShownOnce, context_of, redirect_to

NEW_LINK = ShownOnce("password_link")


class ReasonForm(forms.Form):
    reason = ReasonField(
        label=gettext_lazy("How did you check who is asking?"),
        help_text=gettext_lazy("The audit keeps it, with your name."),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter how you checked who is asking.")},
    )


@sensitive_variables("link")
@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required
def sign_in_help(request: MemberRequest, user_id: int) -> HttpResponse:
    """Make a link that sets a new password, or turn off two-step sign-in."""
    if not request.user.is_superuser:
        raise PermissionDenied
    person = get_object_or_404(User, pk=user_id)
    form = ReasonForm(request.POST or None)
    act, is_allowed = hand_over_link, may_get_link(person)
    if "remove_two_step" in request.POST:
        act, is_allowed = remove_second_step, may_be_reset(person, request.user)
    if is_allowed and form.is_valid():
        return act(request, person, form.cleaned_data["reason"])
    status = 422 if request.method == "POST" else 200
    context = page(request, person) | {"form": form, "link": NEW_LINK.take(request)}
    response = render(request, "admin/wallet/user/sign_in_help.html", context, status=status)
    return NEW_LINK.forget(response, request)


def may_get_link(person: User) -> bool:
    """Not staff: the link's holder can act as the person, so an operator could act as two people
    of the team, or lock a colleague out."""
    return person.is_active and not was_ever_staff(person)


def may_be_reset(person: User, operator: User) -> bool:
    """Not the operator's own: who knows their password could turn it off. Staff may be reset: that
    doesn't open their account, and they can't approve for a day (wallet/staff/newcomers.py)."""
    return person.is_active and person.pk != operator.pk


def hand_over_link(request: MemberRequest, person: User, reason: str) -> HttpResponse:
    key = operations.make_password_key(context_of(request, reason=reason), person)
    link = get_adapter(request).get_reset_password_from_key_url(key)
    notify(request, person, "account/email/password_link_made")
    return NEW_LINK.put(redirect_to(request, request.path), request, link)


def remove_second_step(request: MemberRequest, person: User, reason: str) -> HttpResponse:
    if operations.remove_second_step(context_of(request, reason=reason), person):
        sessions.end_others(person.pk)
        notify(request, person, "mfa/email/totp_deactivated")
        after = _("Two-step sign-in is off. Their password is enough now.")
        if is_staff_now(person):
            after = _("Two-step sign-in is off. They set it up again when they next sign in.")
        messages.success(request, after)
    return redirect_to(request, request.path)


def page(request: MemberRequest, person: User) -> dict[str, Any]:
    return admin.site.each_context(request) | {
        "title": _("Help with sign-in"),
        "original": person,
        "opts": User._meta,
        "may_get_link": may_get_link(person),
        "may_be_reset": may_be_reset(person, request.user)
        and Authenticator.objects.filter(user=person).exists(),
        "hours": settings.PASSWORD_RESET_TIMEOUT // 3600,
    }
