"""The forms of the reports: the books, and who wants reports by mail."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from adminpanel.models import ReportMail
from adminpanel.reports import chart
from adminpanel.reports.periods import SpanForm
from wallet.web.fields import PickField


class BooksForm(SpanForm):
    """The days of the books, one account or all, and the format."""

    account = PickField(label=_("Account"), required=False)
    format = PickField(
        label=_("Format"),
        choices=[("csv", "CSV"), ("beancount", "beancount"), ("hledger", "hledger")],
    )

    def __init__(self, data: QueryDict) -> None:
        super().__init__(data)
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        found = [(one.code, f"{one.code} {one.label}") for one in chart.accounts()]
        field.choices = [("", _("All accounts")), *found]

    def clean(self) -> dict[str, object]:
        cleaned = super().clean()
        if cleaned.get("account") and cleaned.get("format") not in ("csv", None):
            message = _("A journal needs all accounts. Choose CSV for one of them.")
            self.add_error("account", message)
        return cleaned


class MailForm(forms.Form):
    """Which reports a person of staff gets by mail."""

    every = forms.MultipleChoiceField(
        label=_("Send me"),
        choices=[
            (ReportMail.Every.DAY, _("The totals of each day, in the morning after")),
            (ReportMail.Every.MONTH, _("The report of each month, on the first day of the next")),
        ],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
