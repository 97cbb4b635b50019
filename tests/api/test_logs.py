"""Every answer has a request id. Every log line is JSON with that id, and has no secrets."""

import io
import json
import logging
import re
from datetime import timedelta

import pytest
from django.core import signing

from tests.api.support.calls import Api, by_token, issue, order
from tests.factories import send
from tests.pages import elements, words
from wallet.db.slow import note
from wallet.models import User

pytestmark = pytest.mark.django_db

HEADER = "X-Request-ID"


@pytest.fixture
def log():
    """Returns the lines that the site's own log handler has written during the test."""
    handler = logging.getHandlerByName("stderr")
    written = io.StringIO()
    original = handler.setStream(written)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    handler.setStream(original)


PATHS = ["/", "/healthz", "/nothing/", "/api/users", "/api/nothing"]


@pytest.mark.any_engine
@pytest.mark.parametrize("path", PATHS)
def test_a_plain_request_id_comes_back(client, path):
    for given in ("a", "order-17.retry_2", "A" * 64, "0" * 32):
        assert client.get(path, headers={HEADER: given}).headers[HEADER] == given


@pytest.mark.any_engine
@pytest.mark.parametrize("path", PATHS)
def test_any_other_id_is_replaced(client, path):
    injected = "a\r\nSet-Cookie: x=1"
    for given in ("", " ", "a b", "a" * 65, "é", "a\n", injected, '"}{', "a/b", "\x00"):
        name = client.get(path, headers={HEADER: given}).headers[HEADER]
        assert name != given
        assert len(name) == 32
        assert name.isalnum()


@pytest.mark.any_engine
def test_each_request_gets_its_own_id(client):
    assert len({client.get("/healthz").headers[HEADER] for _ in range(5)}) == 5


@pytest.mark.any_engine
def test_a_call_is_one_line_of_json_with_its_id(log, alices, alice):
    alices.get(f"/api/balance/{alice.pk}", headers={HEADER: "mine-1"})
    (line,) = log()
    assert list(line)[:4] == ["at", "level", "logger", "message"]
    assert set(list(line)[4:]) == {"status", "ms", "request_id", "route", "actor"}
    assert (line["route"], line["actor"]) == ("api:balance", alice.pk)
    assert line["message"] == f"GET /api/balance/{alice.pk}"
    assert (line["request_id"], line["status"], line["level"]) == ("mine-1", 200, "INFO")
    assert line["ms"] >= 0


@pytest.mark.any_engine
def test_every_log_line_of_a_call_has_its_request_id(log, client):
    ghost = User.objects.create(name="No Wallet")
    by_token(ghost).get(f"/api/users/{ghost.pk}", headers={HEADER: "first"})
    client.get("/nothing/", headers={HEADER: "second"})
    logging.getLogger("elsewhere").info("not in a call")
    *lines, last = log()
    assert "request_id" not in last
    assert [line["request_id"] for line in lines] == [*["first"] * 3, "second"]


def test_a_server_error_is_logged_with_its_trace(log):
    ghost = User.objects.create(name="No Wallet")
    response = by_token(ghost).get(f"/api/users/{ghost.pk}", headers={HEADER: "first"})
    assert "Traceback" not in response.text
    (line,) = [line for line in log() if "trace" in line]
    assert line["level"] == "ERROR"
    assert line["request_id"] == "first"
    assert line["path"] == f"/api/users/{ghost.pk}"
    assert "StopIteration" in line["trace"]


@pytest.mark.any_engine
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/api/x%0Ainjected", "GET /api/x\ninjected"),
        ("/api/%22%7D%7B", 'GET /api/"}{'),
        ("/api/%E2%80%A8%00%FF", "GET /api/\u2028\x00%FF"),
    ],
)
def test_a_path_stays_inside_its_log_line(log, client, path, message):
    client.get(path)
    assert message in {line["message"] for line in log()}


@pytest.mark.any_engine
@pytest.mark.parametrize(
    "phone",
    [
        "+254712345678",
        "254712345678",
        "0712345678",
        "0712 345 678",
        "+254 712 345 678",
        "0712-345-678",
        "+254-712-345678",
    ],
)
def test_phone_numbers_are_masked_everywhere_in_the_log(log, client, phone):
    logger = logging.getLogger("somewhere")
    logger.warning("calls %s.", phone)
    logger.warning("calls", extra={"phone": phone, "more": {"of": [phone]}})
    try:
        raise ValueError(phone)
    except ValueError:
        logger.exception("fails")
    client.get(f"/api/nothing/{phone}")
    text = json.dumps(log())
    assert phone not in text
    assert not re.search(r"12\W?345", text)
    assert text.count("678") >= 5, "the last digits are missing"


@pytest.mark.any_engine
def test_other_numbers_are_not_masked(log):
    logging.getLogger("x").info("NS-0123456789 1234567890 10712345678 0.712345678 2026-11-22T10:00")
    assert log()[0]["message"].endswith("1234567890 10712345678 0.712345678 2026-11-22T10:00")


@pytest.mark.any_engine
def test_secrets_and_bodies_stay_out_of_the_log(log, alice, bob, settings):
    settings.DEBUG = True
    secret = issue(alice)
    caller = Api({"Authorization": f"Bearer {secret}"})
    wanted = order("transfer", alice.pk, bob.pk, description="Very private")
    assert caller.post("/api/transfer", wanted, "my-own-key").status_code == 201
    caller.post("/api/transfer", wanted | {"description": "Very private 2"}, "my-own-key")
    caller.post_text("/api/transfer", '{"password": "hunter2"')
    caller.get("/api/users", q="Jane Secret")
    caller.headers["Authorization"] = f"Basic {secret}"
    caller.get("/api/users")
    text = json.dumps(log())
    for private in (secret, secret[4:], "Very private", "my-own-key", "hunter2", "Secret"):
        assert private not in text


@pytest.mark.any_engine
def test_keys_in_urls_stay_out_of_the_log(log, client):
    # pragma: allowlist nextline secret
    keys = ["/accounts/password/reset/key/1-dilqa0-0123456789abcdef/", "/rails/hush-hush/stk/"]
    for path in keys:
        client.post(path)
        client.get(f"/nothing{path}")
    written = json.dumps(log())
    assert "dilqa0" not in written
    assert "hush" not in written
    assert written.count("/password/reset/key/***/") >= 2


@pytest.mark.any_engine
def test_a_refused_request_is_one_warning_without_a_trace(log, client, settings):
    settings.ALLOWED_HOSTS = ["nissmart.example"]
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 400
    [warning] = [line for line in log() if line["logger"] != "nissmart.access"]
    assert (warning["level"], "trace" in warning) == ("WARNING", False)
    assert "elsewhere.example" in warning["message"]
    settings.ALLOWED_HOSTS = ["*"]
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 3
    assert client.post("/accounts/login/", dict.fromkeys("abcdef", "")).status_code == 400
    warnings = [line for line in log() if line["logger"].startswith("django.security")]
    assert [(line["level"], "trace" in line) for line in warnings] == [("WARNING", False)] * 2


@pytest.mark.any_engine
def test_a_token_issued_on_the_page_stays_out_of_the_log(log, as_alice):
    as_alice.post("/profile/tokens/", {"name": "till", "days": "30"})
    secret = words(elements(as_alice.get("/profile/tokens/"), "code", id="secret")[0])
    assert secret not in json.dumps(log())


@pytest.mark.any_engine
def test_a_cursor_does_not_contain_the_secret_key(service, settings):
    assert settings.SECRET_KEY not in signing.dumps(["users", {}, 1], salt="api.cursor")


def test_an_order_and_its_receipt_name_the_payment_and_who_acted(log, alices, as_alice, alice, bob):
    send(alice, bob, 1_00)
    made = alices.post("/api/transfer", order("transfer", alice.pk, bob.pk)).json()
    as_alice.get(f"/activity/{made['reference']}/")
    called, read = [line for line in log() if line["logger"] == "nissmart.access"]
    assert (called["reference"], called["actor"]) == (made["reference"], alice.pk)
    assert (read["reference"], read["actor"]) == (made["reference"], alice.pk)
    assert (called["route"], read["route"]) == ("api:transfer", "ledger:receipt")


def test_slow_statements_and_requests_are_logged_without_values(log, alices, alice, settings):
    settings.SLOW_QUERY_MS = settings.SLOW_REQUEST_MS = 0.000_001
    User.objects.filter(name="Very private", phone="0712345678").exists()
    alices.get(f"/api/balance/{alice.pk}", headers={HEADER: "mine-1"})
    slow = [line for line in log() if line["logger"] == "nissmart.slow"]
    assert 'FROM "wallet_user"' in slow[0]["sql"]
    assert not re.search("private|678", slow[0]["sql"])
    assert (slow[-1]["message"], slow[-1]["route"]) == ("slow request", "api:balance")
    assert {line["request_id"] for line in slow[1:]} == {"mine-1"}
    assert all(line["ms"] >= 0 for line in slow)
    note(("SELECT 'Jane''s', 12.5, x1\n FROM \"t2\" WHERE a IN (1, 2)",), 0)
    assert log()[-1]["sql"] == 'SELECT ?, ?, x1 FROM "t2" WHERE a IN (?, ?)'
    settings.SLOW_QUERY_MS = settings.SLOW_REQUEST_MS = 0
    before = len(log())
    alices.get(f"/api/balance/{alice.pk}")
    assert len(log()) == before + 1


def test_a_flood_of_lines_is_cut_and_hides_no_error(log, settings, time_machine):
    time_machine.move_to("2026-11-28T12:00:00Z", tick=False)
    settings.LOG_LINES_PER_MINUTE = 3
    noisy = logging.getLogger("noisy.test")
    for number in range(50):
        noisy.info("line %s", number)
        if number == 40:
            noisy.error("something broke")
    written = [line["message"] for line in log() if line["logger"] == "noisy.test"]
    assert written == ["line 0", "line 1", "line 2", "something broke"]
    time_machine.shift(timedelta(minutes=2))
    noisy.info("later")
    last = log()[-1]
    assert (last["message"], last["left_out"]["noisy.test INFO"]) == ("later", 47)
