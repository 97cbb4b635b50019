"""The form that proposes to end a claim."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.web.fields import ReasonField


class EndForm(forms.Form):
    prefix = "end"

    reason = ReasonField(
        label=_("Reason"),
        help_text=_("The approver reads it, and it stays in the audit."),
        error_messages={"required": _("Enter a reason.")},
    )
