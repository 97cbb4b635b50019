"""People: members and staff, with the email or phone number they sign in with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import In
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from wallet import emails, names, public_ids
from wallet.models.accounts import Account
from wallet.models.person_columns import CONTACTS, name_columns, when_phone_changed, when_proved
from wallet.models.protected import refuse_protected_names
from wallet.names import HOUSE_NAMES, HOUSE_SKELETON
from wallet.phones import parse_phone
from wallet.text import refuse_control_characters, unicode_forms


class UserQuerySet(models.QuerySet["User"]):
    """Members. Every way to save a name saves its search columns too."""

    def update(self, **values: Any) -> int:
        if "name" in values:
            if not isinstance(values["name"], str):
                raise TypeError("Pass the name as text, so that its search columns can be saved.")
            values |= name_columns(values["name"])
        if "phone" in values:
            values |= {"phone_changed_at": when_phone_changed(values["phone"])}
        for field in CONTACTS & values.keys():
            values = {f"{field}_proved_at": when_proved(field, values[field]), **values}
        return super().update(**values)

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> Any:
        people = list(objs)
        for user in people:
            user.set_search_columns()
            user.prove_contacts()
        return super().bulk_create(people, *args, **kwargs)


def stopped(path: str = "") -> Q:
    """People whose wallet is stopped (`User.is_stopped`). `path` leads to them, like `user__`."""
    return Q(
        **{
            f"{path}prove_by__lte": timezone.now(),
            f"{path}phone_proved_at__isnull": True,
            f"{path}email_proved_at__isnull": True,
        }
    )


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

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
        """Open a person with their KES wallet, both or neither. Their contacts count as proved.

        `phone` is E.164. Without a password the person can't sign in until they set one.
        Raises IntegrityError if another member has the email or phone number.
        """
        email = emails.normalize(email or "") or None
        user: User = self.model(name=name, email=email, phone=phone or None, **flags)
        # Hashing is slow on purpose, so do it before the transaction begins.
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
        """The person who signs in with this email or phone number, in any format, or None."""
        try:
            is_email = "@" in text
            login = {"email": emails.normalize(text)} if is_email else {"phone": parse_phone(text)}
        except ValidationError:
            return None
        return self.filter(**login).first()

    def with_address(self, text: str) -> User | None:
        """The person whom money for this email or phone number goes to, in any format, or None."""
        user = self.with_login(text)
        return user if user and user.has_address("email" if "@" in text else "phone") else None

    def payable_as(self, text: str) -> User | None:
        """The person with this public id, phone number or email, in any format, or None."""
        public_id = public_ids.parse(text)
        return self.filter(public_id=public_id).first() if public_id else self.with_address(text)


class User(AbstractBaseUser, PermissionsMixin):
    """A person, who signs in with an email or a phone number. Either may be missing.

    Both hold only what counts as the person's: what they proved with a code, or typed before there
    were codes (until `prove_by`). What a new member types is a `Claim` until they prove it.
    """

    name = models.CharField(
        _("name"),
        max_length=80,
        validators=[
            refuse_control_characters,
            names.refuse_invisible_characters,
            names.refuse_house_names,
            names.refuse_mixed_scripts,
            refuse_protected_names,
        ],
    )
    # The name and the short name, folded for search (wallet/names.py).
    search_name = models.TextField(default="", db_default="", editable=False)
    search_short_name = models.TextField(default="", db_default="", editable=False)
    # Names that look the same have the same skeleton (wallet/lookalikes.py).
    name_skeleton = models.TextField(default="", db_default="", editable=False)
    # Those who have dealt with this person read the whole name, not only the short one.
    shows_full_name = models.BooleanField(default=False, db_default=False, editable=False)
    # What others may pay them by, without knowing a phone number or an email.
    public_id = models.CharField(
        _("public id"),
        max_length=15,
        unique=True,
        default=public_ids.new_public_id,
        editable=False,
    )
    email = models.EmailField(_("email"), unique=True, null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=16, unique=True, null=True, blank=True)
    # When it last became another number. The number that an account was opened with is no change.
    phone_changed_at = models.DateTimeField(null=True, editable=False)
    phone_proved_at = models.DateTimeField(null=True, editable=False)
    email_proved_at = models.DateTimeField(null=True, editable=False)
    # From then on, contacts without a proof don't count, and without any proof the wallet stops: it
    # neither receives nor sends. Null if nothing has to be proved.
    prove_by = models.DateTimeField(null=True, editable=False)
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
                condition=~Q(search_name__in=HOUSE_NAMES) & ~Q(search_short_name__in=HOUSE_NAMES),
                name="user_name_does_not_read_like_the_houses",
            ),
            *(
                models.CheckConstraint(
                    condition=Q(**{f"{field}__isnull": True, f"{field}_proved_at__isnull": True})
                    | Q(**{f"{field}__isnull": False, f"{field}_proved_at__isnull": False})
                    | Q(**{f"{field}__isnull": False, "prove_by__isnull": False}),
                    name=f"user_{field}_is_proved",
                )
                for field in ("email", "phone")
            ),
            models.CheckConstraint(
                condition=~Q(name_skeleton__contains=HOUSE_SKELETON),
                name="user_name_does_not_hold_the_houses",
            ),
            models.CheckConstraint(
                condition=Q(phone__regex=r"^\+254[0-9]{7,10}\Z"), name="user_phone_e164"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is None or "name" in update_fields:
            columns = self.set_search_columns()
            update_fields = update_fields and {*update_fields, *columns}
        if not self._state.adding and (update_fields is None or "phone" in update_fields):
            self.phone_changed_at = when_phone_changed(self.phone)
            update_fields = update_fields and {*update_fields, "phone_changed_at"}
        if self._state.adding:
            self.prove_contacts()
        else:
            for field in CONTACTS if update_fields is None else CONTACTS & {*update_fields}:
                setattr(self, f"{field}_proved_at", when_proved(field, getattr(self, field)))
                update_fields = update_fields and {*update_fields, f"{field}_proved_at"}
        super().save(*args, update_fields=update_fields, **kwargs)

    def set_search_columns(self) -> dict[str, str]:
        columns = name_columns(self.name)
        for column, value in columns.items():
            setattr(self, column, value)
        return columns

    def prove_contacts(self) -> None:
        """For a new row: its contacts are proved, unless they have to be by `prove_by`."""
        for field in CONTACTS:
            if getattr(self, field) and not getattr(self, f"{field}_proved_at"):
                is_proved = self.prove_by is None
                setattr(self, f"{field}_proved_at", timezone.now() if is_proved else None)

    def has_address(self, field: str) -> bool:
        """Does money for this contact, `email` or `phone`, go to this person?"""
        is_proved = getattr(self, f"{field}_proved_at") is not None
        return is_proved or (self.prove_by is not None and self.prove_by > timezone.now())

    @property
    def has_proof(self) -> bool:
        return bool(self.phone_proved_at or self.email_proved_at)

    @property
    def must_prove(self) -> bool:
        """Has this person proved no contact, although they have to?"""
        return self.prove_by is not None and not self.has_proof

    @property
    def is_stopped(self) -> bool:
        """May the wallet neither receive nor send, before its owner proves a contact?"""
        return self.must_prove and self.prove_by is not None and self.prove_by <= timezone.now()

    def set_password(self, raw_password: str | None) -> None:
        """The same text in another Unicode form is the same password."""
        super().set_password(raw_password and unicode_forms(raw_password)[0])

    def check_password(self, raw_password: str | None) -> bool:
        """Hashes from before there was one form are of the form that was typed."""
        check = super().check_password
        return any(check(form) for form in unicode_forms(raw_password or ""))

    @property
    def short_name(self) -> str:
        """First name and initial, for strangers: `Jane W.`"""
        return names.short_name(self.name)

    @property
    def name_for_parties(self) -> str:
        """The name for those who have paid this person, or were paid by them."""
        return self.name if self.shows_full_name else self.short_name

    @property
    def initials(self) -> str:
        return names.initials(self.name)

    def primary_account(self) -> Account:
        """The wallet that money goes to unless the order names another account."""
        return Account.objects.wallet(self.pk)
