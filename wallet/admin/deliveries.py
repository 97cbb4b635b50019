"""Django admin for SMS and mail: read-only, without codes and without whole contacts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from wallet import emails
from wallet.admin.lists import ForgivingList
from wallet.messages import Topic
from wallet.models import Channel, Delivery
from wallet.phones import mask


@admin.register(Delivery)
class DeliveryAdmin(ForgivingList):
    """What was sent to members, and what failed. Searching a contact needs the whole of it."""

    list_display = ["about", "user", "channel", "contact", "state", "created_at", "ended_at"]
    list_filter = ["state", "channel", "is_secret"]
    list_select_related = ["user", "message"]
    people = ("user__",)
    search_fields = ["=to"]
    search_help_text = _("Name, or the whole phone number or email")
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
        is_phone = delivery.channel == Channel.SMS
        return mask(delivery.to) if is_phone else emails.mask(delivery.to)

    @admin.display(description=_("text"))
    def words(self, delivery: Delivery) -> str:
        return str(_("Not shown: it holds a code.")) if delivery.is_secret else delivery.text

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
