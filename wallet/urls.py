from django.urls import path

from wallet import views

app_name = "wallet"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("preferences/", views.preferences, name="preferences"),
]
