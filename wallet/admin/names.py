"""Django admin for names: the protected ones, and members' requests for another name."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wallet import naming
from wallet.admin.facts import changes
from wallet.admin.lists import ForgivingList
from wallet.errors import Refusal
from wallet.models import NameRequest, ProtectedName
from wallet.staff import audit, subjects
from wallet.web.fields import LineField, PickField
from wallet.web.http import context_of


@admin.register(ProtectedName)
class ProtectedNameAdmin(ForgivingList):
    """Names that no member's name may hold. A change counts for new names, not for those there."""

    list_display = ["name", "within_words", "created_at"]
    search_fields = ["name"]
    fields = ["name", "within_words"]
    show_full_result_count = False
    actions = None

    @transaction.atomic
    def save_model(
        self, request: HttpRequest, one: ProtectedName, form: ModelForm, change: bool
    ) -> None:
        super().save_model(request, one, form, change)
        self.record(request, name=one.name, **changes(form, is_new=not change))

    @transaction.atomic
    def delete_model(self, request: HttpRequest, one: ProtectedName) -> None:
        self.record(request, deleted=one.name)
        super().delete_model(request, one)

    def record(self, request: HttpRequest, **facts: Any) -> None:
        audit.record(context_of(request), audit.Action.PROTECT_NAME, subjects.NAMES, **facts)


class DecisionForm(ModelForm):
    """Approve or deny. A denial says why, and the member reads it."""

    decision = PickField(
        label=_("Decision"),
        choices=[("", "—"), ("approve", _("Approve")), ("deny", _("Deny"))],
    )
    answer = LineField(
        label=_("Answer"),
        max_length=500,
        required=False,
        help_text=_("Why not. The member reads it on their profile."),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    class Meta:
        model = NameRequest
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("decision") == "deny" and not cleaned.get("answer"):
            self.add_error("answer", _("Enter why not."))
        return cleaned


@admin.register(NameRequest)
class NameRequestAdmin(ForgivingList):
    """Members' requests for another name: read, approve, deny."""

    form = DecisionForm
    list_display = ["name_before", "name", "near", "state", "asked_at"]
    list_filter = ["state"]
    list_select_related = ["user"]
    people = ("user__",)
    show_full_result_count = False
    actions = None
    asked_for = ["user", "name_before", "name", "reason", "near", "state", "asked_at"]
    ended = ["answer", "decided_by", "decided_at"]

    def get_fields(self, request: HttpRequest, obj: NameRequest | None = None) -> list[Any]:
        return [*self.asked_for, *(["decision", "answer"] if is_open(obj) else self.ended)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.asked_for, *([] if is_open(obj) else self.ended)]

    def save_model(
        self, request: HttpRequest, one: NameRequest, form: ModelForm, change: bool
    ) -> None:
        """Decide. A refusal is a message, since only the operation knows what holds now."""
        context, answer = context_of(request), form.cleaned_data["answer"]
        try:
            if form.cleaned_data["decision"] == "approve":
                naming.approve(context, request_id=one.pk)
            else:
                naming.deny(context, request_id=one.pk, answer=answer)
        except Refusal as refusal:
            messages.error(request, str(refusal))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or is_open(obj)) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def is_open(asked: NameRequest | None) -> bool:
    return asked is not None and asked.state == NameRequest.State.OPEN
