from django.urls import path

from wallet import views
from wallet.signin.verify import verify

app_name = "wallet"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("profile/verify/", verify, name="verify"),
    path("profile/tokens/", views.api_tokens, name="api_tokens"),
    path("profile/tokens/<id:token_id>/revoke/", views.revoke_api_token, name="revoke_api_token"),
    path("preferences/", views.preferences, name="preferences"),
]
