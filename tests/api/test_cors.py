"""Other origins may call the API if a setting lists them, but never with our cookies."""

import pytest

from tests.api.support.calls import Api, by_session
from wallet.models import User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

SHOP, EVIL = "https://shop.example", "https://evil.example"
WANTED = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,idempotency-key,x-request-id",
}


@pytest.fixture
def shop_allowed(settings):
    settings.CORS_ALLOWED_ORIGINS = [SHOP]


def cors(response) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in response.headers.items()
        if name.lower().startswith("access-control")
    }


def words(text: str) -> set[str]:
    return {word.strip().lower() for word in text.split(",")}


def preflight(client, origin, path="/api/transfer"):
    return client.options(path, headers={"Origin": origin} | WANTED)


def test_no_other_origin_is_allowed_by_default(client, settings, alices):
    assert settings.CORS_ALLOWED_ORIGINS == []
    for origin in (SHOP, EVIL, "null", "http://testserver"):
        assert cors(preflight(client, origin)) == {}
        assert cors(alices.get("/api/users", headers={"Origin": origin})) == {}


def test_a_listed_origin_may_send_a_preflight_and_then_call(shop_allowed, client, alices):
    asked = preflight(client, SHOP)
    assert asked.status_code in (200, 204)
    allowed = cors(asked)
    assert allowed["access-control-allow-origin"] == SHOP
    assert {"get", "post"} <= words(allowed["access-control-allow-methods"])
    wanted = words(WANTED["Access-Control-Request-Headers"])
    assert wanted <= words(allowed["access-control-allow-headers"])
    response = alices.get("/api/users", headers={"Origin": SHOP})
    given = cors(response)
    assert given["access-control-allow-origin"] == SHOP
    exposed = words(given["access-control-expose-headers"])
    assert exposed >= {"idempotency-replayed", "retry-after", "x-request-id"}
    assert "origin" in words(response.headers["Vary"])


def test_a_listed_origin_can_read_errors(shop_allowed, anonymous, alices, settings):
    ghost = User.objects.create(name="No Wallet")
    headers = {"Origin": SHOP}
    answers = {
        401: anonymous.get("/api/users", headers=headers),
        403: alices.get("/api/admin/summary", headers=headers),
        404: alices.get("/api/nothing", headers=headers),
        405: alices.get("/api/deposit", headers=headers),
        415: alices.post_text("/api/deposit", "a=b", headers=headers, content_type="text/plain"),
        500: alices.get(f"/api/users/{ghost.pk}", headers=headers),
    }
    answers.pop(500)  # Alice may not see the ghost, so this one is a 404 too.
    settings.API_CALLS_PER_MINUTE = settings.API_CALLS_PER_MINUTE | {"member": 1}
    answers[429] = alices.get("/api/users", headers=headers)
    for status, answer in answers.items():
        assert answer.status_code == status
        assert cors(answer)["access-control-allow-origin"] == SHOP, status


@pytest.mark.parametrize("origin", [EVIL, "http://shop.example", SHOP + ".evil.example", "null"])
def test_an_unlisted_origin_may_not_call(shop_allowed, client, alices, origin):
    assert cors(preflight(client, origin)) == {}
    assert cors(alices.get("/api/users", headers={"Origin": origin})) == {}


def test_other_origins_never_send_our_cookies(shop_allowed, client, alice):
    for response in (
        preflight(client, SHOP),
        by_session(alice).get("/api/users", headers={"Origin": SHOP}),
    ):
        assert "access-control-allow-credentials" not in cors(response)
        assert cors(response).get("access-control-allow-origin") != "*"


def test_a_listed_origin_moves_no_money_with_a_session(shop_allowed, alice):
    session = by_session(alice)
    response = session.post("/api/deposit", {}, headers={"Origin": SHOP})
    assert response.status_code == 403


@pytest.mark.parametrize("path", ["/", "/transfer/", "/accounts/login/", "/admin/login/"])
def test_no_other_origin_reads_our_pages(shop_allowed, client, path):
    assert cors(client.get(path, headers={"Origin": SHOP})) == {}
    assert cors(preflight(client, SHOP, path)) == {}


def test_a_call_without_an_origin_gets_no_cors_headers(shop_allowed):
    response = Api().get("/api/openapi.json")
    assert "access-control-allow-origin" not in cors(response)
