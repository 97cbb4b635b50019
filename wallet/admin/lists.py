"""Lists of the admin that answer calmly to any address, and find people however they're written."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import ValidationError
from django.db import DataError, ProgrammingError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from wallet import emails, phones
from wallet.db.text_search import holds
from wallet.staff.finding import by_name
from wallet.text import clean_paste

# Longer searches hold nothing that anyone looks for, and cost the database seconds.
SEARCH_LENGTH = 140
# What a filter or a chosen row that is no value of its column ends in, on one engine or another.
UNREADABLE = (
    ValueError,
    TypeError,
    IndexError,
    OverflowError,
    ValidationError,
    DataError,
    ProgrammingError,
)


class ForgivingList(ModelAdmin):
    """An address written by hand leads back to the whole list, with a sentence.

    `people` are the ways to the members that the search finds by name: `user__`, or "" for the
    row itself. Other texts are found by `search_fields`.
    """

    people: ClassVar[tuple[str, ...]] = ()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if ERROR_FLAG in request.GET:
            return self.start_over(request)
        try:
            response: HttpResponse = super().changelist_view(request, extra_context)
            # Drawn here, because some filters are only looked at when the rows are read.
            if isinstance(response, TemplateResponse):
                response.render()
        except DisallowedModelAdminLookup:
            raise
        except UNREADABLE:
            if not (request.GET or request.POST):
                raise
            return self.start_over(request)
        if response.headers.get("Location", "").endswith(f"?{ERROR_FLAG}=1"):
            return self.start_over(request)
        return response

    def start_over(self, request: HttpRequest) -> HttpResponse:
        messages.warning(request, _("That filter or choice can't be read. Here is the whole list."))
        return HttpResponseRedirect(request.path)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A pattern can keep a database busy for as long as its writer likes."""
        if lookup.endswith("regex"):
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows that every word of the search fits: one may be a name, another an email."""
        text = clean_paste(search_term)[:SEARCH_LENGTH].strip()
        text = emails.normalize(text) if "@" in text else text
        stored = phones.to_stored(text)
        for word in [stored] if stored != text else text.split():
            queryset = queryset.filter(self.fits(word))
        return queryset, False

    def fits(self, word: str) -> Q:
        """Alike on both engines, which `icontains` isn't."""
        found = Q(pk__in=[])
        for person in self.people:
            found |= by_name(word, person)
        for field in self.search_fields:
            name = field.removeprefix("=")
            found |= Q(**{f"{name}__iexact": word}) if name != field else holds(field, word)
        return found
