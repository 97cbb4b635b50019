"""Django admin for operators: people and their accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from wallet import audit, operations, roles, sign_in_help, tokens
from wallet.admin_facts import changes
from wallet.admin_lists import CalmList
from wallet.callers import address
from wallet.fields import PhoneField
from wallet.models import Account, ApiToken, User
from wallet.money import format_money
from wallet.notices import Login, tell_of_change
from wallet.roles import AUDITOR, FINANCE

admin.site.site_header = _("Nissmart operations")
admin.site.site_title = _("Nissmart operations")
admin.site.index_title = _("People, accounts and the ledger")

# People change their email on their profile page; the seeds of second factors are nobody's to see.
admin.site.unregister(EmailAddress)
admin.site.unregister(Authenticator)
admin.site.unregister(Group)


@admin.register(Group)
class StaffGroupAdmin(CalmList, GroupAdmin):
    """What staff may do. The two groups that the dashboard goes by keep their names."""

    FIXED = (FINANCE, AUDITOR)

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
            audit.Action.CHANGE_GROUP,
            f"group {group.pk}",
            actor_id=request.user.pk,
            address=address(request),
            name=group.name,
            **facts,
        )


class PersonForm(ModelForm):
    """An email in small letters; a phone in any Kenyan spelling, refused beside its field."""

    phone = PhoneField(
        required=False,
        help_text=_("Any Kenyan spelling, like 0712 345 678."),
        error_messages={"unique": _("This number already has an account.")},
    )

    def clean_email(self) -> str | None:
        return (self.cleaned_data["email"] or "").lower() or None


@admin.register(User)
class UserAdmin(CalmList):
    """People. A new person gets a wallet at once, and a password by "Forgot your password?" or
    by a link that an operator hands over."""

    form = PersonForm

    list_display = ["name", "email", "phone", "is_active", "is_staff", "created_at"]
    list_filter = ["is_active", "is_staff", "groups"]
    search_fields = ["name", "email", "phone"]
    search_help_text = _("Name, email, or phone in any spelling")
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

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(sign_in_help.sign_in_help)
        own = path("<id:user_id>/sign-in-help/", view, name="wallet_user_sign_in_help")
        return [own, *super().get_urls()]

    def save_model(self, request: HttpRequest, user: User, form: ModelForm, change: bool) -> None:
        before = Login(form.initial.get("email"), form.initial.get("phone"))
        if change:
            user.save()
        else:
            user.set_unusable_password()
            User.objects.save_with_wallet(user)
        if "email" in form.changed_data:
            operations.keep_only_email(user)
        audit.record(
            audit.Action.CHANGE_PERSON if change else audit.Action.ADD_PERSON,
            f"member {user.pk}",
            actor_id=request.user.pk,
            address=address(request),
            **changes(form, is_new=not change),
        )
        if change:
            tell_of_change(request, user, before)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        """What somebody signs in with, and what they may do, is for superusers to change.

        Not what staff sign in with: a new email is a new password, so an operator would be them.
        """
        fixed = ["created_at", "last_login"]
        if request.user.is_superuser:
            return [*fixed, "email", "phone"] if obj and roles.was_ever_staff(obj) else fixed
        return [*fixed, "is_staff", "groups", *(["email", "phone"] if obj else [])]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Nobody searches by password hash."""
        return "password" not in lookup and super().lookup_allowed(lookup, value, request)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """People are deactivated: their entries stay in the books for ever."""
        return False


@admin.register(Account)
class AccountAdmin(CalmList):
    """Accounts are read here; freezing goes through an operation."""

    list_display = ["owner", "kind", "balance", "is_frozen", "created_at"]
    list_filter = ["kind", "is_frozen"]
    list_select_related = ["user"]
    search_fields = ["user__name", "user__email", "user__phone"]
    fields = ["owner", "kind", "currency", "balance", "is_frozen", "created_at"]
    ordering = ["-id"]
    actions = ["freeze", "unfreeze"]
    show_full_result_count = False

    @admin.display(description=_("owner"), ordering="user__name")
    def owner(self, account: Account) -> str:
        return str(account)

    @admin.display(description=_("balance"), ordering="balance_cents")
    def balance(self, account: Account) -> str:
        """House accounts store none: finance reads theirs on the dashboard."""
        return (
            format_money(account.balance_cents)
            if account.user_id
            else str(_("on the finance desk"))
        )

    @admin.action(description=_("Freeze: no money leaves"), permissions=["freeze"])
    def freeze(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self.report(request, self.done(request, accounts, operations.freeze), "frozen")

    @admin.action(description=_("Unfreeze"), permissions=["freeze"])
    def unfreeze(self, request: HttpRequest, accounts: QuerySet[Account]) -> None:
        self.report(request, self.done(request, accounts, operations.unfreeze), "unfrozen")

    def done(
        self, request: HttpRequest, accounts: QuerySet[Account], operation: Callable[..., bool]
    ) -> list[int]:
        """Do it to each of the members' wallets; ids of those that it was not refused for."""
        by = {
            "actor_id": request.user.pk,
            "reason": "By an operator, in the admin.",
            "address": address(request),
        }
        ids = []
        for pk in accounts.filter(user__isnull=False).values_list("pk", flat=True):
            try:
                operation(pk, **by)
            except operations.Refused as refusal:
                messages.error(request, str(refusal))
            else:
                ids.append(pk)
        return ids

    def report(self, request: HttpRequest, ids: list[int], done: str) -> None:
        for account in Account.objects.filter(pk__in=ids):
            self.log_change(request, account, done)
        sentence = {
            "frozen": ngettext("%d wallet is frozen.", "%d wallets are frozen.", len(ids)),
            "unfrozen": ngettext("%d wallet is unfrozen.", "%d wallets are unfrozen.", len(ids)),
        }[done]
        messages.success(request, sentence % len(ids))

    def has_freeze_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wallet.change_account")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ApiToken)
class ApiTokenAdmin(CalmList):
    """Tokens, to look at and to revoke. A token moves money, so operators issue none here:
    members make their own, and `issue_token` makes those of programs."""

    # Whether it still works stands where a narrow window shows it.
    list_display = [
        "name",
        "user",
        "kind",
        "revoked_at",
        "last_used_at",
        "expires_at",
        "created_at",
        "hint",
    ]
    list_filter = ["scope"]
    list_select_related = ["user"]
    search_fields = ["name", "user__name", "user__email", "user__phone"]
    fields = ["user", "name", "scope", "expires_at"]
    actions = ["revoke"]
    show_full_result_count = False

    @admin.display(description=_("scope"), ordering="scope")
    def kind(self, token: ApiToken) -> str:
        return token.scope.capitalize()

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        done = [token for token in queryset if tokens.revoke(token.pk)]
        for token in done:
            self.log_change(request, token, "revoked")
            audit.record(
                audit.Action.REVOKE_TOKEN,
                f"member {token.user_id}",
                actor_id=request.user.pk,
                address=address(request),
                token=str(token),
            )
        sentence = ngettext("%d token is revoked.", "%d tokens are revoked.", len(done))
        messages.success(request, sentence % len(done))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("wallet.change_apitoken")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
