"""Statements of rails and banks, as they were imported, and their lines."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.status import Badge
from wallet.models import Account


class Statement(models.Model):
    """A file from a rail or a bank that lists what moved on our account there.

    Someone uploads it, checks the preview, and imports it. The worker that reads or imports it
    holds `lease` until `leased_until`. `options` say how to read the file, `findings` what was
    found in it (`adminpanel/reconciliation/findings.py`).
    """

    class State(models.TextChoices):
        READING = "READING", _("Being read")
        PREVIEW = "PREVIEW", _("Preview")
        IMPORTING = "IMPORTING", _("Importing")
        IMPORTED = "IMPORTED", _("Imported")
        FAILED = "FAILED", _("Not readable")
        DROPPED = "DROPPED", _("Dropped")

    # The same file may be uploaded again.
    OVER = (State.FAILED, State.DROPPED)
    WORKING = (State.READING, State.IMPORTING)
    BADGES = {
        State.READING: Badge(State.READING.label, "wait", "clock"),
        State.PREVIEW: Badge(State.PREVIEW.label, "wait", "flag"),
        State.IMPORTING: Badge(State.IMPORTING.label, "wait", "clock"),
        State.IMPORTED: Badge(State.IMPORTED.label, "good", "check"),
        State.FAILED: Badge(State.FAILED.label, "bad", "alert"),
        State.DROPPED: Badge(State.DROPPED.label, "calm", "flag"),
    }

    account = models.ForeignKey(
        Account,
        models.PROTECT,
        db_index=False,
        related_name="statements",
        verbose_name=_("account"),
    )
    # The code of the rail that wrote it. Empty for a bank.
    rail = models.CharField(_("rail"), max_length=16, blank=True)
    # A format of `adminpanel/reconciliation/formats/`. Empty until the file has been read.
    format = models.CharField(_("format"), max_length=16, blank=True)
    options = models.JSONField(_("options"), default=dict)
    file_name = models.CharField(_("file"), max_length=255)
    size = models.BigIntegerField(_("size"))
    sha256 = models.CharField(max_length=64)
    # The first and last line, or what the file says its period is.
    first_at = models.DateTimeField(_("from"), null=True)
    last_at = models.DateTimeField(_("to"), null=True)
    opening_cents = models.BigIntegerField(_("opening balance"), null=True)
    closing_cents = models.BigIntegerField(_("closing balance"), null=True)
    # Lines that can be imported; once imported, those that this statement added.
    lines_count = models.IntegerField(_("lines"), default=0)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.READING)
    # Lines of the file that the worker has been through.
    progress = models.IntegerField(default=0)
    findings = models.JSONField(_("findings"), default=dict)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("imported by"),
    )
    imported_at = models.DateTimeField(_("imported"), null=True)
    lease = models.UUIDField(default=uuid4)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "-id"], name="statement_by_account"),
            models.Index(
                fields=["id"],
                condition=Q(state__in=["READING", "IMPORTING"]),
                name="statement_to_work_on",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "sha256"],
                condition=~Q(state__in=["FAILED", "DROPPED"]),
                name="statement_same_file_once",
            ),
            models.CheckConstraint(condition=Q(account__lt=0), name="statement_of_house_account"),
            models.CheckConstraint(
                condition=Q(
                    state__in=[
                        *("READING", "PREVIEW", "IMPORTING", "IMPORTED"),
                        *("FAILED", "DROPPED"),
                    ]
                ),
                name="statement_state_known",
            ),
            models.CheckConstraint(
                condition=Q(state="IMPORTED", imported_at__isnull=False)
                | ~Q(state="IMPORTED") & Q(imported_at__isnull=True),
                name="statement_imported_at_a_time",
            ),
        ]

    @property
    def badge(self) -> Badge:
        return self.BADGES[self.State(self.state)]

    @property
    def is_working(self) -> bool:
        """Is it waiting for the worker, or being read?"""
        return self.state in self.WORKING


class StatementPart(models.Model):
    """A piece of a statement's file. In its own table, so no list or import loads a whole file."""

    statement = models.ForeignKey(Statement, models.PROTECT, db_index=False, related_name="parts")
    number = models.IntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(
                fields=["statement", "number"], name="statement_part_once_per_number"
            ),
        ]


class StatementLine(models.Model):
    """One line of a statement. `amount_cents` is above zero when money came in.

    Only a line that `counts` moved money: the file also has attempts that failed. `number` is its
    line in the file, `raw` the cells as they were. `fingerprint` says which fact of which account
    it is (`adminpanel/reconciliation/reading.py`): a line that another file had is the same.
    """

    statement = models.ForeignKey(Statement, models.PROTECT, db_index=False, related_name="lines")
    account = models.ForeignKey(
        Account, models.PROTECT, db_index=False, related_name="statement_lines"
    )
    number = models.IntegerField(_("line"))
    at = models.DateTimeField(_("time"))
    receipt = models.CharField(_("receipt"), max_length=64, blank=True)
    kind = models.CharField(_("reason"), max_length=100, blank=True)
    details = models.CharField(_("details"), max_length=500, blank=True)
    party = models.CharField(_("other party"), max_length=200, blank=True)
    account_number = models.CharField(_("account number"), max_length=64, blank=True)
    linked_receipt = models.CharField(_("linked receipt"), max_length=64, blank=True)
    amount_cents = models.BigIntegerField(_("amount"))
    balance_cents = models.BigIntegerField(_("balance"), null=True)
    status = models.CharField(_("status"), max_length=40, blank=True)
    counts = models.BooleanField(_("moved money"))
    fingerprint = models.CharField(max_length=32)
    raw = models.JSONField(default=dict)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["statement", "number"], name="statement_line_in_file"),
            models.Index(fields=["account", "at", "id"], name="statement_line_by_time"),
            models.Index(fields=["account", "receipt"], name="statement_line_by_receipt"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["fingerprint"], name="statement_line_once_per_account"),
            models.CheckConstraint(
                condition=Q(account__lt=0), name="statement_line_of_house_account"
            ),
            models.CheckConstraint(
                condition=Q(counts=False) | ~Q(amount_cents=0), name="statement_line_moves_money"
            ),
        ]
