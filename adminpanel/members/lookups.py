"""A mask is useless if staff can guess what is behind it, so their look-ups are counted."""

from __future__ import annotations

from django import forms
from django.utils.translation import ngettext

from wallet.staff import finding
from wallet.web.http import MemberRequest, context_of

MINUTE_S = 60


def is_over_limit(request: MemberRequest, form: forms.Form, name: str) -> bool:
    """Count the phone or the email that was typed into this field, if it is one.

    True when there were too many in this hour; then the field says so, and nothing may be found.
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
                "You have looked up many phones and emails in this hour. Look for the name, or"
                " wait %d minute.",
                "You have looked up many phones and emails in this hour. Look for the name, or"
                " wait %d minutes.",
                minutes,
            )
            % minutes,
        )
    return bool(wait_s)
