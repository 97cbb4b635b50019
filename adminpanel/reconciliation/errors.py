"""Refusals of what people do with statements."""

from django.utils.translation import gettext_lazy as _

from wallet.errors import Refusal


class FileTooLarge(Refusal):
    code = "file_too_large"
    sentence = _("The file is {size}. Upload at most {most}.")
    field = "file"


class FileEmpty(Refusal):
    code = "file_empty"
    sentence = _("The file is empty.")
    field = "file"


class NothingToImport(Refusal):
    code = "nothing_to_import"
    sentence = _("There is nothing new to import from this file.")
