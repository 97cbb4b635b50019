from django.urls import path

from wallet import security_views, views
from wallet.inbox import views as inbox
from wallet.signin import freeze_views, pin_views
from wallet.signin.verify import verify

app_name = "wallet"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("profile/verify/", verify, name="verify"),
    path("profile/name/", views.ask_for_name, name="ask_for_name"),
    path("profile/name/shown/", views.shown_name, name="shown_name"),
    path("profile/tokens/", views.api_tokens, name="api_tokens"),
    path("profile/tokens/<id:token_id>/revoke/", views.revoke_api_token, name="revoke_api_token"),
    path("security/", security_views.security_page, name="security"),
    path("security/sessions/", security_views.sessions, name="sessions"),
    path("security/sessions/end/", security_views.end_other_sessions, name="end_other_sessions"),
    path("security/sessions/<id:session_id>/end/", security_views.end_session, name="end_session"),
    path("security/tokens/", security_views.revoke_api_tokens, name="revoke_api_tokens"),
    path("security/pin/", pin_views.pin, name="pin"),
    path("security/pin/forgotten/", pin_views.forgotten_pin, name="forgotten_pin"),
    path("security/freeze/", freeze_views.freeze, name="freeze"),
    path("security/unfreeze/", freeze_views.unfreeze, name="unfreeze"),
    path("profile/messages/", inbox.choices, name="message_choices"),
    path("messages/", inbox.inbox, name="inbox"),
    path("messages/read/", inbox.read_all, name="read_all"),
    path("messages/<id:message_id>/", inbox.open_message, name="open_message"),
    path("preferences/", views.preferences, name="preferences"),
]
