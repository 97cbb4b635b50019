from django.urls import path

from wallet import views
from wallet.signin import freeze_views, pin_views

app_name = "wallet"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("profile/tokens/", views.api_tokens, name="api_tokens"),
    path("profile/tokens/<id:token_id>/revoke/", views.revoke_api_token, name="revoke_api_token"),
    path("security/pin/", pin_views.pin, name="pin"),
    path("security/pin/forgotten/", pin_views.forgotten_pin, name="forgotten_pin"),
    path("security/freeze/", freeze_views.freeze, name="freeze"),
    path("security/unfreeze/", freeze_views.unfreeze, name="unfreeze"),
    path("preferences/", views.preferences, name="preferences"),
]
