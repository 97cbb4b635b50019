"""Forms to decide about a payout, and to pause payouts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from adminpanel.fields import ParagraphField
from ledger import rails
from wallet.web.fields import LineField, PickField, ReasonField

# As in `ledger.models.Verdict`.
EVIDENCE_LENGTH, RECEIPT_LENGTH = 1000, 64
MINUTE = "%Y-%m-%dT%H:%M"


class DecisionForm(forms.Form):
    """`fingerprint` is that of the payout that the page showed."""

    fingerprint = forms.CharField(
        max_length=64,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ("required", "max_length", "null_characters_not_allowed"),
            _("This page was incomplete. Check the payout and try again."),
        ),
    )


class ApproveForm(DecisionForm):
    prefix = "approve"


class RefuseForm(DecisionForm):
    prefix = "refuse"

    reason = ReasonField(
        label=_("Reason"),
        help_text=_("The member reads this."),
        error_messages={"required": _("Enter a reason.")},
    )


def evidence_field(hint: Any) -> ParagraphField:
    return ParagraphField(
        label=_("How you know"),
        max_length=EVIDENCE_LENGTH,
        help_text=hint,
        error_messages={
            "required": _("Enter how you know: the line of the statement, or who said it and when.")
        },
    )


class PaidForm(forms.Form):
    prefix = "paid"

    receipt = LineField(
        label=_("Receipt number"),
        max_length=RECEIPT_LENGTH,
        help_text=_("Copy it from the statement."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter the receipt number of the payment.")},
    )
    evidence = evidence_field(_("The line of the statement, or who confirmed it and when."))


class NotPaidForm(forms.Form):
    prefix = "unpaid"

    evidence = evidence_field(_("What you checked, up to what time, and who confirmed it."))


class PauseForm(forms.Form):
    prefix = "pause"

    rail = PickField(label=_("Which payouts"), required=False)
    reason = ReasonField(
        label=_("Reason"),
        help_text=_("Everyone on the panel reads it."),
        error_messages={"required": _("Enter why payouts are paused.")},
    )
    until = forms.DateTimeField(
        label=_("Until (optional)"),
        required=False,
        help_text=_("Nairobi time. Without a time, two people resume payouts."),
        input_formats=[MINUTE, "%Y-%m-%dT%H:%M:%S"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MINUTE),
        error_messages={"invalid": _("Enter a date and a time, like 2026-11-20T14:30.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(rail.code, rail.label) for rail in rails.every()]
        self.fields["rail"].choices = [("", _("All payouts")), *choices]  # type: ignore[attr-defined]

    def clean_until(self) -> datetime | None:
        until: datetime | None = self.cleaned_data["until"]
        if until and until <= timezone.now():
            raise forms.ValidationError(_("This time has passed. Enter a later one."))
        return until
