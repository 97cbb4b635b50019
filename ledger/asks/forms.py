"""The form of a link that asks for money."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from wallet.money import format_money
from wallet.web.fields import AmountField, LineField


class AskForm(forms.Form):
    amount = AmountField(label=gettext_lazy("Amount in KES (optional)"), required=False)
    note = LineField(
        label=gettext_lazy("What for? (optional)"),
        max_length=140,
        required=False,
        help_text=gettext_lazy("It's in the payment's note, unless they change it."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean_amount(self) -> int | None:
        """An amount that someone can send."""
        cents: int | None = self.cleaned_data["amount"]
        least, most = settings.LEAST_TRANSFER_CENTS, settings.LIMIT_CENTS_PER_TRANSACTION
        if cents is not None and not least <= cents <= most:
            sentence = _("Enter an amount from {least} to {most}.")
            words = sentence.format(least=format_money(least), most=format_money(most))
            raise ValidationError(words)
        return cents
