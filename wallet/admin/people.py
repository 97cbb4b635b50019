"""Django admin for people and staff groups."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib import messages as alerts
from django.contrib.admin.widgets import AdminTextInputWidget
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from wallet import granting, messages, operations, safety
from wallet.admin import sign_in_help
from wallet.admin.facts import changes
from wallet.admin.lists import ForgivingList
from wallet.admin.masking import RevealsContacts, masked
from wallet.admin.person_form import NEEDS_REASON, PersonForm
from wallet.context import Context
from wallet.models import RoleRequest, User
from wallet.models.person_columns import CONTACTS
from wallet.signin import sessions
from wallet.signin.notices import Login, notify_of_change
from wallet.staff import audit, roles, subjects
from wallet.web.fields import LineField
from wallet.web.http import context_of

# People change their email on their profile. Second-factor secrets are never shown.
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)
admin.site.unregister(Group)


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
    """Staff groups. The roles of the panel can't be renamed or deleted."""

    FIXED = tuple(roles.RIGHTS)

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
        "reason",
    ]
    readonly_fields = ["created_at", "last_login"]
    filter_horizontal = ["groups"]
    ordering = ["-id"]
    show_full_result_count = False

    def member_of(self, user: User) -> int:
        return user.pk

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
            field.help_text = _(
                "Support finds members. Finance, its approvers and auditors see members' money. "
                "A role of finance needs a second operator, or waits a day."
            )
        return field

    @method_decorator(reauthentication_required(allow_get=True))
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return super().changeform_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, *args, **kwargs)
        form.operator_id = request.user.pk
        return form

    def save_model(self, request: HttpRequest, user: User, form: PersonForm, change: bool) -> None:
        context = context_of(request, reason=form.cleaned_data["reason"])
        facts = changes(form, is_new=not change)
        changed = set(facts["after"])
        if "is_staff" in changed and not user.is_staff:
            user.is_superuser = False
        if change:
            self.save_person(request, context, user, form, changed)
        else:
            user.set_unusable_password()
            User.objects.save_with_wallet(user)
            operations.keep_only_email(user)
        if changed or not change:
            action = audit.Action.CHANGE_PERSON if change else audit.Action.ADD_PERSON
            audit.record(context, action, subjects.member(user.pk), **facts)
        if NEEDS_REASON & changed and change:
            is_own = user.pk == request.user.pk
            sessions.end_others(user.pk, but=request.session if is_own else None)
        if lost := lost_roles(facts, form.had):
            granting.tell_of_removal(context, user, lost)
        for role in form.asked:
            self.ask_for(request, context, user, role)

    def save_person(
        self,
        request: HttpRequest,
        context: Context,
        user: User,
        form: PersonForm,
        changed: set[str],
    ) -> None:
        """Save, with what follows from another phone number or email: `wallet/safety.py`."""
        before = Login(form.initial.get("email"), form.initial.get("phone"))
        for name in ("phone", "email"):
            if name in changed:
                both = [getattr(before, name), getattr(user, name)]
                also = [messages.Contact.of(value) for value in both if value]
                safety.changed(context, user.pk, safety.Change(name), also=also)
        user.save()
        if "email" in changed:
            operations.keep_only_email(user)
        notify_of_change(request, user, before)

    def ask_for(
        self, request: HttpRequest, context: Context, user: User, role: RoleRequest.Role
    ) -> None:
        asked = granting.ask(context, user_id=user.pk, role=role)
        words = _("Requested: {name} as {role}. It waits for a second operator, or until {due}.")
        due = messages.date_in_words(asked.due_at)
        alerts.info(request, words.format(name=user.name, role=asked.get_role_display(), due=due))

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


def lost_roles(facts: dict[str, Any], had: list[str]) -> list[str]:
    """The roles with rights over money, or over people, that this change took away.

    Closing an account takes all of them: `had`.
    """
    before, after = facts.get("before", {}), facts["after"]
    if before.get("is_active") and not after["is_active"]:
        return had
    lost = {*before.get("groups", ())} - {*after.get("groups", ())}
    is_out = before.get("is_staff") and not after["is_staff"]
    return [*sorted(lost.intersection(roles.FINANCE_TEAM)), *(["operator"] if is_out else [])]
