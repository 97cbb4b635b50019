"""Django admin for SMS and mail: read-only, without codes and without whole contacts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wallet.admin.masking import RevealsContacts, mask_in, masked
from wallet.messages import Topic
from wallet.models import Delivery
from wallet.staff import subjects
from wallet.staff.subjects import Subject


@admin.register(Delivery)
class DeliveryAdmin(RevealsContacts):
    """What was sent to members, and what failed. Searching a contact needs the whole of it."""

    list_display = ["about", "user", "channel", "contact", "state", "created_at", "ended_at"]
    list_filter = ["state", "channel", "is_secret"]
    list_select_related = ["user", "message"]
    people = ("user__",)
    fields = [
        "about",
        "user",
        "channel",
        "contact",
        "words",
        "state",
        "failure",
        "created_at",
        "ended_at",
    ]
    ordering = ["-id"]
    show_full_result_count = False

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
