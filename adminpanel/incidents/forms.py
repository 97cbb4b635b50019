"""Forms about incidents."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from adminpanel.fields import KeyField, NoteField, OwnerField, ParagraphField
from adminpanel.incidents.operations import LINKED_AT_MOST
from adminpanel.models import Incident
from ledger.models import Transaction
from ledger.references import as_reference
from wallet.text import clean_paste
from wallet.web.fields import LineField, ReasonField


class ReferencesField(ParagraphField):
    """Transaction references, separated by lines or commas. Cleans to the transactions."""

    def to_python(self, value: Any) -> str:
        return clean_paste(super().to_python(value))

    def clean(self, value: Any) -> list[Transaction]:
        text = super().clean(value)
        names = list(dict.fromkeys(map(reference_in, filter(None, re.split(r"[\s,;]+", text)))))
        if len(names) > LINKED_AT_MOST:
            raise ValidationError(
                _("Enter up to %(most)d references."), params={"most": LINKED_AT_MOST}
            )
        found = list(Transaction.objects.filter(reference__in=names).order_by("pk"))
        there = {record.reference for record in found}
        missing = [name for name in names if name not in there]
        if missing:
            raise ValidationError(
                _("No transaction has the reference %(names)s."),
                params={"names": ", ".join(missing[:5])},
            )
        return found


def reference_in(text: str) -> str:
    """The reference in this text. Raises ValidationError if it isn't one."""
    if reference := as_reference(text):
        return reference
    raise ValidationError(
        _("“%(name)s” isn't a reference. A reference looks like NS-7K2Q9PXM."),
        params={"name": text[:40]},
    )


class OpenIncidentForm(forms.Form):
    key = KeyField()
    title = LineField(
        label=_("Title"),
        max_length=120,
        help_text=_("The problem in a few words."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Enter a title.")},
    )
    description = ParagraphField(
        label=_("What happened"),
        max_length=2000,
        required=False,
        help_text=_("Who noticed it, when, and what you know so far."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    severity = forms.ChoiceField(label=_("Severity"), choices=Incident.Severity, initial="MEDIUM")
    transactions = ReferencesField(
        label=_("Transactions"),
        max_length=2000,
        required=False,
        help_text=_("References, one per line or separated by commas."),
    )


class SeenForm(forms.Form):
    """`seen` is the id of the last event on the form's page."""

    data: QueryDict

    seen = forms.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            _("This page was incomplete. Check the incident and try again."),
        ),
    )

    def put(self, name: str, value: object) -> None:
        """Replace a submitted value."""
        self.data = self.data.copy()
        self.data[self.add_prefix(name)] = str(value)


class ChangeIncidentForm(SeenForm):
    prefix = "change"

    STATES = [(state, state.label) for state in Incident.State if state != Incident.State.RESOLVED]

    state = forms.ChoiceField(label=_("State"), choices=STATES)
    severity = forms.ChoiceField(label=_("Severity"), choices=Incident.Severity)


class AssignForm(SeenForm):
    prefix = "assign"

    owner = OwnerField()


class AssignSeveralForm(forms.Form):
    """One owner for several incidents."""

    owner = OwnerField(required=True)
    reason = ReasonField(
        label=_("Reason"), help_text=_("Saved in the audit with your name. 5 to 500 characters.")
    )


class ResolveForm(SeenForm):
    prefix = "resolve"

    resolution = ParagraphField(
        label=_("What you found and what you did"),
        max_length=2000,
        help_text=_("You can't change a resolved incident."),
        error_messages={"required": _("Enter what you found and what you did.")},
    )


class IncidentNoteForm(forms.Form):
    prefix = "note"

    key = KeyField()
    text = NoteField()


class LinkForm(forms.Form):
    prefix = "link"

    transactions = ReferencesField(
        label=_("Link transactions"),
        max_length=2000,
        help_text=_("References, one per line or separated by commas."),
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Enter a reference.")},
    )
