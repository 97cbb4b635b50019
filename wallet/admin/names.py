"""Django admin for names: the protected ones, and members' requests for another name."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wallet import naming
from wallet.admin.decisions import DecisionForm, Decisions, answer_field
from wallet.admin.facts import changes
from wallet.admin.lists import ForgivingList
from wallet.models import NameRequest, ProtectedName
from wallet.staff import audit, subjects
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


class NameDecisionForm(DecisionForm):
    """A denial says why, and the member reads it."""

    answer = answer_field(_("Why not. The member reads it on their profile."))

    class Meta:
        model = NameRequest
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("decision") == "deny" and not cleaned.get("answer"):
            self.add_error("answer", _("Enter why not."))
        return cleaned


@admin.register(NameRequest)
class NameRequestAdmin(Decisions):
    """Members' requests for another name."""

    form = NameDecisionForm
    operations = naming
    list_display = ["name_before", "name", "near", "state", "asked_at"]
    list_filter = ["state"]
    list_select_related = ["user"]
    people = ("user__",)
    asked_for = ("user", "name_before", "name", "reason", "near", "state", "asked_at")
