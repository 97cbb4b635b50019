"""What staff write about one transaction."""

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
        help_text=_("Everybody on the desk reads it, and it can't be changed later."),
        error_messages={"required": _("Enter what you want to note.")},
    )


class ProposeForm(forms.Form):
    prefix = "propose"

    reason = ReasonField(
        label=_("Why should it be reversed?"),
        help_text=_("Whoever approves it reads this, and it stays in the audit."),
        error_messages={"required": _("Enter why it should be reversed.")},
    )
