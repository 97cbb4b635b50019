"""The form to ask that a period is reopened."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.web.fields import ReasonField


class ReopenForm(forms.Form):
    prefix = "reopen"

    reason = ReasonField(label=_("Reason"), error_messages={"required": _("Enter a reason.")})
