"""All URLs of the panel. A section with several pages has its own `urls.py`."""

from django.urls import include, path, register_converter

from adminpanel.accounts import views as accounts
from adminpanel.audit import views as audit
from adminpanel.deposits import views as deposits
from adminpanel.overview import views as overview
from adminpanel.reports import statements
from adminpanel.search import views as search
from adminpanel.tables import views as tables
from wallet.web.converters import AccountIdConverter

register_converter(AccountIdConverter, "account_id")

app_name = "adminpanel"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("search/", search.search, name="search"),
    path("activity/", include("adminpanel.activity.urls")),
    # Money
    path("payouts/", include("adminpanel.payouts.urls")),
    path("deposits/", deposits.deposits, name="deposits"),
    path("reversals/", include("adminpanel.reversals.urls")),
    path("claims/", include("adminpanel.claims.urls")),
    path("adjustments/", include("adminpanel.corrections.urls")),
    # Books
    path("ledger/", include("adminpanel.ledger.urls")),
    path("transactions/", include("adminpanel.transactions.urls")),
    path("reconciliation/", include("adminpanel.reconciliation.urls")),
    path("close/", include("adminpanel.close.urls")),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<account_id:account_id>/", accounts.account, name="account"),
    path(
        "accounts/<account_id:account_id>/statement/",
        statements.account_statement,
        name="account_statement",
    ),
    path("reports/", include("adminpanel.reports.urls")),
    path("reports/exports/", include("adminpanel.exports.urls")),
    path("integrity/tables/", tables.tables, name="tables"),
    path("integrity/", include("adminpanel.integrity.urls")),
    # People
    path("members/", include("adminpanel.members.urls")),
    # Work
    path("incidents/", include("adminpanel.incidents.urls")),
    path("audit/", audit.audit, name="audit"),
]
