"""Admin lists that handle broken URLs and search names in any spelling."""

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

# A longer search would cost the database seconds.
SEARCH_LENGTH = 140
# Errors from a filter or row id that isn't a valid value of its column, on either engine.
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
    """A broken URL leads back to the whole list, with a message.

    `people` are lookup paths to members, to search by name: `user__`, or "" for the row itself.
    `search_fields` are searched for other text.
    """

    people: ClassVar[tuple[str, ...]] = ()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if ERROR_FLAG in request.GET:
            return self.start_over(request)
        try:
            response: HttpResponse = super().changelist_view(request, extra_context)
            # Render here, because some filters fail only when the rows are read.
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
        messages.warning(request, _("That filter isn't valid. Here is the whole list."))
        return HttpResponseRedirect(request.path)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Refuse regular expressions: one can keep the database busy for as long as it likes."""
        if lookup.endswith("regex"):
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows that match every word of the search. One word may be a name, another an email."""
        text = clean_paste(search_term)[:SEARCH_LENGTH].strip()
        text = emails.normalize(text) if "@" in text else text
        stored = phones.to_stored(text)
        for word in [stored] if stored != text else text.split():
            queryset = queryset.filter(self.matches(word))
        return queryset, False

    def matches(self, word: str) -> Q:
        """The same on both engines, unlike `icontains`."""
        found = Q(pk__in=[])
        for person in self.people:
            found |= by_name(word, person)
        for field in self.search_fields:
            name = field.removeprefix("=")
            found |= Q(**{f"{name}__iexact": word}) if name != field else holds(field, word)
        return found
