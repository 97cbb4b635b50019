"""django-allauth's forms about passwords, in our words."""

from typing import Any

from allauth.account import forms as allauth_forms
from django import forms
from django.utils.translation import gettext_lazy as _

WORDS: dict[str, tuple[Any, Any]] = {
    "email": (_("Email"), ""),
    "password": (_("Your password"), ""),
    "oldpassword": (_("Your password now"), ""),
    "password1": (_("New password"), _("At least 8 characters. Longer is stronger.")),
    "password2": (_("New password again"), ""),
}


class PlainWords(forms.Form):
    """Our label and hint on each field, and no placeholder that vanishes when one types."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.label, field.help_text = WORDS[name]
            field.widget.attrs.pop("placeholder", None)
            field.error_messages["required"] = _("Enter the password.")


class ChangePasswordForm(PlainWords, allauth_forms.ChangePasswordForm):
    pass


class SetPasswordForm(PlainWords, allauth_forms.SetPasswordForm):
    pass


class ResetPasswordKeyForm(PlainWords, allauth_forms.ResetPasswordKeyForm):
    pass


class ReauthenticateForm(PlainWords, allauth_forms.ReauthenticateForm):
    pass
