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
from wallet.models.audit import ACCESS, AuditEventQuerySet
from wallet.web.fields import PastedField, PickField

SYSTEM, STRANGER = "system", "stranger"
ACCESS_ONLY, ALL = "access", "all"
Action = AuditEvent.Action
BY_STRANGERS = AuditEvent.BY_STRANGERS


class AuditFilter(PeriodForm):
    """Filter by person, action, text and period."""

    actor = PickField(label=_("Who"), required=False)
    action = PickField(
        label=_("What"),
        choices=[
            ("", _("All but access")),
            (ACCESS_ONLY, _("Access: sign-ins, refusals, data read")),
            (ALL, _("Everything")),
            (_("Acts"), [(code, words) for code, words in Action.choices if code not in ACCESS]),
            (_("Access"), [(code, words) for code, words in Action.choices if code in ACCESS]),
        ],
        required=False,
    )
    q = PastedField(
        label=_("Search"),
        max_length=140,
        required=False,
        help_text=_("Reference, “member 12”, “incident 3”, IP address or words of the reason"),
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        people = [(str(user.pk), user.name) for user in queries.staff(data.get("actor", ""))]
        field = self.fields["actor"]
        assert isinstance(field, forms.ChoiceField)
        field.widget.attrs["translate"] = "no"
        no_one = [(SYSTEM, _("The system")), (STRANGER, _("Someone not signed in"))]
        field.choices = [("", _("Anyone")), *no_one, *people]

    def narrow(self, events: AuditEventQuerySet) -> QuerySet[AuditEvent]:
        """The events that match. No rows if the form is invalid."""
        if not self.is_valid():
            return events.none()
        data = self.cleaned_data
        found = of_actor(of_kind(events, data["action"]), data["actor"])
        if text := data["q"]:
            found = queries.search(found, text)
        if data["from"]:
            found = found.filter(at__gte=day_start(data["from"]))
        if data["to"]:
            found = found.filter(at__lt=next_day_start(data["to"]))
        return found


def of_kind(events: AuditEventQuerySet, kind: str) -> QuerySet[AuditEvent]:
    """Of this act, or with access, only access, or without it."""
    if kind == ALL:
        return events
    if kind == ACCESS_ONLY:
        return events.filter(action__in=ACCESS)
    return events.filter(action=kind) if kind else events.acts()


def of_actor(events: QuerySet[AuditEvent], who: str) -> QuerySet[AuditEvent]:
    """Of this person, of the system, or of people who weren't signed in."""
    if who == SYSTEM:
        return events.filter(actor=None).exclude(action__in=BY_STRANGERS)
    if who == STRANGER:
        return events.filter(actor=None, action__in=BY_STRANGERS)
    return events.filter(actor=int(who)) if who else events
