"""What happened to payments on their rails, in Django admin: read-only for everyone.

The panel is where people of finance act on it.
"""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.admin.books import ByReference, ReadOnly
from ledger.models import Attempt, Pause, RailEvent
from wallet.admin.lists import ForgivingList


@admin.register(Attempt)
class AttemptAdmin(ReadOnly, ByReference):
    reference = "transaction__reference"
    list_display = ["reference", "transaction", "rail", "state", "created_at", "ended_at"]
    list_filter = ["state", "rail"]
    list_select_related = ["transaction"]
    search_fields = ["=reference", "=receipt", "=rail_id", "=transaction__reference"]
    search_help_text = _("Reference of the transaction, or the rail's reference, id or receipt")
    fields = [
        "reference", "transaction", "rail", "state", "rail_id", "receipt", "failure_code",
        "failure_words", "approvals_needed", "approvals_given", "created_at", "sent_at", "ended_at",
        "next_look_at", "looks", "lease_until", "fence",
    ]  # fmt: skip
    actions = None
    show_full_result_count = False


@admin.register(RailEvent)
class RailEventAdmin(ReadOnly, ForgivingList):
    """Each request, answer and callback, as it was kept: without secrets and phone numbers."""

    list_display = ["id", "at", "rail", "kind", "reference", "status_code", "finding"]
    list_filter = ["is_callback", "finding", "rail"]
    search_fields = ["=reference", "=rail_id"]
    search_help_text = _("The reference of the payment at the rail, or the rail's id")
    fields = [
        "at", "rail", "kind", "is_callback", "attempt", "reference", "rail_id", "status_code",
        "ip_address", "finding", "handled_at", "body",
    ]  # fmt: skip
    actions = None
    show_full_result_count = False


@admin.register(Pause)
class PauseAdmin(ReadOnly, ForgivingList):
    list_display = ["id", "rail", "reason", "paused_by", "paused_at", "until", "lifted_at"]
    list_select_related = ["paused_by"]
    fields = [
        "rail", "reason", "paused_by", "paused_at", "until", "lift_proposed_by", "lifted_by",
        "lifted_at",
    ]  # fmt: skip
    actions = None
    show_full_result_count = False
