"""Django admin for people and staff groups."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.widgets import AdminEmailInputWidget, AdminTextInputWidget
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from wallet import naming, operations, safety
from wallet.admin import sign_in_help
from wallet.admin.facts import changes
from wallet.admin.lists import ForgivingList
from wallet.admin.masking import KeptEmail, KeptPhone, RevealsContacts, hide_contacts, masked
from wallet.forms import PHONE_HINT, name_field
from wallet.models import User
from wallet.models.people import CONTACTS
from wallet.signin import sessions
from wallet.signin.notices import Login, notify_of_change
from wallet.staff import audit, roles, subjects
from wallet.staff.roles import AUDITOR, FINANCE
from wallet.web.fields import LineField
from wallet.web.http import context_of

# People change their email on their profile. Second-factor secrets are never shown.
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)
admin.site.unregister(Group)


# A change of these ends the person's sessions.
ENDS_SESSIONS = {"email", "phone", "is_active", "is_staff", "groups"}


class GroupForm(ModelForm):
    name = LineField(
        max_length=150,
        widget=AdminTextInputWidget(),
        error_messages={
            "required": _("Enter a name."),
            "unique": _("There's already a group with this name."),
        },
    )


@admin.register(Group)
class StaffGroupAdmin(ForgivingList, GroupAdmin):
    """Staff groups. The panel depends on two of them, so those can't be renamed or deleted."""

    FIXED = (FINANCE, AUDITOR)

    form = GroupForm

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> list[str]:
        return ["name"] if obj and obj.name in self.FIXED else []

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        if obj and obj.name in self.FIXED:
            return False
        return super().has_delete_permission(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if form.changed_data:
            self.record(request, form.instance, **changes(form, is_new=not change))

    @transaction.atomic
    def delete_model(self, request: HttpRequest, group: Group) -> None:
        people = sorted(group.user_set.values_list("pk", flat=True))
        self.record(request, group, deleted=group.name, people=people)
        super().delete_model(request, group)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, groups: QuerySet[Group]) -> None:
        for group in groups:
            self.delete_model(request, group)

    def record(self, request: HttpRequest, group: Group, **facts: Any) -> None:
        audit.record(
            context_of(request),
            audit.Action.CHANGE_GROUP,
            subjects.group(group.pk),
            name=group.name,
            **facts,
        )


class PersonForm(ModelForm):
    """Takes names, phone numbers and emails like the member's own forms."""

    name = name_field(
        widget=AdminTextInputWidget(),
        help_text="",
        error_messages={"required": _("Enter their name.")},
    )

    phone = KeptPhone(
        required=False,
        help_text=PHONE_HINT,
        error_messages={"unique": _("This number already has an account.")},
    )

    email = KeptEmail(
        required=False,
        widget=AdminEmailInputWidget(),
        error_messages={"unique": _("This email already has an account.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hide_contacts(self)

    def clean_email(self) -> str | None:
        return self.cleaned_data["email"] or None

    def clean(self) -> dict[str, Any]:
        """Two members of staff can't have names that look the same: the audit shows the name."""
        cleaned: dict[str, Any] = super().clean() or {}
        name = cleaned.get("name", "")
        is_checked = name and self.makes_staff(cleaned)
        if is_checked and (other := naming.staff_namesake(self.instance.pk, name)):
            self.add_error("name", naming.SAME_NAME.format(name=other.name))
        return cleaned

    def makes_staff(self, cleaned: dict[str, Any]) -> bool:
        """Will they be staff? A field that this operator may not change keeps its value."""
        groups = {group.name for group in cleaned.get("groups", ())}
        if cleaned.get("is_staff") or groups & {FINANCE, AUDITOR}:
            return True
        is_kept = self.instance.pk and not {"is_staff", "groups"} & self.fields.keys()
        return bool(is_kept) and roles.is_staff_now(self.instance)


@admin.register(User)
class UserAdmin(RevealsContacts):
    """People. A new person gets a wallet immediately.

    They set a password with "Forgot it?" or with a link that an operator hands over.
    """

    form = PersonForm

    change_form_template = "admin/wallet/user/change_form.html"
    list_display = ["name", "masked_email", "masked_phone", "is_active", "is_staff", "created_at"]
    list_filter = ["is_active", "is_staff", "groups"]
    people = ("",)
    fields = [
        "name",
        "email",
        "phone",
        "is_active",
        "is_staff",
        "groups",
        "created_at",
        "last_login",
    ]
    readonly_fields = ["created_at", "last_login"]
    filter_horizontal = ["groups"]
    ordering = ["-id"]
    show_full_result_count = False

    def member_of(self, user: User) -> int:
        return user.pk

    def contacts_of(self, user: User) -> dict[str, str]:
        return {str(_("Phone number")): user.phone or "", str(_("Email")): user.email or ""}

    @admin.display(description=_("email"))
    def masked_email(self, user: User) -> str:
        return masked(user.email)

    @admin.display(description=_("phone"))
    def masked_phone(self, user: User) -> str:
        return masked(user.phone)

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> list[Any]:
        """A contact that this operator can't change is shown as its mask."""
        fixed = self.get_readonly_fields(request, obj)
        return [
            f"masked_{name}" if name in CONTACTS and name in fixed else name
            for name in super().get_fields(request, obj)
        ]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(sign_in_help.sign_in_help)
        own = path("<id:user_id>/sign-in-help/", view, name="wallet_user_sign_in_help")
        return [own, *super().get_urls()]

    def formfield_for_manytomany(self, *args: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_manytomany(*args, **kwargs)
        if field:
            field.help_text = _("The groups finance and auditor see members' money in the panel.")
        return field

    def save_model(self, request: HttpRequest, user: User, form: ModelForm, change: bool) -> None:
        before = Login(form.initial.get("email"), form.initial.get("phone"))
        if change:
            for name in ("phone", "email"):
                if name in form.changed_data:
                    safety.changed(context_of(request), user.pk, safety.Change(name))
            user.save()
        else:
            user.set_unusable_password()
            User.objects.save_with_wallet(user)
        if "email" in form.changed_data:
            operations.keep_only_email(user)
        audit.record(
            context_of(request),
            audit.Action.CHANGE_PERSON if change else audit.Action.ADD_PERSON,
            subjects.member(user.pk),
            **changes(form, is_new=not change),
        )
        if change and ENDS_SESSIONS & set(form.changed_data):
            is_own = user.pk == request.user.pk
            sessions.end_others(user.pk, but=request.session if is_own else None)
        if change:
            notify_of_change(request, user, before)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """Only superusers change a person's login and role.

        Not even they change the login of staff: with a new email they could set a new password
        and act as that person.
        """
        fixed = ["created_at", "last_login", "masked_email", "masked_phone"]
        if request.user.is_superuser:
            return [*fixed, "email", "phone"] if obj and roles.was_ever_staff(obj) else fixed
        return [*fixed, "is_staff", "groups", *(["email", "phone"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are deactivated instead: the books keep their entries for ever."""
        return False
