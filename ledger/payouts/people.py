"""Who may decide about a payment: approvers of finance, and about other people's money only."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _lazy

from ledger.models import Attempt, Transaction
from wallet.errors import NotAllowed
from wallet.models import Account, User
from wallet.staff import roles
from wallet.staff.newcomers import refuse_newcomer
from wallet.staff.roles import Right

OWN_MONEY = _lazy("This is your own money, so a colleague decides it.")
OWN_RETURN = _lazy("This return goes to your phone, so a colleague decides it.")


def refuse_decider(record: Transaction, person_id: int, *, is_approval: bool) -> None:
    """Raises NotAllowed for a person who may not decide about this payment.

    To stop a payment, one may be new in finance; to let money out, not.
    """
    roles.require(person_id, Right.DECIDE)
    if is_own(record, person_id):
        raise NotAllowed(str(OWN_RETURN if is_return(record) else OWN_MONEY))
    if is_approval:
        refuse_newcomer(person_id)


def may_approve(person: User) -> bool:
    """May this person approve payments of others at all?"""
    return not why_no_approvals(person)


def why_no_approvals(person: User) -> str:
    """Why this person may not approve any payment, as a sentence. Empty if they may."""
    if not roles.may(person, Right.DECIDE):
        return str(roles.ONLY[Right.DECIDE])
    try:
        refuse_newcomer(person.pk)
    except NotAllowed as refusal:
        return str(refusal)
    return ""


def is_own(record: Transaction, person_id: int) -> bool:
    """Did they order it, does it leave or reach an account of theirs, or go back to their phone?

    Those who approved a return only decided about it, like those who approve a payout.
    """
    if is_return(record):
        phones = User.objects.filter(pk=person_id, phone__isnull=False).values("phone")
        return Attempt.objects.filter(transaction=record, phone__in=phones).exists()
    theirs = Account.objects.filter(user=person_id).values_list("pk", flat=True)
    sides = {record.from_account_id, record.to_account_id}
    return record.created_by_id == person_id or not sides.isdisjoint(theirs)


def is_return(record: Transaction) -> bool:
    """Does it pay money from suspense, and not from a wallet?"""
    return record.from_account_id is None and record.to_account_id is None
