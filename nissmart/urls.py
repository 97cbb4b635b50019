"""All URLs."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from nissmart import views, well_known
from nissmart.api import api, nothing_here
from nissmart.metrics.views import metrics
from wallet.signin import factor_views
from wallet.signin.recovery import ForgotPassword, enter_code

# Operators sign in on the same page as everyone, with its rate limits and second factor. The
# admin's own form has neither, so it's never shown.
to_admin = RedirectView.as_view(pattern_name="admin:index")
admin.site.login = secure_admin_login(to_admin)  # type: ignore[method-assign]

to_profile = RedirectView.as_view(pattern_name="wallet:profile")
to_password = RedirectView.as_view(pattern_name="account_change_password")

# Ours come first. allauth has the other pages of the second factor.
second_factor = [
    path("", factor_views.overview, name="mfa_index"),
    path("authenticate/", factor_views.enter_code, name="mfa_authenticate"),
    path("totp/activate/", factor_views.activate_totp, name="mfa_activate_totp"),
    path("totp/deactivate/", factor_views.deactivate_totp, name="mfa_deactivate_totp"),
    path("recovery-codes/", factor_views.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "recovery-codes/generate/",
        factor_views.make_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path("recovery-codes/download/", factor_views.download_recovery_codes),
    path("webauthn/", RedirectView.as_view(pattern_name="mfa_index")),
    path("webauthn/add/", factor_views.add_passkey, name="mfa_add_webauthn"),
    path("webauthn/reauthenticate/", factor_views.use_passkey, name="mfa_reauthenticate_webauthn"),
    path("webauthn/keys/<int:pk>/edit/", factor_views.rename_passkey, name="mfa_edit_webauthn"),
    path("webauthn/keys/<int:pk>/remove/", factor_views.remove_passkey, name="mfa_remove_webauthn"),
    path("", include("allauth.mfa.urls")),
]

urlpatterns = [
    # First, because programs call it most.
    path("api/", api.urls),
    path("api/<path:rest>", nothing_here),
    path("", include("ledger.urls")),
    path("", include("wallet.urls")),
    path("panel/", include("adminpanel.urls")),
    # Email and phone are changed on the profile page, which asks for the password.
    path("accounts/password/reset/", ForgotPassword.as_view(), name="account_reset_password"),
    path("accounts/password/reset/code/", enter_code, name="account_reset_code"),
    path("accounts/email/", to_profile),
    path("accounts/phone/change/", to_profile),
    path("accounts/phone/verify/", to_profile),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include(second_factor)),
    # The admin's own page would neither revoke API tokens nor notify the holder.
    path("admin/password_change/", to_password),
    path("admin/", admin.site.urls),
    path(".well-known/change-password", to_password),
    path(".well-known/security.txt", well_known.security, name="security_txt"),
    path("manifest.webmanifest", well_known.manifest, name="manifest"),
    path("sw.js", well_known.service_worker, name="service_worker"),
    path("offline/", well_known.offline, name="offline"),
    path("robots.txt", well_known.robots, name="robots_txt"),
    path("healthz", views.healthz, name="healthz"),
    path("readyz", views.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
]

handler400 = "nissmart.views.bad_request"
handler403 = "nissmart.views.permission_denied"
handler404 = "nissmart.views.page_not_found"
# For allauth: Django has no such handler.
handler429 = "nissmart.views.too_many_attempts"
handler500 = "nissmart.views.server_error"
