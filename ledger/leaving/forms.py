"""The form that closes an account."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class CloseForm(forms.Form):
    """A tick, so that a stray click closes nothing."""

    sure = forms.BooleanField(
        label=_("Close my account for ever"),
        error_messages={"required": _("Tick the box if you want to close your account.")},
    )
