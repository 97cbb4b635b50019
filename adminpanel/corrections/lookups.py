"""Count the members that a form names by phone number or email, before it looks for them."""

from __future__ import annotations

from typing import Any

from django import forms

from wallet.staff import finding
from wallet.web.http import MemberRequest, context_of
from wallet.web.rates import TooManyRequests


def keep_typed(form: forms.Form) -> dict[str, Any]:
    """What was entered, as the initial values of a form that must not look for anyone."""
    return {name: form[name].value() for name in form.fields}


def count(request: MemberRequest, form: forms.Form, *names: str) -> TooManyRequests | None:
    """The refusal after too many look-ups. The page must not validate the form then."""
    try:
        for name in names:
            text = form.data.get(form.add_prefix(name)) or ""
            finding.count_lookup(context_of(request), text.strip())
    except TooManyRequests as refusal:
        return refusal
    return None
