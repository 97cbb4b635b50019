from django.urls import path

from wallet import views

app_name = "wallet"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("profile/name/", views.ask_for_name, name="ask_for_name"),
    path("profile/tokens/", views.api_tokens, name="api_tokens"),
    path("profile/tokens/<id:token_id>/revoke/", views.revoke_api_token, name="revoke_api_token"),
    path("preferences/", views.preferences, name="preferences"),
]
