"""Limit how many phone numbers and emails staff look up: a mask is useless if they can guess."""

from __future__ import annotations

from django import forms
from django.utils.translation import ngettext

from wallet.staff import finding
from wallet.web.http import MemberRequest, context_of

MINUTE_S = 60


def is_over_limit(request: MemberRequest, form: forms.Form, name: str) -> bool:
    """Count a look-up if the field holds a phone number or an email.

    True when there were too many this hour. The form is then invalid, so the page must not search.
    """
    if not form.is_valid():
        return False
    text = (form.data.get(name) or "").strip()
    wait_s = finding.wait_s(context_of(request), text)
    if wait_s:
        minutes = -(-wait_s // MINUTE_S)
        form.add_error(
            name,
            ngettext(
                "You have looked up too many phone numbers and emails this hour. Search by name, or"
                " wait %d minute.",
                "You have looked up too many phone numbers and emails this hour. Search by name, or"
                " wait %d minutes.",
                minutes,
            )
            % minutes,
        )
    return bool(wait_s)
