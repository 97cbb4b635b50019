"""Whom a call to the API may pay, and how it names them."""

from __future__ import annotations

from django.http import Http404
from django.utils.translation import gettext_lazy as _

from ledger import lookups, operations
from ledger.kinds import TRANSFER
from ledger.lookups import NO_ONE
from ledger.operations import Order
from wallet.api.callers import CallRequest, Scope, require
from wallet.errors import Refusal
from wallet.models import Account, User


class OnePayee(Refusal):
    code = "invalid_request"
    sentence = _("Name the payee by either to_user_id or to.")
    field = "to_user_id"


def require_owner(request: CallRequest, user_id: int) -> None:
    """403 for a token that moves no money, 404 if the caller may not act for this member."""
    require(request.auth.scope != Scope.FINANCE)
    if not request.auth.may_act_for(user_id):
        raise Http404


def find(request: CallRequest, payer_id: int, name: str, amount_cents: int) -> int:
    """The id of the member with this phone number, email or public id. 404 if there is none.

    To a member token, a new payee is like one on the page: counted before anything is said, and
    who couldn't pay the amount gets the same answer whether there is such a member or not. Raises
    TooManyRequests and the Refusals of the payer's own wallet.
    """
    require_owner(request, payer_id)
    if request.auth.scope == Scope.SERVICE:
        found = User.objects.payable_as(name)
    else:
        source_id = Account.objects.wallet_id(payer_id)
        found = lookups.find(payer_id, name)
        target_id = Account.objects.wallet_id(found.pk) if found else NO_ONE
        if not lookups.has_paid(source_id, target_id):
            operations.check_payer(Order(TRANSFER, amount_cents, source_id, NO_ONE))
    if found is None:
        raise Http404
    return found.pk


def refuse_stranger(request: CallRequest, source_id: int, target_id: int) -> None:
    """404 for a member token that names someone by id whom its owner hasn't paid.

    Ids count up, so with them a program could find every member.
    """
    if request.auth.scope == Scope.SERVICE or source_id == target_id:
        return
    if not lookups.has_paid(source_id, target_id):
        raise Http404
