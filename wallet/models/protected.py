"""Names that no member may take: those of institutions that people trust with their money."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from wallet import lookalikes
from wallet.text import refuse_control_characters

# The first list. Operators change it in Django admin.
WITHIN_WORDS = (
    *("Nissmart", "M-PESA", "Safaricom", "Airtel", "M-Shwari", "Fuliza", "PesaLink", "Pesapal"),
    *("Paybill", "Equity", "Cooperative Bank", "Family Bank", "Stanbic", "Ecobank"),
    *("Standard Chartered", "Central Bank", "Kenya Revenue", "Revenue Authority", "eCitizen"),
    *("Kenya Power", "Kenya Police", "Government", "Customer care", "Customer service"),
    *("Customer support", "Help desk", "Service desk", "Help line", "Hotline", "Support"),
    *("Administrator", "Official account", "Fraud team", "Security team", "Refunds"),
)
WHOLE_WORDS = (
    *("KCB", "Co-op", "Absa", "NCBA", "DTB", "I&M Bank", "Bank", "CBK", "KRA", "Huduma", "Telkom"),
    *("T-Kash", "NSSF", "NHIF", "IEBC", "KPLC", "GoK", "Police", "Treasury", "Admin", "Care desk"),
)


class ProtectedNameQuerySet(models.QuerySet["ProtectedName"]):
    def held_in(self, name: str) -> ProtectedName | None:
        """The protected name that this one holds, in any spelling."""
        return next((each for each in self.all() if each.is_held_in(name)), None)

    def near(self, name: str) -> ProtectedName | None:
        """The protected name that part of this one is a typing error away from."""
        return next((each for each in self.all() if lookalikes.is_near(name, each.name)), None)


def write_first_list(names: Any) -> None:
    """Write the first list with this manager, which in a migration is that of the past model."""
    rows = [(name, True) for name in WITHIN_WORDS] + [(name, False) for name in WHOLE_WORDS]
    names.bulk_create(
        names.model(name=name, within_words=within, skeleton=lookalikes.skeleton(name))
        for name, within in rows
    )


class ProtectedName(models.Model):
    """A name that no member's name may hold, in any spelling (`wallet/lookalikes.py`)."""

    name = models.CharField(_("name"), max_length=60, validators=[refuse_control_characters])
    within_words = models.BooleanField(
        _("also within a word"),
        default=False,
        help_text=_("Leave it off for a short name: it may be part of people's surnames."),
    )
    skeleton = models.CharField(max_length=120, unique=True, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects: ClassVar[models.Manager[ProtectedName]] = ProtectedNameQuerySet.as_manager()

    class Meta:
        verbose_name = _("protected name")
        verbose_name_plural = _("protected names")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(skeleton=""), name="protected_name_has_letters"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raise ValidationError for a name without letters, and one that is on the list."""
        self.skeleton = lookalikes.skeleton(self.name)
        if len(self.skeleton) < 2:
            raise ValidationError({"name": _("Enter a name of at least two letters.")})
        others = ProtectedName.objects.exclude(pk=self.pk).filter(skeleton=self.skeleton)
        if other := others.first():
            sentence = _("“%(name)s” is on the list and reads like it.")
            raise ValidationError({"name": sentence % {"name": other.name}})

    def is_held_in(self, name: str) -> bool:
        return lookalikes.holds(name, self.skeleton, within_words=self.within_words)


def refuse_protected_names(name: str) -> None:
    """Raise ValidationError for a name that reads like an institution, anywhere in it."""
    if found := ProtectedName.objects.held_in(name):
        raise ValidationError(
            _("This name reads like %(name)s. Enter your own, as on your ID."),
            code="protected_name",
            params={"name": found.name},
        )


def refuse_near_names(name: str) -> None:
    """Raise ValidationError for a name that is a typing error away from an institution's.

    A person may really be called that, so staff decide about it.
    """
    if found := ProtectedName.objects.near(name):
        raise ValidationError(
            _("This name is close to %(name)s. Check it. If it's really yours, ask us to add it."),
            code="near_protected_name",
            params={"name": found.name},
        )
