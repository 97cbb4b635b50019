"""The audit's filters."""

from __future__ import annotations

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from adminpanel.audit import queries
from ledger.forms.filters import PeriodForm
from ledger.querysets import day_start, next_day_start
from wallet.models import AuditEvent
from wallet.web.fields import PastedField, PickField

SYSTEM = "system"


class AuditFilter(PeriodForm):
    """Filter by person, action, text and period."""

    actor = PickField(label=_("Who"), required=False)
    action = PickField(
        label=_("What"),
        choices=[("", _("Everything")), *AuditEvent.Action.choices],
        required=False,
    )
    q = PastedField(
        label=_("Search"),
        max_length=140,
        required=False,
        help_text=_("Reference, “member 12”, “incident 3” or words of the reason"),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        people = [(str(user.pk), user.name) for user in queries.staff()]
        field = self.fields["actor"]
        assert isinstance(field, forms.ChoiceField)
        field.widget.attrs["translate"] = "no"
        field.choices = [("", _("Anyone")), (SYSTEM, _("The system")), *people]

    def narrow(self, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        """The events that match. No rows if the form is invalid."""
        if not self.is_valid():
            return events.none()
        data = self.cleaned_data
        if data["actor"]:
            is_system = data["actor"] == SYSTEM
            events = events.filter(actor=None if is_system else data["actor"])
        if data["action"]:
            events = events.filter(action=data["action"])
        if text := data["q"]:
            events = queries.search(events, text)
        if data["from"]:
            events = events.filter(at__gte=day_start(data["from"]))
        if data["to"]:
            events = events.filter(at__lt=next_day_start(data["to"]))
        return events
