"""The form on which a member reports a transfer."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.models import Report
from ledger.models.reports import TEXT_LENGTH
from wallet.web.fields import LineField, PickField


class ReportForm(forms.Form):
    """What is wrong, and what happened."""

    reason = PickField(
        label=_("What is wrong?"),
        choices=[("", _("Choose one")), *Report.Reason.choices],
        error_messages={"required": _("Choose what is wrong.")},
    )
    text = LineField(
        label=_("What happened? (optional)"),
        max_length=TEXT_LENGTH,
        required=False,
        help_text=_("For example what they said to you, and where."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
