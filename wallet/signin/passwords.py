"""Django's password rules, with our sentence for each."""

from django.contrib.auth import password_validation as django_rules
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet.folding import fold

# Longer ones first: "wallet" is in "mywallet".
OURS = ("safaricom", "nissmart", "password", "nairobi", "wallet", "mpesa", "kenya", "money", "pesa")
LEAST_BESIDES = 8


class LongEnough(django_rules.MinimumLengthValidator):
    def get_error_message(self) -> str:
        return ngettext(
            "Use at least %d character.", "Use at least %d characters.", self.min_length
        ) % (self.min_length)

    get_help_text = get_error_message


class NotLikeItsOwner(django_rules.UserAttributeSimilarityValidator):
    SENTENCE = _("This is too similar to your %(verbose_name)s. Choose another password.")

    def get_error_message(self) -> str:
        return str(self.SENTENCE)

    def get_help_text(self) -> str:
        return str(_("Don't use your name, phone number or email."))


class NotCommon(django_rules.CommonPasswordValidator):
    SENTENCE = _("Many people use this password, so thieves try it first. Choose another.")

    def get_error_message(self) -> str:
        return str(self.SENTENCE)

    get_help_text = get_error_message


class NotOurWords:
    """Words that thieves try here first, and little besides. A long password may hold one."""

    SENTENCE = _("Thieves try passwords with our name and words like it first. Choose another.")

    def validate(self, password: str, user: object = None) -> None:
        rest = fold(password)
        for word in OURS:
            rest = rest.replace(word, "")
        if rest != fold(password) and len(rest) < LEAST_BESIDES:
            raise ValidationError(self.SENTENCE, code="our_words")

    def get_help_text(self) -> str:
        return str(self.SENTENCE)
