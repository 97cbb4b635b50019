"""Django admin for SMS and mail: read-only, without codes and without whole contacts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet import resending
from wallet.admin import confirming
from wallet.admin.confirming import Question, Row
from wallet.admin.masking import RevealsContacts, mask_in, masked
from wallet.messages import Topic
from wallet.models import Delivery
from wallet.staff import subjects
from wallet.staff.subjects import Subject
from wallet.web.http import context_of

SEND_AGAIN = Question(
    action="send_again",
    title=_("Send these messages again?"),
    what=_(
        "The member gets the same text once more, so send it only if they say that it didn't "
        "arrive."
    ),
    verb=_("Send again"),
    nothing=_(
        "None of these can be sent again: they hold a code, wait to be sent, were sent again "
        "already, or went to a contact that the member no longer has."
    ),
)


@admin.register(Delivery)
class DeliveryAdmin(RevealsContacts):
    """What was sent to members, and what failed. Searching a contact needs the whole of it."""

    list_display = ["about", "user", "channel", "contact", "state", "created_at", "ended_at"]
    list_filter = ["state", "channel", "is_secret"]
    list_select_related = ["user", "message"]
    people = ("user__",)
    actions = ["send_again"]
    fields = [
        "about",
        "user",
        "channel",
        "contact",
        "words",
        "state",
        "failure",
        "attempts",
        "not_before",
        "created_at",
        "ended_at",
    ]
    ordering = ["-id"]
    show_full_result_count = False

    @admin.action(description=_("Send again"), permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> HttpResponse | None:
        """Send these messages once more, after a page that asks why."""
        chosen = resending.resendable(queryset, confirming.ROWS_AT_MOST + 1)
        rows = [Row(one.pk, str(one.user), self.describe(one)) for one in chosen]
        reason, page = confirming.ask(self, request, SEND_AGAIN, rows)
        if page:
            return page
        context = context_of(request, reason=reason)
        count = sum(resending.send_again(context, one.pk) for one in chosen)
        sentence = ngettext("%d message is sent again.", "%d messages are sent again.", count)
        messages.success(request, sentence % count)
        return None

    def describe(self, delivery: Delivery) -> str:
        return f"{self.about(delivery)}, {masked(delivery.to)}"

    @admin.display(description=_("about"))
    def about(self, delivery: Delivery) -> str:
        if delivery.message:
            return str(Topic(delivery.message.topic).label)
        return str(_("Code or link") if delivery.is_secret else _("Notice"))

    @admin.display(description=_("to"))
    def contact(self, delivery: Delivery) -> str:
        return masked(delivery.to)

    def has_contact(self, contact: str) -> Q:
        return super().has_contact(contact) | Q(to=contact)

    def contacts_of(self, delivery: Delivery) -> dict[str, str]:
        return {str(_("Sent to")): delivery.to}

    def subject_of(self, delivery: Delivery) -> Subject:
        """It may have gone to a contact that is no member's."""
        if delivery.user_id:
            return subjects.member(delivery.user_id)
        return Subject("delivery", str(delivery.pk))

    @admin.display(description=_("text"))
    def words(self, delivery: Delivery) -> str:
        if delivery.is_secret:
            return str(_("Not shown: it holds a code."))
        return mask_in(delivery.text)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
