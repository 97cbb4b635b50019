"""What is looked for, and why something is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.web.fields import PastedField, ReasonField


class FindForm(forms.Form):
    """One line of text that may mean many things."""

    q = PastedField(
        label=_("Find a member"),
        max_length=140,
        required=False,
        help_text=_("Name, phone, email, reference or exact amount"),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )


class ReasonForm(forms.Form):
    """Why: it is kept in the audit, so it has to say something."""

    reason = ReasonField(
        label=_("Reason"), help_text=_("Kept in the audit with your name, 5 to 500 characters.")
    )

    def __init__(self, name: str, data: Any = None) -> None:
        """`name` tells the forms of one page apart in the ids of their fields."""
        super().__init__(data, auto_id=f"id_{name}_%s")
