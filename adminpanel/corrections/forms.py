"""The forms that propose a correction."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from adminpanel.fields import KeyField, ParagraphField
from adminpanel.members import queries as members
from wallet import house
from wallet.models import Account
from wallet.web.fields import AmountField, PastedField, PhoneField, PickField, ReasonField

WALLET = "wallet"


class WhyForm(forms.Form):
    """What every proposal says: why, and how one knows."""

    key = KeyField()
    reason = ReasonField(
        label=_("Reason"),
        help_text=_("The approver reads it, and it stays in the audit."),
        error_messages={"required": _("Enter a reason.")},
    )
    evidence = ParagraphField(
        label=_("Evidence"),
        max_length=1000,
        help_text=_("How you know: the line of a statement, a receipt number, or who said it."),
        error_messages={"required": _("Say how you know.")},
    )


def member_field(label: Any, **more: Any) -> PastedField:
    return PastedField(
        label=label,
        max_length=254,
        help_text=_("Full phone number, email, or their number like “member 3”"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        **more,
    )


def wallet_of(text: str) -> int:
    """The wallet of the one member that this text means. Raises ValidationError."""
    found = members.find_exactly(text)
    people = list(found.people[:2]) if found else []
    if len(people) != 1:
        raise ValidationError(_("No member has exactly this phone number, email or number."))
    return Account.objects.wallet_id(people[0].pk)


class AssignForm(WhyForm):
    prefix = "assign"
    field_order = ("key", "member", "reason", "evidence")

    member = member_field(_("Member"), error_messages={"required": _("Enter a member.")})

    def clean_member(self) -> int:
        return wallet_of(self.cleaned_data["member"])


class ReturnForm(WhyForm):
    """`phone` only if the payer's isn't known."""

    prefix = "return"
    field_order = ("key", "phone", "reason", "evidence")

    phone = PhoneField(
        label=_("The payer's phone number"),
        help_text=_("As the statement of the rail names it. The money goes there."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
    )

    def __init__(self, *given: Any, knows_phone: bool = True, **named: Any) -> None:
        super().__init__(*given, **named)
        if knows_phone:
            del self.fields["phone"]


def sides(has_item: bool) -> list[tuple[str, Any]]:
    """The accounts that an adjustment may name: a wallet, or a house account."""
    never = {house.IN_TRANSIT.id} if has_item else {house.IN_TRANSIT.id, house.SUSPENSE.id}
    houses = [one for one in house.all_accounts() if one.id not in never]
    return [
        ("", _("Choose an account")),
        (WALLET, _("A member's wallet")),
        *((str(one.id), one.label) for one in houses),
    ]


class AdjustForm(WhyForm):
    """From one account to another. Beside the choice of a wallet, whose it is.

    `item` is the item in suspense that it settles: its amount is the item's.
    """

    field_order = ("key", "from", "from_member", "to", "to_member", "amount", "reason", "evidence")

    def __init__(self, *given: Any, has_item: bool = False, **named: Any) -> None:
        super().__init__(*given, **named)
        for side, label, whose, missing in (
            ("from", _("From"), _("From whose wallet"), _("Choose where the money comes from.")),
            ("to", _("To"), _("To whose wallet"), _("Choose where the money goes.")),
        ):
            self.fields[side] = PickField(
                label=label,
                choices=sides(has_item),
                error_messages={"required": missing},
            )
            self.fields[f"{side}_member"] = member_field(whose, required=False)
        self.fields["amount"] = AmountField(required=not has_item)
        if has_item:
            del self.fields["amount"]
        self.order_fields(self.field_order)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for side in ("from", "to"):
            cleaned[f"{side}_id"] = self.account_id(side, cleaned)
        both = cleaned["from_id"], cleaned["to_id"]
        if both[0] and both[0] == both[1]:
            self.add_error("to", _("Choose another account than the first one."))
        return cleaned

    def account_id(self, side: str, cleaned: dict[str, Any]) -> int | None:
        choice, name = cleaned.get(side), f"{side}_member"
        text = cleaned.get(name) or ""
        if choice != WALLET:
            if text and choice:
                self.add_error(name, _("Leave this empty, or choose a member's wallet."))
            return int(choice) if choice else None
        if name in self.errors:
            return None
        if not text:
            self.add_error(name, _("Enter a member."))
            return None
        try:
            return wallet_of(text)
        except ValidationError as error:
            self.add_error(name, error)
            return None
