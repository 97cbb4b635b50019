"""Phone numbers and emails in Django admin: masked, until someone reveals them for a reason."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import Field, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from wallet import emails
from wallet.admin.confirming import ReasonForm
from wallet.admin.reading import MemberPage
from wallet.phones import mask
from wallet.staff import audit, subjects
from wallet.staff.subjects import Subject
from wallet.web.fields import EmailField, PhoneField
from wallet.web.http import context_of, post_data
from wallet.web.logs import PHONE

EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.\w+")
REMOVE = "none"


def masked(value: str | None) -> str:
    """A phone number or an email as a mask, and a dash for none."""
    if not value:
        return "–"
    return emails.mask(value) if "@" in value else mask(value)


def mask_in(text: str) -> str:
    """A text with the phone numbers and emails in it masked."""
    text = EMAIL.sub(lambda found: emails.mask(found[0]), text)
    return PHONE.sub(r"\1\2***\3", text)


class Kept(Field):
    """A field whose value isn't shown: left empty it stays, and the word "none" removes it."""

    kept: str | None = None

    def hide(self, value: str) -> None:
        """Keep this value, and show only its mask."""
        self.kept = value
        hint = _("Now: {value}. Leave it empty to keep that, or enter “none” to remove it.")
        self.help_text = hint.format(value=masked(value))
        widget: Any = self.widget
        widget.format_value = lambda typed: None if typed == value else typed

    def clean(self, value: Any) -> Any:
        typed = (value or "").strip()
        if self.kept and not typed:
            return self.kept
        return super().clean("" if self.kept and typed.lower() == REMOVE else value)

    def has_changed(self, initial: Any, data: Any) -> bool:
        if self.kept and not (data or "").strip():
            return False
        return super().has_changed(initial, data)


class KeptPhone(Kept, PhoneField):
    pass


class KeptEmail(Kept, EmailField):
    pass


def hide_contacts(form: ModelForm) -> None:
    """Don't show the contacts of a person that the form changes."""
    for name in ("phone", "email"):
        field, value = form.fields.get(name), form.initial.get(name)
        if isinstance(field, Kept) and form.instance.pk and value:
            field.hide(value)


class RevealsContacts(MemberPage):
    """A row with contacts. Its own page shows them once, for a reason that the audit keeps."""

    change_form_template = "admin/reveal_change_form.html"
    reveals = audit.Action.REVEAL

    def contacts_of(self, row: Any) -> dict[str, str]:
        """What the page reveals, by the words for it."""
        return {str(_("Phone number")): row.phone or "", str(_("Email")): row.email or ""}

    def subject_of(self, row: Any) -> Subject:
        """Whom the audit event is about."""
        return subjects.member(self.member_of(row) or 0)

    def get_urls(self) -> list[URLPattern]:
        page = require_http_methods(["GET", "HEAD", "POST"])(self.reveal)
        view = self.admin_site.admin_view(page)
        return [path("<id:row_id>/reveal/", view, name=self.reveal_name), *super().get_urls()]

    @property
    def reveal_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_reveal"

    def reveal(self, request: HttpRequest, row_id: int) -> HttpResponse:
        """Ask for a reason, and show the contacts on the answer only."""
        row = self.get_object(request, str(row_id))
        if row is None:
            raise Http404
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        form = ReasonForm(post_data(request))
        shown: dict[str, str] = {}
        if form.is_valid():
            shown = {name: value for name, value in self.contacts_of(row).items() if value}
            with transaction.atomic():
                act = context_of(request, reason=form.cleaned_data["reason"])
                audit.record(act, self.reveals, self.subject_of(row), shown=sorted(shown))
        context = self.admin_site.each_context(request) | {
            "title": _("Phone number and email"),
            "opts": self.opts,
            "original": row,
            "form": form,
            "shown": shown,
        }
        return render(request, "admin/reveal.html", context, status=422 if form.errors else 200)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        url = reverse(f"admin:{self.reveal_name}", args=[row.pk]) if row else ""
        more = (extra_context or {}) | {"reveal_url": url}
        return super().change_view(request, object_id, form_url, more)
