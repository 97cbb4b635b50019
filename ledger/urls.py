from django.urls import path

from ledger import views

app_name = "ledger"
urlpatterns = [
    path("", views.home, name="home"),
    path("deposit/", views.deposit, name="deposit"),
    path("transfer/", views.transfer, name="transfer"),
    path("withdraw/", views.withdraw, name="withdraw"),
    path("activity/", views.activity, name="activity"),
    path("activity/<str:reference>/", views.receipt, name="receipt"),
]
