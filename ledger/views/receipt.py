"""The receipt of one transaction, which follows a payment until it ends."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ledger import progress, reporting
from ledger.documents import codes, issuing, parties, receipts
from ledger.documents.files import check_of, limit_files
from ledger.kinds import DEPOSIT
from ledger.models import ClaimTaking, Favourite, Schedule, ScheduledRun, Transaction
from ledger.movements import Movement
from ledger.payouts import operations as payouts
from ledger.querysets import TransactionQuerySet
from ledger.status import Status
from ledger.steps import Look, Step
from wallet.errors import Busy, Refusal
from wallet.models import Account
from wallet.money import format_money
from wallet.web.http import MemberRequest, asks_for, context_of, redirect_to, render_part
from wallet.web.refusals import mark_page

# Refusals that say what another person or a worker did first.
TOO_LATE = ("already_sent", "too_late")


@require_safe
@login_required
def receipt(request: MemberRequest, reference: str) -> HttpResponse:
    """One transaction, for its sender and its recipient. Others get 404.

    Until it ends, the page polls and sends `seen`, a summary of what it shows. The answer is 204 if
    nothing has changed.
    """
    record = get_object_or_404(own(request), reference=reference)
    how_far = progress.of(record)
    is_poll = asks_for(request, "receipt")
    if is_poll and how_far and how_far.seen == request.GET.get("seen"):
        return HttpResponse(status=204)
    return render_receipt(request, record, how_far)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def cancel(request: MemberRequest, reference: str) -> HttpResponse:
    """Take back a deposit or withdrawal that wasn't sent yet. The receipt shows what came of it."""
    url = reverse("ledger:receipt", args=[reference])
    if request.method != "POST":
        return redirect(url)
    record = get_object_or_404(own(request).filter(attempt__isnull=False), reference=reference)
    refusal = None
    try:
        payouts.cancel(context_of(request), transaction_id=record.pk)
    except Refusal as error:
        refusal = error
    if refusal is None and not asks_for(request, "receipt"):
        return redirect_to(request, url)
    record = own(request).get(pk=record.pk)
    how_far = progress.of(record)
    said = str(refusal) if refusal else ""
    if refusal and refusal.code in TOO_LATE and how_far:
        said = progress.why_not_cancelled(how_far)
    return mark_page(render_receipt(request, record, how_far, said), refusal)


@require_safe
@login_required
def receipt_pdf(request: MemberRequest, reference: str) -> HttpResponse:
    """The receipt as a PDF file, of a payment that succeeded. `balance=1` adds the balance."""
    record = get_object_or_404(own(request).in_status(Status.SUCCESS), reference=reference)
    movement = Movement(record, own_side(record, request))
    try:
        limit_files(request)
        issued = issuing.receipt(record)
        if issued is None:
            raise Busy
    except Refusal as refusal:
        page = render_receipt(request, record, progress.of(record), str(refusal))
        return mark_page(page, refusal)
    balance_cents = balance_after(movement) if request.GET.get("balance") == "1" else None
    paper = receipts.draw(movement, check_of(request, issued.code), balance_cents)
    return paper.download(f"nissmart-receipt-{record.reference}.pdf")


def own(request: MemberRequest) -> TransactionQuerySet:
    found = Transaction.objects.of_member(request.user).for_members()
    return found.select_related("issued_receipt", "scheduled_run__schedule")


def render_receipt(
    request: MemberRequest,
    record: Transaction,
    how_far: progress.Progress | None,
    refusal: str = "",
) -> HttpResponse:
    account = own_side(record, request)
    movement = Movement(record, account)
    can_report = reporting.can_report(request.user.pk, record)
    issued = issuing.receipt(record)
    saves = can_save(movement)
    context = {
        "record": record,
        "movement": movement,
        "own_account": account,
        "progress": how_far,
        "status": movement.status,
        "outlook": (how_far and how_far.outlook) or movement.outlook,
        "parties": parties.of(movement),
        "balance_after_cents": balance_after(movement),
        "steps": steps(movement, how_far),
        "refusal": refusal,
        "schedule": None if movement.is_in else schedule_of(record),
        **claimed_of(movement),
        "is_first": can_report and movement.is_in and is_first(record),
        "can_report": can_report,
        "can_save": saves,
        "is_saved": saves and is_saved(request.user.pk, record),
        "report": reporting.report_of(request.user.pk, record) if can_report else None,
    }
    if issued:
        context |= {
            "check": check_of(request, issued.code),
            "check_code": codes.to_text(issued.code),
            "check_path": codes.path(issued.code),
            "shared_text": receipts.shared_text(record, issued),
        }
    return render_part(request, "ledger/receipt.html", context, part="receipt")


def claimed_of(movement: Movement) -> dict[str, object]:
    """What a claim took from this deposit, or from which deposit this took something."""
    if movement.kind == DEPOSIT and movement.is_settled:
        paid = movement.record.paid_claims.filter(cents__gt=0)
        return {"paid_claims": paid.select_related("made", "claim__original").order_by("pk")}
    if movement.kind.takes_part and not movement.is_in:
        return {"taking": ClaimTaking.objects.of(movement.record)}
    return {}


def can_save(movement: Movement) -> bool:
    """Did the member send it to someone whom they can pay again?"""
    payee = movement.counterparty
    return movement.kind.names_payee and not movement.is_in and bool(payee and payee.is_active)


def is_saved(user_id: int, record: Transaction) -> bool:
    return Favourite.objects.filter(user=user_id, payee=record.to_account_id).exists()


def schedule_of(record: Transaction) -> Schedule | None:
    """The schedule that made this payment, for the member whose schedule it is."""
    run: ScheduledRun | None = getattr(record, "scheduled_run", None)
    return run.schedule if run else None


def balance_after(movement: Movement) -> int | None:
    """The balance after the last entry of this transaction, in cents. None before the first."""
    entries = movement.record.entries.filter(account=movement.account).order_by("pk")
    last = entries.last()
    return last.balance_after_cents if last else None


def is_first(record: Transaction) -> bool:
    """Is this the first transfer between its two people, either way?"""
    assert record.from_account_id
    assert record.to_account_id
    dealings = Transaction.objects.between_wallets(record.from_account_id, record.to_account_id)
    return not dealings.filter(pk__lt=record.pk).exists()


def own_side(record: Transaction, request: MemberRequest) -> Account:
    """The visitor's own account in this transaction: their wallet, or a goal if it has no part."""
    sides = [side for side in (record.from_account, record.to_account) if side]
    own = [side for side in sides if side.user_id == request.user.pk]
    return next((side for side in own if side.kind == Account.Kind.WALLET), own[0])


def steps(movement: Movement, how_far: progress.Progress | None) -> list[Step]:
    """What happened to it, in order."""
    record = movement.record
    if (
        movement.kind.takes_part
        or record.reverses_id
        or (movement.kind.is_correction and not how_far)
    ):
        return [Step(_("Posted"), Look.DONE, record.settled_at)]
    known = list(how_far.steps) if how_far else ends(movement)
    for back in movement.returns:
        word = _("Returned")
        if back.amount_cents < record.amount_cents:
            word = _("Returned {amount}").format(amount=format_money(back.amount_cents))
        known.append(Step(word, Look.DONE, back.settled_at))
    return known


def ends(movement: Movement) -> list[Step]:
    """The steps of a transaction that is done instantly: its order and its end."""
    record, word = movement.record, str(movement.status.word)
    if record.settled_at is None:
        end = Step(word, Look.LATER)
    else:
        look = Look.FAILED if movement.status.tone == "bad" else Look.DONE
        end = Step(word, look, record.settled_at)
    return [Step(_("Requested"), Look.DONE, record.created_at), end]
