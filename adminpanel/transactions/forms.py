"""Forms about one transaction."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.fields import KeyField, NoteField
from wallet.web.fields import AmountField, ReasonField


class NoteForm(forms.Form):
    prefix = "note"

    key = KeyField()
    text = NoteField(max_length=1000, rows=3)


class ProposeForm(forms.Form):
    prefix = "propose"

    amount = AmountField(
        required=False,
        help_text=_("All that isn't reversed yet, or a part of it."),
    )
    may_claim = forms.BooleanField(
        label=_("If the wallet holds too little, take the rest from later deposits"),
        help_text=_(
            "The approver has to agree, and the member gets a message before anything is taken."
        ),
        required=False,
    )
    reason = ReasonField(
        label=_("Reason"),
        help_text=_("The approver reads it, and it stays in the audit."),
        error_messages={"required": _("Enter a reason.")},
    )
