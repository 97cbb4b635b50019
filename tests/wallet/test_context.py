"""A Context says who acts, from where, why, and which request it is."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from tests.factories import UserFactory
from wallet.context import SYSTEM, Context
from wallet.web.http import context_of


@pytest.mark.django_db
def test_a_request_says_who_acts_and_from_where(settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    request = RequestFactory().post("/", headers={"X-Forwarded-For": "10.0.0.1, 203.0.113.9"})
    request.user = UserFactory()
    context = context_of(request, reason="Lost phone", key="one")
    assert context == Context(request.user.pk, "203.0.113.9", "Lost phone", "one")


def test_without_a_person_the_system_acts():
    request = RequestFactory().get("/", REMOTE_ADDR="")
    request.user = AnonymousUser()
    assert context_of(request) == SYSTEM


def test_the_same_form_sent_twice_is_one_request():
    context = Context(1, key="one")
    assert context.request_id("a", [2]) == Context(1, "10.0.0.1", key="one").request_id("a", [2])


@pytest.mark.parametrize(
    ("context", "submitted"),
    [(Context(1, key="one"), "b"), (Context(1, key="two"), "a"), (Context(2, key="one"), "a")],
)
def test_another_text_key_or_person_is_another_request(context, submitted):
    assert context.request_id(submitted) != Context(1, key="one").request_id("a")


def test_without_a_key_every_request_is_new():
    assert Context(1).request_id("a") is None
