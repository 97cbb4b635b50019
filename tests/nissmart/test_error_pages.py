"""When something goes wrong, people see our calm page, and the log has the error."""

import logging

import pytest
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from django.test import Client
from django.urls import include, path

from tests.conftest import pass_second_factor
from tests.pages import elements, htmx, is_whole_page, text, title

RAISES = {
    "boom": lambda: RuntimeError("the secret of the boom"),
    "database-down": lambda: OperationalError("could not connect to server"),
    "connection-lost": lambda: InterfaceError("connection already closed"),
    "bad": lambda: BadRequest("unreadable"),
    "denied": lambda: PermissionDenied("not yours"),
    "missing": lambda: Http404("no row 7"),
}


def explode(request, what):
    raise RAISES[what]()


urlpatterns = [path("explode/<str:what>/", explode), path("", include("nissmart.urls"))]
handler429 = "nissmart.views.too_many_attempts"
handler500 = "nissmart.views.server_error"

PAGES = [
    ("boom", 500, "There is a problem with Nissmart"),
    ("database-down", 503, "Nissmart is busy right now"),
    ("connection-lost", 503, "Nissmart is busy right now"),
    ("bad", 400, "We couldn't read that request"),
    ("denied", 403, "You can't open this page"),
    ("missing", 404, "We couldn't find that page"),
]


@pytest.fixture
def client(settings) -> Client:
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.any_engine
@pytest.mark.parametrize(("what", "status", "heading"), PAGES)
def test_each_error_has_our_page_without_a_query(client, what, status, heading):
    """This test has no database, so a query would fail it."""
    for headers in (None, htmx("move")):
        answer = client.get(f"/explode/{what}/", headers=headers)
        assert answer.status_code == status
        assert is_whole_page(answer)
        assert title(answer) == f"{heading} · Nissmart"
        assert f"Error {status}" in text(answer)
        assert elements(answer, "link", rel="stylesheet")
        assert RAISES[what]().args[0] not in answer.text
        assert "Content-Security-Policy" in answer.headers
        assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.any_engine
@pytest.mark.parametrize(("what", "status", "heading"), PAGES)
def test_error_pages_say_what_happened_to_the_money(client, what, status, heading):
    said = text(client.post(f"/explode/{what}/", {"amount": "1"}))
    if status >= 500:
        assert "Your money is safe." in said
    elif status == 400:
        assert "Nothing has moved." in said


@pytest.mark.any_engine
def test_busy_says_when_to_try_again(client):
    answer = client.get("/explode/database-down/")
    assert int(answer.headers["Retry-After"]) > 0
    assert "Retry-After" not in client.get("/explode/boom/").headers


@pytest.mark.parametrize("what", ["boom", "database-down", "connection-lost"])
def test_the_log_has_the_trace(client, caplog, what):
    with caplog.at_level(logging.ERROR):
        client.get(f"/explode/{what}/")
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    assert record.exc_info
    assert str(RAISES[what]()) in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.any_engine
@pytest.mark.django_db
@pytest.mark.parametrize(("what", "status", "heading"), PAGES)
def test_a_member_gets_the_same_page_and_stays_signed_in(client, alice, what, status, heading):
    client.force_login(alice)
    answer = client.get(f"/explode/{what}/")
    assert answer.status_code == status
    assert heading in text(answer)
    assert client.get("/activity/").status_code == 200


@pytest.mark.django_db
def test_a_database_failure_during_an_order_is_a_503(client, alice, monkeypatch):
    client.force_login(alice)

    def fail(*args, **kwargs):
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("ledger.operations.execution.statements.read", fail)
    order = {"amount": "1", "idempotency_key": "k", "confirm": "1"}
    answer = client.post("/deposit/", order)
    assert answer.status_code == 503
    assert "If you were moving money, check Activity before you try again." in text(answer)
    monkeypatch.undo()
    assert client.post("/deposit/", order).status_code == 303


@pytest.mark.any_engine
@pytest.mark.django_db
def test_too_many_attempts_have_a_page(client):
    for _ in range(40):
        answer = client.post("/accounts/signup/", {"name": ""})
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    assert title(answer) == "Too many attempts · Nissmart"
    assert "Wait 1 minute, then try again." in text(answer)
    assert answer.headers["Retry-After"] == "60"


@pytest.mark.any_engine
def test_a_wrong_host_is_a_bad_request(client, settings):
    settings.ALLOWED_HOSTS = ["nissmart.example"]
    answer = client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 400
    assert "evil.example" not in answer.text


@pytest.mark.any_engine
@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/nowhere/", "/activity/x/", "/admin/nowhere/", "/static/none.css"]
)
def test_an_unknown_url_is_not_found(client, path, operator):
    client.force_login(operator)
    pass_second_factor(client)
    assert client.get(path).status_code == 404


def test_healthz_makes_no_query(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "alive\n")


@pytest.mark.django_db
def test_readyz_asks_the_database(client, monkeypatch):
    assert (client.get("/readyz").status_code, client.get("/readyz").text) == (200, "ready\n")

    def fail(*args, **kwargs):
        raise OperationalError("down")

    monkeypatch.setattr("nissmart.views.MigrationExecutor", fail)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "no database\n")
