"""What a form of the admin changes, in values that the audit keeps."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.forms import ModelForm

from wallet import emails
from wallet.phones import mask

# The audit is read by all of the desk, which sees neither without a reason.
MASKS = {"phone": mask, "email": emails.mask}


def changes(form: ModelForm, *, is_new: bool) -> dict[str, Any]:
    """`after`, and `before` of what was there already, of each field that was changed."""
    after = {name: plain(name, form.cleaned_data.get(name)) for name in form.changed_data}
    if is_new:
        return {"after": after}
    return {"before": {name: plain(name, form.initial.get(name)) for name in after}, "after": after}


def plain(name: str, value: Any) -> Any:
    """Groups and permissions by name, a phone and an email masked; what is empty as no text."""
    if isinstance(value, list | QuerySet):
        return sorted(map(str, value))
    if name in MASKS and value:
        return MASKS[name](value)
    return "" if value is None else value
