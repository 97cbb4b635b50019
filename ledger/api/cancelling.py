"""The endpoint that cancels a payment before it is sent."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from ninja import Router

from ledger.api.endpoints import parties, transaction_out, visible_transaction
from ledger.api.schemas import TransactionOut
from ledger.payouts import operations
from wallet.api.callers import CallRequest, Scope, require
from wallet.api.schemas import Key, problems

router = Router(tags=["Money"])


@router.post(
    "/transaction/{reference}/cancel",
    response={200: TransactionOut, **problems(403, 404, 409)},
    summary="Cancel a payment",
)
def cancel(
    request: CallRequest, response: HttpResponse, reference: str, key: Key = None
) -> dict[str, object]:
    """Take back a deposit or a withdrawal that hasn't been sent yet.

    The same call again returns the same transaction, with a key or without. After sending it's
    `409` `already_sent`, and `409` `too_late` if it has ended otherwise or was instant.
    """
    caller = request.auth
    require(caller.scope != Scope.FINANCE)
    record = visible_transaction(request, reference)
    owners = [user_id for user_id in parties(record) if user_id]
    if not any(caller.may_act_for(user_id) for user_id in owners):
        raise Http404
    done = operations.cancel(caller.context(key), transaction_id=record.pk, owner_id=owners[0])
    if done.is_replay:
        response.headers["Idempotency-Replayed"] = "true"
    return transaction_out(visible_transaction(request, reference), *parties(record))
