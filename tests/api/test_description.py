"""openapi.json is complete and correct, and its page loads only our own files."""

from __future__ import annotations

import json
import re

import jsonschema_rs
import pytest

from nissmart.examples import BODIES, PROBLEMS
from tests.api.support.calls import Api, order
from tests.factories import funded
from tests.ledger.support.later import waiting_withdrawal
from tests.ledger.support.moves import MOVES
from wallet.api.strict_json import BODY_BYTES_AT_MOST
from wallet.models import User

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db]

ANY_CALL = {"400", "401", "429", "500", "503"}
WITH_BODY = {"403", "411", "413", "415"}
STATUSES = {
    "POST /api/users": {"201", "422"} | WITH_BODY,
    "GET /api/users": {"200"},
    "GET /api/users/{user_id}": {"200", "404"},
    "GET /api/balance/{user_id}": {"200", "404"},
    "GET /api/transactions/{user_id}": {"200", "404"},
    "GET /api/statement/{user_id}": {"200", "404"},
    "POST /api/deposit": {"201", "404", "422"} | WITH_BODY,
    "POST /api/transfer": {"201", "404", "422"} | WITH_BODY,
    "POST /api/withdraw": {"201", "404", "409", "422"} | WITH_BODY,
    "GET /api/transaction/{reference}": {"200", "404"},
    "POST /api/transaction/{reference}/cancel": {"200", "403", "404", "409"},
    "GET /api/goals/{user_id}": {"200", "404"},
    "POST /api/goals": {"201", "404", "422"} | WITH_BODY,
    "POST /api/goals/{goal_id}/add": {"201", "404", "422"} | WITH_BODY,
    "POST /api/goals/{goal_id}/take": {"201", "404", "422"} | WITH_BODY,
    "GET /api/goals/{goal_id}/automatic": {"200", "404"},
    "POST /api/goals/{goal_id}/automatic": {"200", "404"} | WITH_BODY,
    "POST /api/goals/{goal_id}/automatic/pause": {"200", "404"} | WITH_BODY,
    "GET /api/schedules/{user_id}": {"200", "404"},
    "POST /api/schedules": {"201", "404", "422"} | WITH_BODY,
    "POST /api/schedules/{schedule_id}/change": {"200", "404"} | WITH_BODY,
    "POST /api/schedules/{schedule_id}/pause": {"200", "403", "404"},
    "POST /api/schedules/{schedule_id}/resume": {"200", "403", "404"},
    "POST /api/schedules/{schedule_id}/cancel": {"200", "403", "404"},
    "GET /api/admin/summary": {"200", "403"},
    "GET /api/admin/activity": {"200", "403"},
}


@pytest.fixture
def described() -> dict:
    response = Api().get("/api/openapi.json")
    assert response.status_code == 200
    return response.json()


def operations_of(described) -> dict[str, dict]:
    return {
        f"{verb.upper()} {path}": operation
        for path, verbs in described["paths"].items()
        for verb, operation in verbs.items()
    }


def contents(described) -> list[dict]:
    """The body of every request and every answer."""
    found = []
    for operation in operations_of(described).values():
        holders = [*operation["responses"].values()]
        if "requestBody" in operation:
            holders.append(operation["requestBody"])
        found += [holder["content"]["application/json"] for holder in holders]
    return found


def examples(content) -> list:
    many = [each["value"] for each in content.get("examples", {}).values()]
    return many or [content["example"]]


def test_lists_every_operation_with_all_its_statuses(described):
    listed = {
        name: set(operation["responses"]) for name, operation in operations_of(described).items()
    }
    assert listed == {name: statuses | ANY_CALL for name, statuses in STATUSES.items()}


def test_every_operation_has_a_summary_a_description_and_its_security(described):
    for name, operation in operations_of(described).items():
        assert operation["summary"], name
        assert operation["description"], name
        assert operation["security"] == [{"TokenAuth": []}, {"SessionAuth": []}], name


def test_every_body_has_an_example_that_fits_its_schema(described):
    for content in contents(described):
        wanted = content["schema"] | {"components": described["components"]}
        validator = jsonschema_rs.validator_for(wanted)
        for example in examples(content):
            validator.validate(example)


def test_every_example_is_used(described):
    named = {content["schema"]["$ref"].rpartition("/")[2] for content in contents(described)}
    assert named == BODIES.keys() | {"Problem"}


def test_lists_the_headers_of_every_answer(described):
    for name, operation in operations_of(described).items():
        for status, response in operation["responses"].items():
            headers = set(response["headers"])
            wanted = {"X-Request-ID"}
            wanted |= {"WWW-Authenticate"} if status == "401" else set()
            wanted |= {"Retry-After"} if status in ("429", "503") else set()
            takes_key = any(one["name"] == "Idempotency-Key" for one in operation["parameters"])
            if takes_key and status in ("200", "201"):
                wanted |= {"Idempotency-Replayed"}
            assert headers == wanted, (name, status)


def test_the_examples_of_errors_are_the_real_answers(
    anonymous, alices, alice, bob, service, settings
):
    wanted = order("deposit", alice.pk, 0)
    ghost = User.objects.create(name="No Wallet")
    answers = {
        400: alices.get("/api/users", limit=101),
        401: anonymous.get("/api/users"),
        403: alices.post("/api/users", {"name": "Jane"}),
        404: alices.get(f"/api/users/{bob.pk}"),
        411: alices.post("/api/deposit", {}, headers={"Transfer-Encoding": "chunked"}),
        413: alices.post_text("/api/deposit", " " * (BODY_BYTES_AT_MOST + 1)),
        415: alices.post_text("/api/deposit", "a=b", content_type="text/plain"),
        500: service.get(f"/api/users/{ghost.pk}"),
    }
    alices.post("/api/deposit", wanted, "one")
    answers[422] = alices.post("/api/deposit", wanted | {"amount_cents": 1}, "one")
    payout = waiting_withdrawal(alice, 10_00)
    answers[409] = alices.post(f"/api/transaction/{payout.reference}/cancel", {})
    settings.API_CALLS_PER_MINUTE = settings.API_CALLS_PER_MINUTE | {"member": 1}
    answers[429] = alices.get("/api/users")
    for status, answer in answers.items():
        assert answer.status_code == status
        said = re.sub(r"NS-\w{8}", "NS-7K2Q9PXM", answer.text)
        said = re.sub(r"\d+ (second|minute)s?", "40 seconds", said)
        assert json.loads(said) == PROBLEMS[status], status
    assert answers.keys() | {503} == PROBLEMS.keys(), "503 is in test_unavailable.py"


def test_the_api_accepts_its_own_examples(service, alice, bob):
    for move in ("deposit", "transfer", "withdraw"):
        body = dict(BODIES[f"{move.title()}In"])
        for name in body:
            if name.endswith("user_id"):
                body[name] = bob.pk if name.startswith("to") else alice.pk
        assert service.post(f"/api/{move}", body).status_code == 201
    assert service.post("/api/users", BODIES["UserIn"]).status_code == 201


def test_the_description_needs_no_token_and_no_database(
    client, django_assert_num_queries, described
):
    with django_assert_num_queries(0):
        assert client.get("/api/openapi.json").json() == described
    assert described["openapi"].startswith("3.")


def integers_of(node) -> list[dict]:
    """Every schema of an integer, wherever it is."""
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
    found = [node] if isinstance(node, dict) and node.get("type") == "integer" else []
    return found + [each for value in values for each in integers_of(value)]


def test_every_integer_has_64_bits(described):
    """Without `int64`, generated Java and Go clients use 32 bits for money."""
    assert len(integers_of(described)) > 50
    assert [each for each in integers_of(described) if each.get("format") != "int64"] == []


def test_the_description_is_built_once_at_the_start(client, monkeypatch):
    """Building is slow, so it happens when `nissmart.wsgi` is imported and not during a call."""

    def fail(*args, **options):
        raise AssertionError("built again")

    monkeypatch.setattr("ninja.main.get_schema", fail)
    assert client.get("/api/openapi.json").status_code == 200


def test_the_example_of_a_key_that_opened_another_member_is_the_real_answer(service, described):
    first = service.post("/api/users", {"name": "Jane"}, "one").json()
    answer = service.post("/api/users", {"name": "John"}, "one")
    posted = operations_of(described)["POST /api/users"]["responses"]["422"]
    said = answer.text.replace(str(first["id"]), "1042")
    assert [json.loads(said)] == examples(posted["content"]["application/json"])


def test_the_page_loads_only_our_own_files(client):
    page = client.get("/api/docs")
    assert page.status_code == 200
    urls = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(urls) >= 3
    ours = {"/", "/profile/tokens/", "/api/openapi.json"}
    assert {each for each in urls if not each.startswith("/static/")} == ours
    assert "style=" not in page.text
    assert "<style" not in page.text
    for kind, script in re.findall(r"<script([^>]*)>(.*?)</script>", page.text, re.DOTALL):
        assert not script.strip() or 'type="application/json"' in kind


def test_every_operation_that_moves_money_is_listed(described):
    # Not reversals, which take two people of finance.
    moves = set(MOVES) - {"reverse"}
    assert {f"POST /api/{move}" for move in moves} <= operations_of(described).keys()


def test_the_example_of_a_refusal_is_the_real_answer(service, bob, described):
    funded(bob, 100_00)
    answer = service.post("/api/withdraw", order("withdraw", bob.pk, 0, 100_01))
    posted = operations_of(described)["POST /api/withdraw"]["responses"]["400"]
    assert answer.json() in examples(posted["content"]["application/json"])
