"""What an exception is, its severity, and the next steps. Only proposals move money."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from django.db.models import F, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from adminpanel.models import Incident, Match, Movement
from adminpanel.models.matches import Place
from adminpanel.reconciliation import by_hand
from adminpanel.reconciliation.standing import late_since
from ledger import kinds
from ledger.querysets import NAIROBI
from ledger.status import Badge
from wallet import account_numbers, house
from wallet.models import Account
from wallet.money import format_amount
from wallet.phones import mask_within

Severity = Incident.Severity
# The severity from this amount or this age on.
GRAVE = ((Severity.HIGH, 50_000_00, timedelta(days=7)), (Severity.MEDIUM, 5_000_00, timedelta(2)))
WALLET = "wallet"
INTO_SUSPENSE = _lazy(
    "Once it confirms the payment, the money is in suspense. From there two people give it to its "
    "member or return it."
)
GOES_BACK = _lazy("The rail took this payment back. A reversal takes it out of the wallet.")
ASK_OR_REVERSE = _lazy("See what the rail said about it, reverse it, or write a note.")
TWO_PEOPLE = _lazy("The form is filled in. A colleague in finance approves it.")


class Step(NamedTuple):
    """Something to do. `url` is a page, or with `is_post` what a button sends to."""

    label: str
    about: str | Promise
    url: str
    is_post: bool = False


def severity(movement: Movement) -> Badge:
    age = timezone.now() - movement.at
    cents = abs(movement.amount_cents)
    found = (name for name, from_cents, after in GRAVE if cents >= from_cents or age >= after)
    return Incident.SEVERITY_BADGES[next(found, Severity.LOW)]


def type_of(movement: Movement) -> str:
    """The exception in a few words."""
    if movement.line and movement.line.linked_receipt:
        return _("Reversed by the rail")
    if movement.place == Place.OURS:
        is_late = movement.at <= late_since()
        return _("Still not on a statement") if is_late else _("Not on a statement yet")
    words = {
        Place.THEIRS: _("Money that our books don't have"),
        Place.CHARGE: _("A charge that isn't posted"),
        Place.DIFFERS: _("The amount differs from our books"),
        Place.DUPLICATE: _("Seen twice"),
        Place.MATCHED: _("Matched"),
    }
    return str(words[Place(movement.place)])


def steps(movement: Movement) -> list[Step]:
    """What to do next, the most likely first."""
    if not movement.is_open:
        return []
    found = []
    if by_hand.may_be_asked(movement):
        url = reverse("adminpanel:ask_receipt", args=[movement.pk])
        found.append(Step(_("Ask the rail about the receipt"), INTO_SUSPENSE, url, is_post=True))
    if movement.line and movement.line.linked_receipt:
        found += to_transaction(reversed_by_rail(movement), _("Reverse the deposit"), GOES_BACK)
    if movement.transaction:
        found += to_transaction(movement, _("Open the transaction"), ASK_OR_REVERSE)
    if adjustment := adjusting(movement):
        found.append(adjustment)
    return found


def to_transaction(movement: Movement | None, label: str, about: str | Promise) -> list[Step]:
    if movement is None or movement.transaction is None:
        return []
    url = reverse("adminpanel:transaction", args=[movement.transaction.reference])
    return [Step(label, about, url)]


def reversed_by_rail(movement: Movement) -> Movement | None:
    assert movement.line
    found = Movement.objects.filter(
        account=movement.account_id, receipt=movement.line.linked_receipt, entry__isnull=False
    )
    return found.select_related("transaction").first()


def adjusting(movement: Movement) -> Step | None:
    """The adjustment that would make our books say what the rail says, as a form filled in."""
    cents = movement.amount_cents if movement.is_line else -movement.amount_cents
    if movement.match_id:
        cents = difference_of(movement.match_id)
    if not cents:
        return None
    float_id = str(movement.account_id)
    sides: dict[str, str]
    if movement.place == Place.CHARGE:
        sides, label = {"from": str(house.CHARGES.id), "to": float_id}, _("Post the charge")
    elif cents > 0:
        sides, label = {"from": float_id, "to": WALLET}, _("Credit a member")
        if member := member_of(movement):
            sides["member"] = f"member {member}"
    else:
        sides, label = {"from": str(house.ADJUSTMENTS.id), "to": float_id}, _("Adjust the books")
    query = sides | {"amount": format_amount(abs(cents)), "evidence": evidence(movement)}
    url = reverse("adminpanel:propose_adjustment")
    return Step(label, TWO_PEOPLE, f"{url}?{urlencode(query)}")


def difference_of(match_id: int) -> int:
    held = Movement.objects.filter(match=match_id)
    lines = held.lines().aggregate(cents=Sum("amount_cents", default=0))["cents"]
    return int(lines) - int(held.entries().aggregate(cents=Sum("amount_cents", default=0))["cents"])


def member_of(movement: Movement) -> int | None:
    """The member whose account number or payment it names."""
    record = movement.transaction
    if movement.line:
        account_id = account_numbers.parse(movement.line.account_number)
        found = Account.objects.filter(pk=account_id or 0, kind=Account.Kind.WALLET)
        return found.values_list("user", flat=True).first()
    account = record and (record.to_account or record.from_account)
    return account.user_id if account else None


def evidence(movement: Movement) -> str:
    """Names one receipt, so that the adjustment's entry matches its line (`naming.receipt_in`)."""
    when = date_format(timezone.localtime(movement.at, NAIROBI), "j M Y, H:i")
    where = (
        _("line {n} of statement {id}").format(
            n=movement.line.number, id=movement.line.statement_id
        )
        if movement.line
        else _("no line of the statement")
    )
    return _("Receipt {receipt}, {where}, {when}.").format(
        receipt=movement.receipt or "–", where=where, when=when
    )


def what(movement: Movement) -> str:
    """The movement in a few words, for a list."""
    if movement.line:
        return mask_within(movement.line.details) or movement.line.kind
    record = movement.transaction
    assert record
    other = record.target_name if movement.amount_cents > 0 else record.source_name
    label = kinds.of(record.type).label
    return f"{label}, {other}" if (record.from_account_id or record.to_account_id) else str(label)


def parts_of(match: Match) -> list[Movement]:
    found = Movement.objects.filter(parts__match=match).select_related("line", "transaction")
    return list(found.order_by(F("line").asc(nulls_last=True), "pk")[: by_hand.AT_MOST])
