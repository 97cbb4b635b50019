"""Django admin for requests that an operator approves or denies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from django import forms
from django.contrib import messages
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from wallet.admin.lists import ForgivingList
from wallet.context import Context
from wallet.errors import Refusal
from wallet.web.fields import LineField, PickField
from wallet.web.http import context_of

OPEN = "open"


def answer_field(help_text: str | Promise) -> LineField:
    return LineField(
        label=_("Answer"),
        max_length=500,
        required=False,
        help_text=help_text,
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )


class DecisionForm(ModelForm):
    """Approve or deny. A subclass has the `answer`, since its help says who reads it."""

    decision = PickField(
        label=_("Decision"),
        choices=[("", "—"), ("approve", _("Approve")), ("deny", _("Deny"))],
    )


class Operations(Protocol):
    """The module that carries out a decision. Each raises Refusal."""

    def approve(self, context: Context, *, request_id: int) -> object: ...

    def deny(self, context: Context, *, request_id: int, answer: str) -> object: ...


class Decisions(ForgivingList):
    """Requests: read, approve, deny. `asked_for` are the fields of the question."""

    operations: Operations
    asked_for: Sequence[str]
    ended = ("answer", "decided_by", "decided_at")
    show_full_result_count = False
    actions = None

    def save_model(self, request: HttpRequest, one: Any, form: ModelForm, change: bool) -> None:
        context, answer = context_of(request), form.cleaned_data["answer"]
        if form.cleaned_data["decision"] == "approve":
            self.operations.approve(context, request_id=one.pk)
        else:
            self.operations.deny(context, request_id=one.pk, answer=answer)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A refusal undoes all of it, and the page says why: only the operation knows what holds
        now."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except Refusal as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(request.get_full_path())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*self.asked_for, *(["decision", "answer"] if is_open(obj) else self.ended)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [*self.asked_for, *([] if is_open(obj) else self.ended)]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return (obj is None or is_open(obj)) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def is_open(asked: Any) -> bool:
    return asked is not None and asked.state == OPEN
