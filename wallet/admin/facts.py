"""The changes made by an admin form, as facts for the audit."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.forms import ModelForm

from wallet import emails
from wallet.phones import mask

# All panel users read the audit, but need a reason to see a phone number or an email.
MASKS = {"phone": mask, "email": emails.mask}


def changes(form: ModelForm, *, is_new: bool) -> dict[str, Any]:
    """The changed fields' values `after`, and `before` unless the object is new."""
    after = {name: to_fact(name, form.cleaned_data.get(name)) for name in columns_changed(form)}
    if is_new:
        return {"after": after}
    before = {name: to_fact(name, form.initial.get(name)) for name in after}
    # The form may have kept a value that someone wanted to change.
    changed = [name for name in after if before[name] != after[name] or name in MASKS]
    return {
        "before": {name: before[name] for name in changed},
        "after": {name: after[name] for name in changed},
    }


def columns_changed(form: ModelForm) -> list[str]:
    """Without fields that only the form has, such as a reason."""
    columns = {field.name for field in form._meta.model._meta.get_fields()}
    return [name for name in form.changed_data if name in columns]


def to_fact(name: str, value: Any) -> Any:
    """Names for groups and permissions, masks for phone numbers and emails, "" for None."""
    if isinstance(value, list | QuerySet):
        return sorted(map(str, value))
    if name in MASKS and value:
        return MASKS[name](value)
    return "" if value is None else value
