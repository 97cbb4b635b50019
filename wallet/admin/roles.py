"""Django admin for requests of a role: read, approve, deny."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from wallet import granting
from wallet.admin.decisions import DecisionForm, Decisions, answer_field
from wallet.models import RoleRequest


class RoleDecisionForm(DecisionForm):
    answer = answer_field(_("Why not. The audit keeps it."))

    class Meta:
        model = RoleRequest
        fields: tuple[str, ...] = ()


@admin.register(RoleRequest)
class RoleRequestAdmin(Decisions):
    """Roles of finance and of operators. One operator requests them on a person's page."""

    form = RoleDecisionForm
    operations = granting
    list_display = ["user", "role", "state", "asked_by", "asked_at", "due_at"]
    list_filter = ["state", "role"]
    list_select_related = ["user", "asked_by"]
    people = ("user__",)
    asked_for = ("user", "role", "reason", "asked_by", "asked_at", "due_at", "state")

    @method_decorator(reauthentication_required(allow_get=True))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().changeform_view(request, *args, **kwargs)
