"""Limit how many phone numbers and emails staff look up: a mask is useless if they can guess."""

from __future__ import annotations

from django import forms

from wallet.staff import finding
from wallet.web.http import MemberRequest, context_of
from wallet.web.rates import TooManyRequests


def count(request: MemberRequest, form: forms.Form, name: str) -> TooManyRequests | None:
    """Count a look-up if the field holds a phone number or an email.

    Returns the refusal after too many. The form is then invalid, so the page must not search.
    """
    if not form.is_valid():
        return None
    try:
        finding.count_lookup(context_of(request), (form.data.get(name) or "").strip())
    except TooManyRequests as refusal:
        form.add_error(name, str(refusal))
        return refusal
    return None
