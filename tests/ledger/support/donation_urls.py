"""The product's URLs, plus a page and an endpoint for donations."""

from django.http import HttpResponse
from django.urls import path
from ninja import NinjaAPI

from ledger.api.endpoints import MOVED, ORDER_AUTH, Key, own_wallets, owners_of, perform
from ledger.api.schemas import WithdrawIn
from ledger.operations import Order
from ledger.views import page_of
from nissmart import api as product
from nissmart.urls import urlpatterns as product_urls
from tests.ledger.support.donation import DONATION
from wallet.api.callers import CallRequest
from wallet.api.strict_json import StrictParser
from wallet.errors import Refusal

api = NinjaAPI(urls_namespace="donations", parser=StrictParser(), docs_url=None, openapi_url=None)
api.add_exception_handler(Refusal, product.refused)


@api.post("/donate", auth=ORDER_AUTH, response=MOVED)
def donate(
    request: CallRequest, response: HttpResponse, body: WithdrawIn, key: Key = None
) -> HttpResponse:
    wallets = own_wallets(request, body.user_id)
    order = Order(DONATION, body.amount_cents, wallets[body.user_id], None, body.description)
    return perform(request, response, order, key, owners_of(wallets))


urlpatterns = [
    path("donate/", page_of(DONATION), name="donate"),
    path("api/", api.urls),
    *product_urls,
]
