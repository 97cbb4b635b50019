"""The page that asks before an action on several rows: it lists them, what happens, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wallet.web.fields import ReasonField

# More can't be read before pressing the button.
ROWS_AT_MOST = 100


class ReasonForm(forms.Form):
    reason = ReasonField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The audit keeps it, with your name."),
        widget=forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"}),
    )


class Row(NamedTuple):
    """A row that was chosen, and what the action does to it."""

    pk: int
    name: str
    effect: str


class Question(NamedTuple):
    """The words of the page. `action` is the action's name in the list."""

    action: str
    title: str | Promise
    what: str | Promise
    verb: str | Promise
    nothing: str | Promise


def ask(
    model_admin: ModelAdmin, request: HttpRequest, question: Question, rows: Sequence[Row]
) -> tuple[str, HttpResponse | None]:
    """The reason, if it was given on the page; otherwise the page, or the way back to the list.

    The caller acts only when the answer is None, on the rows it passed.
    """
    if len(rows) > ROWS_AT_MOST:
        sentence = _("Choose at most %d rows at a time. Nothing was changed.")
        messages.error(request, sentence % ROWS_AT_MOST)
        return "", HttpResponseRedirect(request.get_full_path())
    form = ReasonForm(request.POST if "confirm" in request.POST else None)
    if rows and form.is_valid():
        return form.cleaned_data["reason"], None
    context: dict[str, Any] = model_admin.admin_site.each_context(request) | {
        "title": question.title,
        "question": question,
        "opts": model_admin.opts,
        "form": form,
        "rows": rows,
    }
    status = 422 if form.is_bound else 200
    return "", render(request, "admin/confirm.html", context, status=status)
