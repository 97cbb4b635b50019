"""Put our labels, hints and error messages into django-allauth's forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django import forms
from django.utils.translation import gettext_lazy as _

from wallet.text import ORDINARY_ONLY

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Words(NamedTuple):
    """A field's label, its hint, and the error message when it's empty."""

    label: str | StrPromise
    hint: str | StrPromise = ""
    required: str | StrPromise = _("Fill this in.")


STRONG = _("At least 8 characters. Longer is stronger.")
CODE = Words(_("Code"), required=_("Enter the code."))


class PlainWords(forms.Form):
    """Gives the fields the `words` and drops placeholders, which vanish as people type."""

    words: ClassVar[dict[str, Words]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.words.keys() & self.fields.keys():
            self.apply_words(name, self.fields[name])

    def apply_words(self, name: str, field: forms.Field) -> forms.Field:
        field.widget.attrs.pop("placeholder", None)
        field.label, field.help_text, field.error_messages["required"] = self.words[name]
        field.error_messages.setdefault("null_characters_not_allowed", ORDINARY_ONLY)
        return field
