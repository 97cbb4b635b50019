from django.urls import path, register_converter

from ledger import views
from ledger.references import ReferenceConverter

register_converter(ReferenceConverter, "reference")

app_name = "ledger"
urlpatterns = [
    path("", views.home, name="home"),
    path("deposit/", views.deposit, name="deposit"),
    path("transfer/", views.transfer, name="transfer"),
    path("withdraw/", views.withdraw, name="withdraw"),
    path("activity/", views.activity, name="activity"),
    path("activity/<reference:reference>/", views.receipt, name="receipt"),
]
