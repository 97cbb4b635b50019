"""The admin's form for people. Roles that a second operator approves become requests."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminEmailInputWidget, AdminTextInputWidget
from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from wallet import naming
from wallet.admin.masking import KeptEmail, KeptPhone, hide_contacts
from wallet.forms import PHONE_HINT, name_field
from wallet.models import RoleRequest, User
from wallet.staff import roles
from wallet.web.fields import ReasonField

# A change of these says how someone signs in, or what they may do.
NEEDS_REASON = {"email", "phone", "is_active", "is_staff", "groups"}


class PersonForm(forms.ModelForm):
    """Takes names, phone numbers and emails like the member's own forms.

    `asked` are the roles to request. Until they are given, the person's groups stay as they are.
    """

    asked: list[RoleRequest.Role]
    # Who fills it in. `UserAdmin` sets it.
    operator_id: int | None = None
    # The roles with rights over money or people that the person had before.
    had: list[str]

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

    reason = ReasonField(
        required=False,
        label=_("Reason"),
        help_text=_(
            "The audit keeps it, with your name. Needed to change a phone number, an email or a "
            "role, and to close or open the account."
        ),
        widget=AdminTextInputWidget(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        hide_contacts(self)
        self.had = team_roles(self.instance) if self.instance.pk else []
        if is_staff := self.fields.get("is_staff"):
            is_staff.help_text = _("Makes an operator. It needs a second operator, or waits a day.")

    def clean_email(self) -> str | None:
        return self.cleaned_data["email"] or None

    def clean(self) -> dict[str, Any]:
        """Two members of staff can't have names that look the same: the audit shows the name."""
        cleaned: dict[str, Any] = super().clean() or {}
        name = cleaned.get("name", "")
        is_checked = name and self.makes_staff(cleaned)
        if is_checked and (other := naming.staff_namesake(self.instance.pk, name)):
            self.add_error("name", naming.SAME_NAME.format(name=other.name))
        self.refuse_own_role(cleaned)
        self.refuse_open_with_role(cleaned)
        self.asked = self.take_roles(cleaned)
        if self.needs_reason() and not (cleaned.get("reason") or "reason" in self.errors):
            self.add_error("reason", _("Enter a reason."))
        return cleaned

    def needs_reason(self) -> bool:
        """For a new person only a role needs one."""
        changed = NEEDS_REASON & set(self.changed_data)
        return bool(changed if self.instance.pk else changed - {"email", "phone", "is_active"})

    def makes_staff(self, cleaned: dict[str, Any]) -> bool:
        """Will they be staff? A field that this operator may not change keeps its value."""
        groups = {group.name for group in cleaned.get("groups", ())}
        if cleaned.get("is_staff") or not groups.isdisjoint(roles.RIGHTS):
            return True
        is_kept = self.instance.pk and not {"is_staff", "groups"} & self.fields.keys()
        return bool(is_kept) and roles.is_staff_now(self.instance)

    def take_roles(self, cleaned: dict[str, Any]) -> list[RoleRequest.Role]:
        """Take new roles that have to be requested out of what is saved."""
        asked = []
        if cleaned.get("is_staff") and not self.initial.get("is_staff"):
            cleaned["is_staff"] = False
            asked.append(RoleRequest.Role.OPERATOR)
        if "groups" in cleaned:
            had = {group.pk for group in self.initial.get("groups") or ()}
            new = cleaned["groups"].filter(name__in=roles.FINANCE_TEAM).exclude(pk__in=had)
            asked += [RoleRequest.Role(name) for name in new.values_list("name", flat=True)]
            kept = cleaned["groups"].exclude(name__in=asked)
            cleaned["groups"] = Group.objects.filter(pk__in=[group.pk for group in kept])
        return asked

    def refuse_own_role(self, cleaned: dict[str, Any]) -> None:
        """No one gives themselves any role, not even one that needs no second operator: auditors
        see all members' money."""
        had = set(self.initial.get("groups") or ())
        new = {group for group in cleaned.get("groups", ()) if group not in had}
        gains = any(group.name in roles.RIGHTS for group in new)
        gains = gains or bool(cleaned.get("is_staff") and not self.initial.get("is_staff"))
        if gains and self.instance.pk and self.instance.pk == self.operator_id:
            self.add_error(None, _("You can't give yourself a role. Ask a colleague."))

    def refuse_open_with_role(self, cleaned: dict[str, Any]) -> None:
        """Opening a closed account gives its roles again, and one operator alone gives none."""
        is_opened = cleaned.get("is_active") and self.initial.get("is_active") is False
        groups = {group.name for group in cleaned.get("groups", ())}
        kept = cleaned.get("is_staff") or not groups.isdisjoint(roles.FINANCE_TEAM)
        if is_opened and kept:
            words = _("This account had a role. Open it without, then request the role afresh.")
            self.add_error("is_active", words)


def team_roles(user: User) -> list[str]:
    """The person's roles with rights over money or people, as `RoleRequest.Role` names them."""
    groups = user.groups.filter(name__in=roles.FINANCE_TEAM).order_by("name")
    own = [RoleRequest.Role.OPERATOR.value] if user.is_staff else []
    return [*groups.values_list("name", flat=True), *own]
