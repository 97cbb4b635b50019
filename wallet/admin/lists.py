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
from django.utils.translation import gettext_lazy as _lazy

from wallet.db.text_search import holds
from wallet.staff.finding import by_name, contact_in, count_lookup
from wallet.text import clean_paste
from wallet.web.http import context_of
from wallet.web.rates import TooManyRequests

# A longer search would cost the database seconds.
SEARCH_LENGTH = 140
# What no filter in a URL may ask for.
HIDDEN = {"phone", "email", "to", "value", "password"}
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

    `people` are lookup paths to members, to search by name, phone number or email: `user__`, or ""
    for the row itself. `search_fields` are searched for other text. A phone number or email must
    be whole, because staff could guess what a mask hides, and such searches are counted.
    """

    people: ClassVar[tuple[str, ...]] = ()
    search_help_text = _lazy("Name, or the whole phone number or email")

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
        """Refuse filters that guess what is masked or not shown, such as a code that waits to be
        sent, and regular expressions: one can keep the database busy for as long as it likes."""
        parts = lookup.split("__")
        if lookup.endswith("regex") or HIDDEN & set(parts):
            return False
        if parts[0] in self.not_shown(request):
            return False
        return super().lookup_allowed(lookup, value, request)

    def not_shown(self, request: HttpRequest) -> set[str]:
        """The columns that neither the list nor a row's page shows as they are."""
        shown = [*self.get_list_display(request), *self.get_list_filter(request)]
        shown += [*self.get_fields(request), self.opts.pk.name]
        columns = {field.name for field in self.opts.get_fields()}
        return columns.difference(name for name in shown if isinstance(name, str))

    def get_search_fields(self, request: HttpRequest) -> list[str]:
        """Django shows the search box if there are any. `get_search_results` does the rest."""
        return [*self.search_fields, *(f"{person}name" for person in self.people)]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Rows with this phone number or email, or that match every word of the search."""
        text = clean_paste(search_term)[:SEARCH_LENGTH].strip()
        if contact := contact_in(text):
            try:
                count_lookup(context_of(request), text)
            except TooManyRequests as refusal:
                messages.error(request, str(refusal))
                return queryset.none(), False
            return queryset.filter(self.has_contact(contact)), False
        for word in text.split():
            queryset = queryset.filter(self.matches(word))
        return queryset, False

    def has_contact(self, contact: str) -> Q:
        """The rows of the member with this phone number or email."""
        name = "email" if "@" in contact else "phone"
        found = Q(pk__in=[])
        for person in self.people:
            found |= Q(**{f"{person}{name}": contact})
        return found

    def matches(self, word: str) -> Q:
        """The same on both engines, unlike `icontains`."""
        found = Q(pk__in=[])
        for person in self.people:
            found |= by_name(word, person)
        for field in self.search_fields:
            name = field.removeprefix("=")
            found |= Q(**{f"{name}__iexact": word}) if name != field else holds(field, word)
        return found
