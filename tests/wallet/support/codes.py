"""Codes that wait to be sent."""

from __future__ import annotations

import re

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from wallet.models import Delivery


def code_to(contact: str) -> str:
    """The last code for this contact. The worker hasn't sent it, so its text is still there."""
    text = Delivery.objects.filter(to=contact, is_secret=True, state="queued").latest("pk").text
    [code] = re.findall(r"\b\d{6}\b", text)
    return code


def prove(client: Client, contact: str) -> HttpResponse:
    """Enter the code that is on its way to this contact."""
    answer = client.post(reverse("wallet:verify"), {"code": code_to(contact)})
    assert answer.status_code == 303
    return answer
