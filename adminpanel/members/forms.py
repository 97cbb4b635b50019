"""The search form, and the reason form of actions on a member."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.web.fields import PastedField, PickField, ReasonField


class FindForm(forms.Form):
    """One search field for names, phone numbers, references and amounts.

    Not `by_payments`: the reader finds people only, and doesn't read of amounts.
    """

    q = PastedField(
        label=_("Find a member"),
        max_length=140,
        required=False,
        help_text=_("Name, phone number, email, reference or exact amount"),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    frozen = PickField(
        label=_("Wallets"),
        required=False,
        choices=[
            ("", _("All")),
            ("yes", _("Frozen")),
            ("member", _("Frozen by their member")),
            ("staff", _("Frozen by staff")),
        ],
    )

    def __init__(self, *args: Any, by_payments: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not by_payments:
            self.fields["q"].help_text = _("Name, phone number, its last three digits, or email")


class ReasonForm(forms.Form):
    """The reason for an action. It goes into the audit."""

    reason = ReasonField(
        label=_("Reason"), help_text=_("Saved in the audit with your name. 5 to 500 characters.")
    )

    def __init__(self, name: str, data: Any = None) -> None:
        """`name` makes the field ids unique on a page with several of these forms."""
        super().__init__(data, auto_id=f"id_{name}_%s")
