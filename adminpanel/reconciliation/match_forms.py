"""The forms of the workspace and of one exception."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.fields import KeyField, ParagraphField
from wallet.models import User
from wallet.staff.roles import FINANCE_TEAM
from wallet.web.fields import ReasonField


class OwnerForm(forms.Form):
    prefix = "own"

    owner = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("No owner"),
        error_messages={"invalid_choice": _("Choose someone on the finance team.")},
        widget=forms.Select(attrs={"translate": "no"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = User.objects.filter(groups__name__in=FINANCE_TEAM, is_active=True).distinct()
        self.fields["owner"].queryset = team.order_by("search_name")  # type: ignore[attr-defined]


class MovementNoteForm(forms.Form):
    prefix = "note"

    key = KeyField()
    text = ParagraphField(
        label=_("Add a note"),
        max_length=500,
        help_text=_("Everyone on the panel can read it. You can't change it later."),
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": _("Enter a note.")},
    )


class UndoForm(forms.Form):
    prefix = "undo"

    reason = ReasonField(
        label=_("Reason"),
        help_text=_("It stays in the audit."),
        error_messages={"required": _("Enter a reason.")},
    )
