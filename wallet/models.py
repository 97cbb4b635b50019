"""People and their accounts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.db.models.lookups import In
from django.utils.translation import gettext_lazy as _

from wallet.money import CEILING_CENTS
from wallet.phones import parse_phone
from wallet.text import (
    HOUSE_NAMES,
    refuse_control_characters,
    refuse_house_names,
    refuse_invisible_characters,
)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(
        self,
        *,
        name: str,
        email: str | None = None,
        phone: str | None = None,
        password: str | None = None,
        **flags: bool,
    ) -> User:
        """Open a person together with their primary KES wallet: both, or neither.

        `phone` is E.164. Without a password the person can't sign in until they set one.
        Raises IntegrityError when the email or the phone is taken.
        """
        user = self.model(
            name=name, email=(email or "").lower() or None, phone=phone or None, **flags
        )
        # Hashing takes long on purpose, so it is done before the database is held.
        user.password = make_password(password)
        self.save_with_wallet(user)
        return user

    @transaction.atomic
    def save_with_wallet(self, user: User) -> None:
        """Save a new person and open their wallet."""
        user.save(force_insert=True)
        Account.objects.create(user=user, kind=Account.Kind.WALLET)

    def create_superuser(self, **fields: Any) -> User:
        """For `manage.py createsuperuser`."""
        return self.create_user(is_staff=True, is_superuser=True, **fields)

    def with_login(self, text: str) -> User | None:
        """The person who signs in with this email or phone, in any spelling; None if nobody."""
        if "@" in text:
            return self.filter(email=text.strip().lower()).first()
        try:
            return self.filter(phone=parse_phone(text)).first()
        except ValidationError:
            return None


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Signs in by email or by phone; either may be missing."""

    name = models.CharField(
        _("name"),
        max_length=80,
        validators=[refuse_control_characters, refuse_invisible_characters, refuse_house_names],
    )
    email = models.EmailField(_("email"), unique=True, null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=16, unique=True, null=True, blank=True)
    is_staff = models.BooleanField(_("may use the admin"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("joined"), auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        indexes = [models.Index(fields=["created_at"], name="user_by_time")]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_any_case"),
            models.CheckConstraint(condition=~Q(email=""), name="user_email_null_not_empty"),
            models.CheckConstraint(
                condition=~Q(In(Lower("name"), HOUSE_NAMES)), name="user_name_is_not_the_houses"
            ),
            models.CheckConstraint(
                condition=Q(phone__regex=r"^\+254[0-9]{7,10}\Z"), name="user_phone_e164"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def short_name(self) -> str:
        """First name and initial, as a stranger may see it: `Jane W.`"""
        first, *rest = self.name.split() or [""]
        return f"{first} {rest[-1][0].upper()}." if rest else first

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    def primary_account(self) -> Account:
        """The wallet that money goes to unless somebody says otherwise."""
        return self.accounts.get(kind=Account.Kind.WALLET, currency=Account.Currency.KES)


class Account(models.Model):
    """Something that holds a balance: a member's wallet, or one of the house's own accounts.

    A house account has no user and stores no balance: its balance is the sum of its
    entries, so that no two payments ever wait for the same house row.
    """

    class Kind(models.TextChoices):
        WALLET = "wallet", _("Wallet")
        SIMULATED_FLOAT = "simulated_float", _("Float at the simulated rail")
        IN_TRANSIT = "in_transit", _("Payouts in transit")
        SUSPENSE = "suspense", _("Suspense")
        ADJUSTMENTS = "adjustments", _("Adjustments")

    class Currency(models.TextChoices):
        KES = "KES", "KES"

    # House accounts have fixed ids below zero, so that no operation has to look them up.
    HOUSE_IDS: ClassVar[dict[str, int]] = {
        Kind.SIMULATED_FLOAT: -1,
        Kind.IN_TRANSIT: -2,
        Kind.SUSPENSE: -3,
        Kind.ADJUSTMENTS: -4,
    }

    user = models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="accounts",
        verbose_name=_("member"),
    )
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    currency = models.CharField(_("currency"), max_length=3, choices=Currency, default=Currency.KES)
    balance_cents = models.BigIntegerField(_("balance"), default=0)
    is_frozen = models.BooleanField(_("frozen"), default=False)
    created_at = models.DateTimeField(_("opened"), auto_now_add=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        constraints = [
            models.CheckConstraint(
                condition=Q(balance_cents__gte=0, balance_cents__lte=CEILING_CENTS),
                name="account_balance_not_negative",
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=False, kind="wallet", id__gt=0)
                | Q(user__isnull=True, balance_cents=0, id__lt=0) & ~Q(kind="wallet"),
                name="account_house_has_no_user_and_no_balance",
            ),
            models.CheckConstraint(condition=Q(currency="KES"), name="account_currency_known"),
            models.UniqueConstraint(
                fields=["user", "currency"],
                condition=Q(kind="wallet"),
                name="account_one_wallet_per_user_and_currency",
            ),
            models.UniqueConstraint(
                F("kind"),
                F("currency"),
                condition=Q(user__isnull=True),
                name="account_one_house_account_per_kind",
            ),
        ]

    def __str__(self) -> str:
        return str(self.user) if self.user else self.get_kind_display()


class ApiToken(models.Model):
    """What a program shows instead of a password. Only its hash is kept.

    The secret is 256 random bits, so a plain SHA-256 is enough to look it up by.
    """

    class Scope(models.TextChoices):
        MEMBER = "member", _("Member: acts for its owner")
        FINANCE = "finance", _("Finance: reads everything")
        SERVICE = "service", _("Service: opens members and acts for them")

    user = models.ForeignKey(
        User, models.PROTECT, related_name="api_tokens", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=60, validators=[refuse_control_characters])
    scope = models.CharField(_("scope"), max_length=10, choices=Scope)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    hint = models.CharField(_("ends in"), max_length=4, editable=False)
    created_at = models.DateTimeField(_("issued"), auto_now_add=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(scope__in=["member", "finance", "service"]), name="token_scope_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} (…{self.hint})"


class AuditEvent(models.Model):
    """One act of staff, or of the system about staff's work: who did what to what, and why.

    Written once, in the transaction of the act it tells of (`wallet/audit.py`); the database
    refuses to change or delete it (`wallet/guards.py`). `subject` names what was acted upon, as
    in `member 12` or `transaction NS-7K2Q9PXM`.
    """

    class Action(models.TextChoices):
        FREEZE = "freeze", _("Wallet frozen")
        UNFREEZE = "unfreeze", _("Wallet unfrozen")
        REVEAL = "reveal", _("Phone revealed")
        EXPORT = "export", _("Export")
        NOTE = "note", _("Note")
        PROPOSE = "propose", _("Reversal proposed")
        APPROVE = "approve", _("Reversal approved")
        DENY = "deny", _("Reversal denied")
        WITHDRAW = "withdraw", _("Proposal withdrawn")
        REVERSE = "reverse", _("Reversal posted")
        REFUSE = "refuse", _("Reversal refused")
        OPEN_INCIDENT = "open_incident", _("Incident opened")
        CHANGE_INCIDENT = "change_incident", _("Incident changed")
        RESOLVE_INCIDENT = "resolve_incident", _("Incident resolved")
        RUN_CHECKS = "run_checks", _("Checks asked for")
        LOOK_UP = "look_up", _("Found by phone or email")
        ADD_PERSON = "add_person", _("Person added")
        CHANGE_PERSON = "change_person", _("Person changed")
        CHANGE_GROUP = "change_group", _("Group of staff changed")
        ISSUE_TOKEN = "issue_token", _("Token issued")
        REVOKE_TOKEN = "revoke_token", _("Token revoked")
        PASSWORD_LINK = "password_link", _("Password link handed over")
        REMOVE_TWO_STEP = "remove_two_step", _("Two-step sign-in removed")

    at = models.DateTimeField(_("at"), auto_now_add=True)
    # Null: the system itself.
    actor = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", verbose_name=_("actor"), db_index=False
    )
    # As it was then: a person may take another name, and what they did stays under the old one.
    # Empty for the system, and for acts from before names were kept.
    actor_name = models.CharField(_("name then"), max_length=80, blank=True, db_default="")
    action = models.CharField(_("action"), max_length=20, choices=Action)
    subject = models.CharField(_("subject"), max_length=60)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    address = models.CharField(_("address"), max_length=60, blank=True)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["subject", "-id"], name="audit_by_subject"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["at"], name="audit_by_time"),
        ]

    @property
    def who(self) -> str:
        """The actor's name at the time of the act; empty for the system."""
        return self.actor_name or (self.actor.name if self.actor else "")


class RateWindow(models.Model):
    """How many calls one caller has made in one minute. Rows of past minutes are swept away."""

    key = models.CharField(max_length=80)
    minute = models.BigIntegerField()
    count = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["key", "minute"], name="rate_window_once_per_minute"),
        ]
