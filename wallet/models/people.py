"""People: who they are and how they sign in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import In
from django.utils.translation import gettext_lazy as _

from wallet.models.accounts import Account
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
        """The wallet that money goes to unless the order names another account."""
        return Account.objects.wallet(self.pk)
