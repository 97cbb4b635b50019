"""The form to deny a proposal."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.web.fields import ReasonField


class DenyForm(forms.Form):
    reason = ReasonField(label=_("Reason"), error_messages={"required": _("Enter a reason.")})
