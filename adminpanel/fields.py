"""Form fields of the panel."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms

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
