from django.urls import path

from adminpanel import views

app_name = "adminpanel"
urlpatterns = [
    path("", views.overview, name="overview"),
    path("activity/", views.activity, name="activity"),
    path("ledger/", views.ledger, name="ledger"),
    path("transactions/<reference:reference>/", views.transaction, name="transaction"),
]
