"""django-allauth's pages that change a second factor, with our rules."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from allauth.mfa.base import views as base_views
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_views
from allauth.mfa.totp import views as totp_views
from allauth.mfa.webauthn import views as webauthn_views
from allauth.mfa.webauthn.internal import auth as webauthn_auth
from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from wallet import safety
from wallet.safety import Change
from wallet.signin import factors, sessions
from wallet.signin.factors import StaffKeepOne, Type
from wallet.staff.roles import is_staff_now
from wallet.web.http import MemberRequest, context_of

PROVE_FIRST = _("Prove your phone number or email first, with the code that we send you.")

type View = Callable[..., HttpResponseBase]


class Changes:
    """A change of a second factor, with what follows from it, in one transaction."""

    request: MemberRequest

    @transaction.atomic
    def form_valid(self, form: Form) -> HttpResponse:
        user_id = self.request.user.pk
        safety.changed(context_of(self.request), user_id, Change.SECOND_FACTOR)
        sessions.end_others(user_id, but=self.request.session)
        return self.change(form)

    def change(self, form: Form) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)  # type: ignore[misc]
        return response


class Adds(Changes):
    """Setting up a factor proves it, so the session has passed it."""

    type: Type

    def change(self, form: Form) -> HttpResponse:
        response = super().change(form)
        mine = Authenticator.objects.filter(user=self.request.user, type=self.type)
        factors.record_passed(self.request, mine.latest("pk"))
        return response


class Removes(Changes, ABC):
    """Staff keep one factor."""

    def change(self, form: Form) -> HttpResponse:
        """`safety.changed` holds the wallet's lock: the second of two removals sees the first."""
        try:
            factors.refuse_last_of_staff(self.removed())
        except StaffKeepOne as refusal:
            transaction.set_rollback(True)
            messages.error(self.request, str(refusal))
            return redirect("mfa_index")
        return super().change(form)

    @abstractmethod
    def removed(self) -> Authenticator:
        """The factor that is to go."""


class Overview(base_views.IndexView):
    """What the person has set up. Staff learn here that they must."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        has_one = any(kind in context["authenticators"] for kind in factors.FACTORS)
        must_set_up = not has_one and is_staff_now(self.request.user)
        return context | {"must_set_up": must_set_up}


class EnterCode(base_views.AuthenticateView):
    """The step after the password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        app = Authenticator.objects.filter(user=self.stage.login.user, type=Type.TOTP)
        return context | {"has_app": app.exists()}


class MakeRecoveryCodes(Changes, recovery_views.GenerateRecoveryCodesView):
    pass


class ActivateTotp(Adds, totp_views.ActivateTOTPView):
    type = Type.TOTP


class DeactivateTotp(Removes, totp_views.DeactivateTOTPView):
    def removed(self) -> Authenticator:
        found: Authenticator = self.authenticator
        return found


class AddPasskey(Adds, webauthn_views.AddWebAuthnView):
    type = Type.WEBAUTHN

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Ask for a key that signs in by itself, after the fingerprint, face or screen lock."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        options = webauthn_auth.begin_registration(self.request.user, passwordless=True)
        return context | {"js_data": {"creation_options": options}}


class UsePasskey(webauthn_views.ReauthenticateWebAuthnView):
    """allauth's version sends people away after a passkey that didn't work."""

    def form_invalid(self, form: Form) -> HttpResponse:
        page: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return page

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data()
        return context | kwargs


class RemovePasskey(Removes, webauthn_views.RemoveWebAuthnView):
    def removed(self) -> Authenticator:
        found: Authenticator = self.get_object()
        return found


def passed_if_any(view: View) -> View:
    """A factor can't be changed by a session from before it was set up: such a session knows only
    the password."""

    @functools.wraps(view)
    def passed_or_sent(request: MemberRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
        is_member = request.user.is_authenticated
        if is_member and not factors.has_passed(request) and factors.has_one(request.user):
            return factors.send_to_it(request)
        return view(request, *args, **kwargs)

    return passed_or_sent


enter_code = EnterCode.as_view()
use_passkey = UsePasskey.as_view()


def proved_first(view: View) -> View:
    """Who has proved no contact sets up no second factor."""

    @functools.wraps(view)
    def set_up_or_sent(request: MemberRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not factors.may_set_up(request.user):
            messages.error(request, PROVE_FIRST)
            return redirect("mfa_index")
        return view(request, *args, **kwargs)

    return set_up_or_sent


overview = Overview.as_view()
activate_totp = proved_first(passed_if_any(ActivateTotp.as_view()))
deactivate_totp = passed_if_any(DeactivateTotp.as_view())
view_recovery_codes = passed_if_any(recovery_views.view_recovery_codes)
download_recovery_codes = passed_if_any(recovery_views.download_recovery_codes)
make_recovery_codes = passed_if_any(MakeRecoveryCodes.as_view())
add_passkey = proved_first(passed_if_any(AddPasskey.as_view()))
rename_passkey = passed_if_any(webauthn_views.edit_webauthn)
remove_passkey = passed_if_any(RemovePasskey.as_view())
