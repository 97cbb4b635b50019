"""The money endpoints of the API. They call the same operations as the pages."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from django.core.serializers.json import DjangoJSONEncoder
from django.http import Http404, HttpResponse
from django.utils import timezone
from ninja import Router

from ledger import history, operations
from ledger.api import payees
from ledger.api.payments import payment_out
from ledger.api.schemas import (
    BalanceOut,
    DepositIn,
    TransactionOut,
    TransactionPage,
    TransferIn,
    TypeCode,
    WithdrawIn,
)
from ledger.kinds import DEPOSIT, TRANSFER, WITHDRAWAL
from ledger.models import Claim, Transaction
from ledger.operations import Order
from ledger.references import REFERENCE
from ledger.status import Status
from wallet.api.callers import CallRequest, SessionAuth, TokenAuth, note_read
from wallet.api.schemas import Key, Limit, problems
from wallet.models import Account
from wallet.signin.pin import PinNeeded
from wallet.web import paging

router = Router(tags=["Money"])

ORDER_AUTH = [TokenAuth(defers_check=True), SessionAuth()]
ANSWER = DjangoJSONEncoder()
MOVED = {201: TransactionOut, **problems(403, 404, 411, 413, 415, 422)}


@router.post("/deposit", auth=ORDER_AUTH, response=MOVED, summary="Put money in")
def deposit(
    request: CallRequest, response: HttpResponse, body: DepositIn, key: Key = None
) -> HttpResponse:
    """Put money from the rail into a member's wallet."""
    wallets = own_wallets(request, body.user_id)
    note, target_id = body.description or "", wallets[body.user_id]
    order = Order(DEPOSIT, body.amount_cents, None, target_id, note)
    return perform(request, response, order, key, owners_of(wallets))


@router.post("/transfer", auth=ORDER_AUTH, response=MOVED, summary="Send money")
def transfer(
    request: CallRequest, response: HttpResponse, body: TransferIn, key: Key = None
) -> HttpResponse:
    """Move money from one member's wallet to another's.

    Name the payee by `to_user_id` or `to`, not both. A member token names someone whom its owner
    hasn't paid before by `to`; such people are limited per hour and per day.
    """
    refuse_session(request)
    order, wallets = transfer_of(request, body)
    return perform(request, response, order, key, owners_of(wallets))


def transfer_of(request: CallRequest, body: TransferIn) -> tuple[Order, dict[int, int]]:
    """The order, and the wallets of both members. 404 if the caller may not pay this person."""
    if (body.to_user_id is None) == (body.to is None):
        raise payees.OnePayee
    if body.to_user_id is None:
        payee_id = payees.find(request, body.from_user_id, body.to or "", body.amount_cents)
    else:
        payee_id = body.to_user_id
    wallets = own_wallets(request, body.from_user_id, others=[payee_id])
    source_id, target_id = wallets[body.from_user_id], wallets[payee_id]
    if body.to_user_id is not None:
        payees.refuse_stranger(request, source_id, target_id)
    note = body.description or ""
    return Order(TRANSFER, body.amount_cents, source_id, target_id, note), wallets


@router.post("/withdraw", auth=ORDER_AUTH, response=MOVED | problems(409), summary="Take money out")
def withdraw(
    request: CallRequest, response: HttpResponse, body: WithdrawIn, key: Key = None
) -> HttpResponse:
    """Pay money out of a member's wallet over the rail."""
    refuse_session(request)
    wallets = own_wallets(request, body.user_id)
    note, source_id = body.description or "", wallets[body.user_id]
    order = Order(WITHDRAWAL, body.amount_cents, source_id, None, note, fee_cents=body.fee_cents)
    return perform(request, response, order, key, owners_of(wallets))


@router.get("/balance/{id:user_id}", response={200: BalanceOut, **problems(404)})
def balance(request: CallRequest, user_id: int) -> BalanceOut:
    """A member's balance, pending payouts, and what later deposits pay of a reversal."""
    account = visible_wallet(request, user_id)
    return BalanceOut(
        user_id=user_id,
        account_id=account.pk,
        currency=account.currency,
        balance_cents=account.balance_cents,
        pending_out_cents=Transaction.objects.pending_out_cents(account),
        claimed_cents=Claim.objects.open().left_cents(account),
        as_of=timezone.now(),
    )


@router.get(
    "/transactions/{id:user_id}",
    response={200: TransactionPage, **problems(404)},
    summary="List transactions",
)
def list_transactions(
    request: CallRequest,
    user_id: int,
    limit: Limit = 20,
    cursor: str | None = None,
    type: TypeCode | None = None,
    status: Status | None = None,
) -> dict[str, object]:
    """A member's transactions, newest first."""
    account = visible_wallet(request, user_id)
    place = paging.place(f"transactions/{user_id}", cursor, type=type, status=status)
    records = Transaction.objects.with_parties().with_payment().filter(**place.filters)
    return transaction_page(place.sign(history.page(account, records, place.last_id, limit)))


@router.get(
    "/transaction/{reference}",
    response={200: TransactionOut, **problems(404)},
    summary="One transaction",
)
def read_transaction(request: CallRequest, reference: str) -> dict[str, object]:
    """One transaction. A member token can read only its owner's."""
    record = visible_transaction(request, reference)
    return transaction_out(record, *parties(record))


def visible_transaction(request: CallRequest, reference: str) -> Transaction:
    """404 for an unknown one, or one that the caller may not see."""
    if not REFERENCE.fullmatch(reference):
        raise Http404
    records = Transaction.objects.with_parties().with_payment()
    record = records.filter(reference=reference).first()
    if record is None or not is_visible(request, record):
        raise Http404
    return record


def is_visible(request: CallRequest, record: Transaction) -> bool:
    return any(request.auth.may_see(user_id) for user_id in parties(record) if user_id)


def own_wallets(request: CallRequest, user_id: int, others: Sequence[int] = ()) -> dict[int, int]:
    """Wallet ids by user id. 404 for an unknown member, or if the caller may not act for them."""
    payees.require_owner(request, user_id)
    try:
        return {id: Account.objects.wallet_id(id) for id in (user_id, *others)}
    except Account.DoesNotExist:
        raise Http404 from None


def owners_of(wallets: dict[int, int]) -> dict[int, int]:
    return {account_id: user_id for user_id, account_id in wallets.items()}


def refuse_session(request: CallRequest) -> None:
    """Money leaves by a token or on a page, which asks for the PIN. Raises PinNeeded."""
    if request.auth.is_session:
        raise PinNeeded


def visible_wallet(request: CallRequest, user_id: int) -> Account:
    if not request.auth.may_see(user_id):
        raise Http404
    try:
        account = Account.objects.wallet(user_id)
    except Account.DoesNotExist:
        raise Http404 from None
    note_read(request, user_id)
    return account


def perform(
    request: CallRequest,
    response: HttpResponse,
    order: Order,
    key: str | None,
    owners: dict[int, int],
) -> HttpResponse:
    """Carry out the order and fill in ninja's `response`. `owners` has user ids by account id.

    This skips ninja's validation of the answer, which costs as much as parsing the request. Tests
    check the answer against the schema.
    """
    caller = request.auth
    record = operations.perform(caller.context(key), order, precondition=caller.precondition)
    if record.is_replay and record.rail:
        # Its payment may have come further since.
        record = Transaction.objects.with_payment().get(pk=record.pk)
        record.is_replay = True
    source, target = record.from_account_id, record.to_account_id
    answer = transaction_out(record, owners.get(source or 0), owners.get(target or 0))
    response.status_code = HTTPStatus.CREATED
    response.content = ANSWER.encode(answer)
    if record.is_replay:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def transaction_page(found: paging.Page[Transaction]) -> dict[str, object]:
    return {
        "items": [transaction_out(record, *parties(record)) for record in found.rows],
        "next_cursor": found.next_cursor,
    }


def parties(record: Transaction) -> tuple[int | None, int | None]:
    """The user ids of the source and the target."""
    source, target = record.from_account, record.to_account
    return (source.user_id if source else None), (target.user_id if target else None)


def transaction_out(
    record: Transaction, from_user_id: int | None, to_user_id: int | None
) -> dict[str, object]:
    return {
        "id": record.pk,
        "reference": record.reference,
        "type": record.type,
        "rail": record.rail,
        "status": record.status,
        "amount_cents": record.amount_cents,
        "fee_cents": record.fee_cents,
        "currency": Account.Currency.KES,
        "from_account_id": record.from_account_id,
        "to_account_id": record.to_account_id,
        "from_user_id": from_user_id,
        "to_user_id": to_user_id,
        "description": record.description,
        "created_at": record.created_at,
        "settled_at": record.settled_at,
        **payment_out(record),
    }
