"""The forms of the workspace and of one exception."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.fields import KeyField, NoteField, OwnerField
from wallet.web.fields import ReasonField


class OwnerForm(forms.Form):
    prefix = "own"

    owner = OwnerField()


class MovementNoteForm(forms.Form):
    prefix = "note"

    key = KeyField()
    text = NoteField()


class UndoForm(forms.Form):
    prefix = "undo"

    reason = ReasonField(
        label=_("Reason"),
        help_text=_("It stays in the audit."),
        error_messages={"required": _("Enter a reason.")},
    )
