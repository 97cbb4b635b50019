"""Schemathesis calls the API with generated input: every answer must fit openapi.json."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import Case, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks

from nissmart.wsgi import application
from tests.api.support.calls import issue
from tests.books import assert_books_right
from tests.factories import send
from wallet.money import CEILING_CENTS

pytestmark = [pytest.mark.any_engine, pytest.mark.django_db, pytest.mark.slow]

NIGHTLY = os.environ.get("NIGHTLY") == "1"
ROLES = ["anonymous", "member", "finance", "service"]
effort = {
    "deadline": None,
    "derandomize": not NIGHTLY,
    "suppress_health_check": list(HealthCheck),
}

# With random values.
schema = schemathesis.openapi.from_wsgi("/api/openapi.json", application)
schema.config.phases.coverage.enabled = False
# With the values at every bound of the schema, and just beyond.
bounds = schemathesis.openapi.from_wsgi("/api/openapi.json", application)
bounds.config.phases.fuzzing.enabled = False
# Not used: "positive data acceptance" (a balance may be too low) and "ignored auth" (it reports
# every 200 without a token; test_access.py calls each endpoint without one).
CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
    checks.unsupported_method,
    checks.allow_header_conformance,
]


class World:
    """The callers' headers, and ids that exist."""

    def __init__(self, alice, bob, finance) -> None:
        self.headers = {
            "anonymous": {},
            "member": bearer(issue(alice)),
            "finance": bearer(issue(finance, "finance")),
            "service": bearer(issue(bob, "service")),
        }
        self.ids = [alice.pk, bob.pk]
        self.reference = send(alice, bob, 1_00).reference

    def use_real_ids(self, case: Case) -> None:
        """Replace some valid ids with ids that exist, and valid amounts with amounts they can pay.

        Values that don't fit the schema stay unchanged. A path holds numbers as text.
        """
        for name, value in (case.path_parameters or {}).items():
            if str(value).isdecimal():
                case.path_parameters[name] = int(value)
        for values in (case.path_parameters, case.body):
            if not isinstance(values, dict):
                continue
            for name, value in values.items():
                if name.endswith("user_id") and is_between(1, value, 2**63 - 1):
                    at = 0 if name.startswith("from") else 1 if name.startswith("to") else value
                    values[name] = value if value % 3 == 0 else self.ids[at % 2]
                if name == "amount_cents" and is_between(1, value, CEILING_CENTS):
                    values[name] = 1 + value % 1_00
                if name == "reference" and len(str(value)) % 2:
                    values[name] = self.reference


def is_between(low: int, value: object, high: int) -> bool:
    return type(value) is int and low <= value <= high


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Keep the connection open: the calls run inside the test's own transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(alice, bob, finance, settings) -> World:
    settings.API_CALLS_PER_MINUTE = dict.fromkeys(settings.API_CALLS_PER_MINUTE, 0)
    return World(alice, bob, finance)


# About how many calls in all; `make nightly` asks for 100,000.
OPERATIONS = sum(len(item) for item in schema.raw_schema["paths"].values())
CASES = int(os.environ.get("FUZZ_CASES", "0"))
EXAMPLES = CASES // (OPERATIONS * len(ROLES)) or (500 if NIGHTLY else 4)


@pytest.mark.parametrize("role", ROLES)
@schema.parametrize()
@settings(max_examples=EXAMPLES, **effort)
def test_answers_as_described(case, role, world):
    world.use_real_ids(case)
    case.call_and_validate(headers=world.headers[role], checks=CHECKS)


@bounds.parametrize()
@settings(**effort)
def test_answers_as_described_at_every_bound(case, world):
    """To the roles that may do most, because others are refused before a value is looked at."""
    world.use_real_ids(case)
    may_all = "finance" if case.path.startswith("/api/admin/") else "service"
    for role in ROLES if NIGHTLY else [may_all]:
        case.call_and_validate(headers=world.headers[role], checks=CHECKS)


@pytest.mark.parametrize("role", ["service", "member"])
def test_answers_as_described_one_call_after_another(role, world):
    """Each call uses earlier answers: it pays and looks up members that earlier calls opened."""

    class Machine(schema.as_state_machine()):
        def before_call(self, case: Case) -> None:
            world.use_real_ids(case)

        def get_call_kwargs(self, case: Case) -> dict[str, object]:
            return {"headers": world.headers[role]}

        def validate_response(self, response: Response, case: Case, **more: object) -> None:
            case.validate_response(response, checks=CHECKS)

    steps = (
        {"max_examples": 200, "stateful_step_count": 20}
        if NIGHTLY
        else {
            "max_examples": 5,
            "stateful_step_count": 8,
        }
    )
    run_state_machine_as_test(Machine, settings=settings(**steps, **effort))
    assert_books_right()
