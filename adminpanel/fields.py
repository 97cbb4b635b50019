"""Form fields of the panel."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from wallet.models import User
from wallet.staff.roles import FINANCE_TEAM
from wallet.text import refuse_control_characters


class ParagraphField(forms.CharField):
    """Text with line breaks. A browser sends CRLF; we count and store LF."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text.replace("\r\n", "\n")

    def validate(self, value: str) -> None:
        super().validate(value)
        for line in value.split("\n"):
            refuse_control_characters(line)


class KeyField(forms.UUIDField):
    """Hidden key that makes a second submit of the same form harmless. Optional."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, initial=uuid4)


class NoteField(ParagraphField):
    """A staff note, which stays as it is."""

    def __init__(self, *, max_length: int = 500, rows: int = 2) -> None:
        super().__init__(
            label=_("Add a note"),
            max_length=max_length,
            help_text=_("Everyone on the panel can read it. You can't change it later."),
            widget=forms.Textarea(attrs={"rows": rows}),
            error_messages={"required": _("Enter a note.")},
        )


def team() -> QuerySet[User]:
    """Who may own an incident or an exception."""
    people = User.objects.filter(groups__name__in=FINANCE_TEAM, is_active=True).distinct()
    return people.order_by("search_name")


class OwnerField(forms.ModelChoiceField):
    """Someone on the finance team, or, unless it's required, no one."""

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(
            label=_("Owner"),
            queryset=team(),
            required=required,
            error_messages={
                "required": _("Choose an owner."),
                "invalid_choice": _("Choose someone on the finance team."),
            },
            widget=forms.Select(attrs={"translate": "no"}),
        )
        if not required:
            self.empty_label = _("No owner")
