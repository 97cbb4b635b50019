"""Nobody finds a masked phone or email out by trying one after the other."""

from __future__ import annotations

from django import forms
from django.utils.translation import ngettext

from wallet.staff import finding
from wallet.web.http import MemberRequest, ip_address

MINUTE_S = 60


def is_guessing(request: MemberRequest, form: forms.Form, name: str) -> bool:
    """Count what was typed into this field, if it is a phone or an email.

    True when that were too many in this hour; then the field says so, and nothing may be found.
    """
    if not form.is_valid():
        return False
    text = (form.data.get(name) or "").strip()
    wait_s = finding.wait_s(request.user.pk, text, address=ip_address(request))
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
