"""Sign in as a person does, and see whether a browser still is."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from tests.factories import PASSWORD
from wallet.models import User

LOGIN, PAGE = reverse("account_login"), "/activity/"


def sign_in(user: User, **more: str) -> Client:
    client = Client()
    answer = client.post(LOGIN, {"login": user.email, "password": PASSWORD, **more})
    assert answer.status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get(PAGE).status_code == 200
