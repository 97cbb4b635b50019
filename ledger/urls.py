from django.urls import include, path, register_converter

from ledger import views
from ledger.asks import views as asks
from ledger.documents import views as documents
from ledger.favourites import views as favourites
from ledger.kinds import DEPOSIT, TRANSFER, WITHDRAWAL
from ledger.leaving import views as leaving
from ledger.payouts.views import callback
from ledger.references import ReferenceConverter
from ledger.statements import views as statements

register_converter(ReferenceConverter, "reference")

app_name = "ledger"
urlpatterns = [
    path("", views.home, name="home"),
    path("deposit/", views.page_of(DEPOSIT), name="deposit"),
    path("transfer/", views.page_of(TRANSFER), name="transfer"),
    path("withdraw/", views.page_of(WITHDRAWAL), name="withdraw"),
    path("savings/", include("ledger.savings.urls")),
    path("scheduled/", include("ledger.schedules.urls")),
    path("ask/", asks.ask, name="ask"),
    path("ask/<id:ask_id>/", asks.one_ask, name="one_ask"),
    path("ask/<id:ask_id>/withdraw/", asks.withdraw_ask, name="withdraw_ask"),
    path("pay/<str:token>/", asks.pay, name="pay"),
    path("fees/", views.fees, name="fees"),
    path("help/", views.answers, name="help"),
    path("terms/", views.terms, name="terms"),
    path("privacy/", views.privacy, name="privacy"),
    path("verify/", documents.enter_code, name="enter_code"),
    path("verify/<str:code>/", documents.verify, name="verify"),
    path("rails/<str:secret>/<slug:kind>/", callback, name="callback"),
    path("profile/data/", leaving.download, name="my_data"),
    path("profile/close/", leaving.close, name="close_account"),
    path("statement/", statements.of_period, name="statement"),
    path("activity/", views.activity, name="activity"),
    path("activity/filter/", views.activity_filter, name="activity_filter"),
    path("activity/<reference:reference>/", views.receipt, name="receipt"),
    path("activity/<reference:reference>/pdf/", views.receipt_pdf, name="receipt_pdf"),
    path("activity/<reference:reference>/save/", favourites.save, name="favourite"),
    path("activity/<reference:reference>/report/", views.report, name="report"),
    path("activity/<reference:reference>/cancel/", views.cancel, name="cancel"),
]
