"""Movements at a rail, from statements and from our books, and the matches between them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from adminpanel.models.statements import StatementLine
from ledger.models import Entry, Transaction
from ledger.status import Badge
from wallet.models import Account


class Place(models.TextChoices):
    """Where a movement stands. Each is in exactly one."""

    MATCHED = "matched", _("Matched")
    DIFFERS = "differs", _("Amount differs")
    OURS = "ours", _("Ours only")
    THEIRS = "theirs", _("Theirs only")
    DUPLICATE = "duplicate", _("Duplicate")
    CHARGE = "charge", _("Charge")


PAIRED = (Place.MATCHED, Place.DIFFERS)


class Rule(models.TextChoices):
    """What made a match."""

    RECEIPT = "receipt", _("Same receipt")
    REFERENCE = "reference", _("Our reference")
    SUGGESTED = "suggested", _("Suggestion accepted")
    BY_HAND = "by_hand", _("By hand")
    UNDO = "undo", _("Undone")


class Match(models.Model):
    """Statement lines and ledger movements that belong together, or the end of an earlier match.

    Never changed: undoing writes another row, with the rule UNDO, that names it in `undoes`.
    `made_by` is null when the worker made it. `also_fitted` are the other candidates, in words.
    `difference_cents` is the sum of the lines minus the sum of our movements.
    """

    Rule = Rule

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="+", verbose_name=_("account"), db_index=False
    )
    rule = models.CharField(_("rule"), max_length=10, choices=Rule)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("made by"),
    )
    # As it was then, like the audit's.
    made_by_name = models.CharField(_("name then"), max_length=80, blank=True)
    made_at = models.DateTimeField(_("made"), auto_now_add=True)
    # What they have in common: a receipt, our reference, or what a person said.
    why = models.CharField(_("why"), max_length=300, blank=True)
    also_fitted = models.JSONField(_("also fitted"), default=list)
    difference_cents = models.BigIntegerField(_("difference"), default=0)
    # When the first and the last of its movements moved.
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))
    undoes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="undone_by", verbose_name=_("undoes")
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            # For matches that begin before a moment and end after it.
            models.Index(fields=["account", "last_at", "first_at"], name="match_across"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(rule="undo", undoes__isnull=False)
                | Q(rule__in=["receipt", "reference", "suggested", "by_hand"])
                & Q(undoes__isnull=True),
                name="match_undoes_when_undone",
            ),
            models.CheckConstraint(
                condition=~Q(rule__in=["suggested", "by_hand"]) | Q(made_by__isnull=False),
                name="match_by_hand_has_a_hand",
            ),
            models.CheckConstraint(
                condition=Q(first_at__lte=F("last_at")), name="match_first_before_last"
            ),
        ]

    @property
    def who(self) -> str:
        """Who made it; empty for the worker."""
        return self.made_by_name


class MovementQuerySet(models.QuerySet["Movement"]):
    def open(self) -> MovementQuerySet:
        """Movements without a full match. `exclude`, because it's the condition of an index."""
        return self.exclude(place=Place.MATCHED)

    def lines(self) -> MovementQuerySet:
        return self.filter(line__isnull=False)

    def entries(self) -> MovementQuerySet:
        return self.filter(entry__isnull=False)


class Movement(models.Model):
    """One movement of money at a rail: a statement line that counts, or an entry of its float.

    Each line and each entry has one row, and the row has one `place`. `amount_cents` is seen from
    the rail, above zero when money came in: an entry has the opposite sign. `match` is its current
    match. `reference` is our name of the payment, if it's known. When a person undoes a match, its
    movements are `by_hand_only`, and the worker leaves them alone. `suggests` is the movement of
    ours that a line may be.
    """

    Place = Place
    BADGES = {
        Place.MATCHED: Badge(Place.MATCHED.label, "good", "check"),
        Place.DIFFERS: Badge(Place.DIFFERS.label, "bad", "alert"),
        Place.OURS: Badge(Place.OURS.label, "bad", "alert"),
        Place.THEIRS: Badge(Place.THEIRS.label, "bad", "alert"),
        Place.DUPLICATE: Badge(Place.DUPLICATE.label, "bad", "copy"),
        Place.CHARGE: Badge(Place.CHARGE.label, "calm", "flag"),
    }

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="+", verbose_name=_("account"), db_index=False
    )
    line = models.OneToOneField(
        StatementLine,
        models.PROTECT,
        null=True,
        related_name="movement",
        verbose_name=_("statement line"),
    )
    entry = models.OneToOneField(
        Entry, models.PROTECT, null=True, related_name="movement", verbose_name=_("entry")
    )
    # Of an entry, its transaction.
    transaction = models.ForeignKey(
        Transaction,
        models.PROTECT,
        null=True,
        related_name="movements",
        verbose_name=_("transaction"),
    )
    at = models.DateTimeField(_("time"))
    amount_cents = models.BigIntegerField(_("amount"))
    receipt = models.CharField(_("receipt"), max_length=64, blank=True)
    reference = models.CharField(_("our reference"), max_length=20, blank=True)
    place = models.CharField(_("place"), max_length=10, choices=Place)
    match = models.ForeignKey(
        Match, models.PROTECT, null=True, related_name="held", verbose_name=_("match")
    )
    by_hand_only = models.BooleanField(default=False)
    suggests = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="suggested_by", verbose_name=_("may be")
    )
    suggestion = models.CharField(_("why it may be"), max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("owner"),
    )

    objects = MovementQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account", "place", "at", "id"], name="movement_by_place"),
            models.Index(
                fields=["account", "at", "id"],
                condition=~Q(place="matched"),
                name="movement_open",
            ),
            models.Index(
                fields=["account", "receipt"],
                condition=~Q(receipt=""),
                name="movement_by_receipt",
            ),
            models.Index(
                fields=["account", "reference"],
                condition=~Q(reference=""),
                name="movement_by_reference",
            ),
            models.Index(
                fields=["account", "amount_cents", "at"],
                condition=~Q(place="matched"),
                name="movement_open_by_amount",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(line__isnull=False, entry__isnull=True, transaction__isnull=True)
                | Q(line__isnull=True, entry__isnull=False, transaction__isnull=False),
                name="movement_of_one_side",
            ),
            models.CheckConstraint(
                condition=Q(place__in=["matched", "differs"], match__isnull=False)
                | Q(place__in=["duplicate"], match__isnull=True)
                | Q(place="ours", match__isnull=True, entry__isnull=False)
                | Q(place__in=["theirs", "charge"], match__isnull=True, line__isnull=False),
                name="movement_place_of_its_side",
            ),
            models.CheckConstraint(condition=~Q(amount_cents=0), name="movement_moves_money"),
        ]

    @property
    def badge(self) -> Badge:
        return self.BADGES[Place(self.place)]

    @property
    def is_line(self) -> bool:
        return self.line_id is not None

    @property
    def is_open(self) -> bool:
        return self.place != Place.MATCHED


class MatchPart(models.Model):
    """A movement in a match. It stays when the match is undone."""

    match = models.ForeignKey(Match, models.PROTECT, related_name="parts", db_index=False)
    movement = models.ForeignKey(Movement, models.PROTECT, related_name="parts")

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["match", "movement"], name="match_part_once"),
        ]
