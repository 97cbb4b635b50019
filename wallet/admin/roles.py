"""Django admin for requests of a role: read, approve, deny."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from django import forms
from django.contrib import admin, messages
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from wallet import granting
from wallet.admin.lists import ForgivingList
from wallet.admin.names import DecisionForm
from wallet.errors import Refusal
from wallet.models import RoleRequest
from wallet.web.fields import LineField
from wallet.web.http import context_of


class RoleDecisionForm(DecisionForm):
    answer = LineField(
        label=_("Answer"),
        max_length=500,
        required=False,
        help_text=_("Why not. The audit keeps it."),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )

    class Meta:
        model = RoleRequest
        fields: tuple[str, ...] = ()


@admin.register(RoleRequest)
class RoleRequestAdmin(ForgivingList):
    """Roles of finance and of operators. One operator requests them on a person's page."""

    form = RoleDecisionForm
    list_display = ["user", "role", "state", "asked_by", "asked_at", "due_at"]
    list_filter = ["state", "role"]
    list_select_related = ["user", "asked_by"]
    people = ("user__",)
    show_full_result_count = False
    actions = None
    asked_for = ["user", "role", "reason", "asked_by", "asked_at", "due_at", "state"]
    ended = ["answer", "decided_by", "decided_at"]

    def get_fields(self, request: HttpRequest, obj: RoleRequest | None = None) -> list[Any]:
        return [*self.asked_for, *(["decision", "answer"] if is_open(obj) else self.ended)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.asked_for, *([] if is_open(obj) else self.ended)]

    @method_decorator(reauthentication_required(allow_get=True))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().changeform_view(request, *args, **kwargs)

    def save_model(
        self, request: HttpRequest, one: RoleRequest, form: ModelForm, change: bool
    ) -> None:
        """Decide. A refusal is a message, since only the operation knows what holds now."""
        context, answer = context_of(request), form.cleaned_data["answer"]
        try:
            if form.cleaned_data["decision"] == "approve":
                granting.approve(context, request_id=one.pk)
            else:
                granting.deny(context, request_id=one.pk, answer=answer)
        except Refusal as refusal:
            messages.error(request, str(refusal))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or is_open(obj)) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def is_open(asked: RoleRequest | None) -> bool:
    return asked is not None and asked.state == RoleRequest.State.OPEN
