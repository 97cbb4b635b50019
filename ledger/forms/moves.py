"""The forms on which members move money."""

from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from ledger import lookups, operations
from ledger.errors import InsufficientFunds
from ledger.kinds import Kind
from ledger.models import Transaction
from ledger.operations import Order
from wallet import public_ids
from wallet.errors import Refusal
from wallet.models import Account, User
from wallet.staff.finding import contact_in
from wallet.web.fields import AmountField, KeyField, LineField, LoginField


def new_key() -> str:
    return str(uuid4())


class OrderForm(forms.Form):
    """An amount, a note, and the idempotency key."""

    amount = AmountField()
    description = LineField(
        label=_("Note (optional)"),
        max_length=140,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    idempotency_key = KeyField(initial=new_key)

    def __init__(
        self, *args: Any, kind: Kind, account: Account, hides_balance: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.account = account
        self.hides_balance = hides_balance

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if broken := self.errors.pop("idempotency_key", None):
            self.add_error(None, broken)
            self.renew_key()
        return cleaned

    def renew_key(self) -> None:
        """Change the key, so that the next order from this page is a new one."""
        self.data = {name: self.data[name] for name in self.data} | {"idempotency_key": new_key()}

    def refuse(self, error: Refusal) -> None:
        """Show the refusal beside its field, without the balance if the member hides it."""
        words = str(error)
        if self.hides_balance and isinstance(error, InsufficientFunds):
            words = str(_("There isn't enough for that. Enter less."))
        field = error.field if error.field in self.fields else None
        self.add_error(field, ValidationError(words, code=error.code))

    def order(self) -> Order:
        """The order that the member filled in. The form must be valid."""
        data, own_id = self.cleaned_data, self.account.pk
        source_id, target_id = (own_id, None) if self.kind.takes_from_wallet else (None, own_id)
        return Order(self.kind, data["amount"], source_id, target_id, data["description"])

    @property
    def payee(self) -> User | None:
        """The recipient, on a form that has one."""
        return None

    @property
    def is_for_stranger(self) -> bool:
        """True for a recipient with whom the member hasn't dealt before."""
        return False

    @property
    def typed_phone(self) -> str | None:
        """The recipient's phone number, if the member typed it."""
        return None

    @cached_property
    def known_payee(self) -> User | None:
        """The payee of the earlier transfer, if this form repeats one."""
        return None

    @cached_property
    def coded_payee(self) -> User | None:
        """The payee whose public id a link or a QR code filled in."""
        return None

    @property
    def hidden_values(self) -> list[tuple[str, str]]:
        """All values, so that the next page can carry them in hidden fields."""
        return [(field.html_name, field.value() or "") for field in self]


class PayeeForm(OrderForm):
    """The payee is typed, or comes from an earlier transfer, whose reference is in `again`.

    With the reference, the page and its URL don't need to contain the payee's phone or email.
    """

    field_order = ["amount", "again", "recipient", "description"]
    found: User | None = None

    again = forms.CharField(required=False, widget=forms.HiddenInput)
    recipient = LoginField(
        label=_("Send to"),
        max_length=254,
        required=False,
        help_text=_("Their phone number or email."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "required": True}
        ),
    )

    @cached_property
    def known_payee(self) -> User | None:
        if self["recipient"].value():
            return None
        sent = Transaction.objects.filter(type=self.kind.code, from_account=self.account)
        return sent.payee_of(self["again"].value() or "")

    @cached_property
    def coded_payee(self) -> User | None:
        """The payee whose public id a link or a QR code filled in.

        Showing the name isn't counted as a look-up: a public id can't be guessed.
        """
        text = str(self["recipient"].value() or "")
        found = User.objects.payable_as(text) if public_ids.parse(text) else None
        return found if found and found.is_active else None

    def clean_recipient(self) -> str:
        """Find the member, even if the account is closed. Raises TooManyRequests for a stranger.

        The operation refuses a closed account, but only after checking for a replay: the order may
        have gone through before the account closed.
        """
        login: str = self.cleaned_data["recipient"]
        assert self.account.user_id
        self.found = lookups.find(self.account.user_id, login) if login else self.known_payee
        if self.found:
            return login
        if not login:
            raise forms.ValidationError(
                _("Enter the person's phone number or email."), code="required"
            )
        raise forms.ValidationError(
            _("No Nissmart member has this phone number or email. Check it."), code="unknown"
        )

    def clean(self) -> dict[str, Any]:
        """Say that no member has this phone number only to someone who could pay the amount, and
        whose form is right otherwise.

        Otherwise an empty wallet would be enough to find out who is a member.
        """
        cleaned = super().clean()
        typed = self["recipient"].value() or ""
        could_be_someone = contact_in(typed) or public_ids.parse(typed)
        if not (could_be_someone and self.has_error("recipient", "unknown")):
            return cleaned
        if set(self.errors) - {"recipient"}:
            del self.errors["recipient"]
            return cleaned
        try:
            operations.check_payer(
                Order(self.kind, cleaned["amount"], self.account.pk, lookups.NO_ONE)
            )
        except Refusal as refusal:
            del self.errors["recipient"]
            self.refuse(refusal)
        return cleaned

    @property
    def payee(self) -> User | None:
        return self.found

    @property
    def is_for_stranger(self) -> bool:
        """True if the member and the payee have never paid each other."""
        assert self.found
        other_id = Account.objects.wallet_id(self.found.pk)
        return not Transaction.objects.between_wallets(self.account.pk, other_id).exists()

    @property
    def typed_phone(self) -> str | None:
        """The payee's phone number, if the member typed it. They see no other."""
        found, typed = self.found, contact_in(self["recipient"].value() or "")
        return found.phone if found and found.phone == typed else None

    def order(self) -> Order:
        data = self.cleaned_data
        assert self.found
        target_id = Account.objects.wallet_id(self.found.pk)
        return Order(self.kind, data["amount"], self.account.pk, target_id, data["description"])


def form_of(kind: Kind) -> type[OrderForm]:
    return PayeeForm if kind.names_payee else OrderForm
