"""The page of one transaction, and the actions on it."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from adminpanel.access import finance_page, maker_page, panel_page
from adminpanel.corrections.card import card
from adminpanel.corrections.forms import WhyForm
from adminpanel.members.queries import FROZEN
from adminpanel.payouts.queries import messages_of
from adminpanel.reconciliation import badges
from adminpanel.reversals.operations import obstacle, propose
from adminpanel.reversals.queries import people_behind
from adminpanel.transactions import notes, queries
from adminpanel.transactions.forms import NoteForm, ProposeForm
from adminpanel.transactions.payments import payment_of
from adminpanel.transactions.verdict_card import card as verdict_card
from ledger.models import Attempt, Transaction
from ledger.payouts import asking
from wallet.errors import Refusal
from wallet.money import format_amount
from wallet.web.http import MemberRequest, asks_for, context_of, redirect_to, render_part
from wallet.web.refusals import mark_page, page_status


@require_safe
@panel_page
def transaction(request: MemberRequest, reference: str) -> HttpResponse:
    """One transaction: entries, payment, timeline, reversal, incidents, notes and audit.

    While its rail is being asked, the page polls for the payment.
    """
    return show(request, reference, part="payment")


@require_POST
@finance_page
def add_note(request: MemberRequest, reference: str) -> HttpResponse:
    """Add a note to a transaction."""
    record = get_object_or_404(Transaction, reference=reference)
    form, status = NoteForm(request.POST), 422
    if form.is_valid():
        try:
            notes.write(
                context_of(request, key=form.cleaned_data["key"]),
                transaction_id=record.pk,
                text=form.cleaned_data["text"],
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            status = page_status(refusal)
        else:
            messages.success(request, _("Note added."))
            return redirect_to(request, reverse("adminpanel:transaction", args=[reference]))
    return show(request, reference, note_form=form, part="notes", status=status)


@require_POST
@maker_page
def propose_reversal(request: MemberRequest, reference: str) -> HttpResponse:
    """Propose a reversal. A colleague decides."""
    record = get_object_or_404(Transaction, reference=reference)
    form, status = ProposeForm(request.POST), 422
    if form.is_valid():
        try:
            proposal = propose(
                context_of(request, reason=form.cleaned_data["reason"]),
                transaction_id=record.pk,
                amount_cents=form.cleaned_data["amount"],
                may_claim=form.cleaned_data["may_claim"],
            )
        except Refusal as refusal:
            form.add_error(None, str(refusal))
            status = page_status(refusal)
        else:
            messages.success(
                request, _("Reversal proposed. A colleague in finance must approve it.")
            )
            return redirect_to(request, reverse("adminpanel:reversal", args=[proposal.pk]))
    return show(request, reference, propose_form=form, part="reversal", status=status)


@require_POST
@finance_page
def ask_rail(request: MemberRequest, reference: str) -> HttpResponse:
    """Have a worker ask the rail now what became of the payment."""
    asked = Attempt.objects.select_related("transaction")
    attempt = get_object_or_404(asked, transaction__reference=reference)
    refusal = None
    try:
        attempt = asking.ask_now(context_of(request), attempt_id=attempt.pk)
    except Refusal as error:
        refusal = error
    if refusal is None and not asks_for(request, "payment"):
        again, done = _("%(rail)s is being asked already."), _("%(rail)s is being asked.")
        text = again if attempt.is_replay else done
        messages.info(request, text % {"rail": attempt.took_rail.label})
        return redirect_to(request, reverse("adminpanel:transaction", args=[reference]))
    problem = str(refusal) if refusal else ""
    return mark_page(show(request, reference, part="payment", problem=problem), refusal)


def show(
    request: MemberRequest,
    reference: str,
    *,
    note_form: NoteForm | None = None,
    propose_form: ProposeForm | None = None,
    suspense_form: WhyForm | None = None,
    suspense_problem: str = "",
    verdict_form: Form | None = None,
    problem: str = "",
    part: str = "reversal",
    status: int = 200,
) -> HttpResponse:
    """The page of a transaction, or this part of it. A form that is given was refused."""
    records = Transaction.objects.with_parties().with_reversal().with_payment()
    records = records.select_related("created_by", "arrival", "resolves", "correction")
    record = get_object_or_404(records, reference=reference)
    left_cents = record.amount_cents - record.taken_back_cents if record.is_reversible else 0
    context = facts_of(record) | {
        "payment": payment_of(record, "" if verdict_form else problem),
        "verdict": verdict_card(record, request.user, verdict_form),
        "problem_sentence": problem,
        "note_form": note_form or NoteForm(),
        "propose_form": propose_form or ProposeForm(initial={"amount": format_amount(left_cents)}),
        "left_cents": left_cents,
        "suspense": card(record, suspense_form, suspense_problem),
        "problem": note_form or propose_form or suspense_form or verdict_form,
    }
    return render_part(request, "adminpanel/transaction.html", context, part=part, status=status)


def facts_of(record: Transaction) -> dict[str, Any]:
    """What the page shows of the transaction to every reader."""
    entries = record.entries.select_related("account__user").order_by("pk")
    behind = queries.proposal_behind(record)
    history = queries.events_of(record, behind)
    proposals = queries.proposals_of(record)
    corrected = [record.pk] if record.kind.is_correction else []
    agreed = record.takes_back or corrected
    posters = {record.pk: record.orderer_name} if agreed else {}
    attempt = record.loaded_attempt
    return {
        "record": record,
        "exchange": messages_of(attempt) if attempt else [],
        "reconciled": badges.of(record),
        "frozen": FROZEN,
        "entries": entries,
        "debit_cents": sum(entry.debit_cents or 0 for entry in entries),
        "credit_cents": sum(entry.credit_cents or 0 for entry in entries),
        "charge": queries.charge_of(record),
        "timeline": queries.timeline(record, history),
        "events": history,
        "proposal_behind": behind,
        "proposals": proposals,
        "open_proposal": next((one for one in proposals if one.is_open), None),
        "obstacle": obstacle(record),
        "people": people_behind(posters, corrected).get(record.pk),
        "related": queries.related_transactions(record),
        "notes": queries.notes_of(record),
        "incidents": queries.incidents_of(record),
        "returns": queries.reversals_of(record),
        "claims": queries.claims_of(record),
    }
