"""Forms about one transaction."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.fields import KeyField, ParagraphField
from wallet.web.fields import ReasonField


class NoteForm(forms.Form):
    prefix = "note"

    key = KeyField()
    text = ParagraphField(
        label=_("Add a note"),
        max_length=1000,
        help_text=_("Everyone on the panel can read it. You can't change it later."),
        error_messages={"required": _("Enter a note.")},
    )


class ProposeForm(forms.Form):
    prefix = "propose"

    reason = ReasonField(
        label=_("Reason"),
        help_text=_("The approver reads it, and it stays in the audit."),
        error_messages={"required": _("Enter a reason.")},
    )
