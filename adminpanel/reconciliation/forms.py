"""The forms of statements: upload one, and say what the columns of a bank's table mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from adminpanel.models import Statement
from adminpanel.reconciliation import operations
from adminpanel.reconciliation.errors import FileEmpty
from adminpanel.reconciliation.formats import FORMATS
from adminpanel.reconciliation.formats.bank_csv import PARTS
from wallet import house
from wallet.web.fields import PickField


class UploadForm(forms.Form):
    """A file, its account, and its format if we can't detect it."""

    account = PickField(
        label=_("Account"), error_messages={"required": _("Choose whose statement it is.")}
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or Excel (.xlsx) from the M-PESA portal, MT940 or a table from a bank."),
        # A name that is too long is cut: see `operations.keep`.
        max_length=None,
        allow_empty_file=True,
        # htmx keeps the chosen file while the rest of the form is replaced.
        widget=forms.FileInput(attrs={"hx-preserve": "true"}),
        error_messages={
            "required": _("Choose a file."),
            "invalid": _("Choose a file."),
            "missing": _("Choose a file."),
        },
    )
    format = PickField(label=_("Format"), required=False)

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        accounts: Any = self.fields["account"]
        accounts.choices = [
            ("", _("Choose an account")),
            *((house.code_of(one.kind), one.label) for one in operations.accounts()),
        ]
        formats: Any = self.fields["format"]
        formats.choices = [
            ("", _("Find out")),
            *((one.code, one.label) for one in FORMATS.values()),
        ]

    def clean_file(self) -> Any:
        if not self.cleaned_data["file"].size:
            raise forms.ValidationError(str(FileEmpty()))
        return self.cleaned_data["file"]

    def given(self) -> operations.Upload:
        account, file = house.by_code(self.cleaned_data["account"]), self.cleaned_data["file"]
        assert account is not None
        return operations.Upload(
            account.id, file.file, file.name, file.size, self.cleaned_data["format"]
        )


class ColumnsForm(forms.Form):
    """Which column of the file is the date, the amount, and so on."""

    def __init__(self, data: Mapping[str, Any] | None, statement: Statement) -> None:
        found = statement.findings.get("columns", [])
        said = (statement.options or {}).get("columns") or {
            meaning: name for name, meaning in found if meaning
        }
        super().__init__(data, initial=said)
        names = [("", _("No column")), *((name, name) for name, _meaning in found)]
        for part, (label, _known) in PARTS.items():
            self.fields[part] = PickField(label=label, choices=names, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("at"):
            self.add_error("at", _("Choose the column of the date."))
        sides = cleaned.get("paid_in") or cleaned.get("paid_out")
        if not cleaned.get("amount") and not sides:
            self.add_error("amount", _("Choose the column of the amount, or of money in and out."))
        if cleaned.get("amount") and sides:
            self.add_error("amount", _("Choose one amount, or money in and money out."))
        chosen = [name for name in cleaned.values() if name]
        for part, name in cleaned.items():
            if name and chosen.count(name) > 1:
                self.add_error(part, _("This column is chosen twice."))
                break
        return cleaned

    def columns(self) -> dict[str, str]:
        return {part: name for part, name in self.cleaned_data.items() if name}
