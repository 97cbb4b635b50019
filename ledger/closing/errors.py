"""Why a period can't be closed or reopened."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from wallet.errors import Refusal


class NotOver(Refusal):
    sentence = _("{period} isn't over yet.")


class NotNext(Refusal):
    sentence = _("Close {day} first: days are closed one after the other.")


class AlreadyClosed(Refusal):
    sentence = _("{period} is already closed.")


class DaysOpen(Refusal):
    sentence = _("Close every day of {period} first.")


class NotNewest(Refusal):
    sentence = _("Only the newest close can be reopened. That is {period}.")
