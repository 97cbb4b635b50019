"""The first page: the landing page, or a member's balance and latest transactions."""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ledger import history, kinds, months
from ledger.models import Claim, Transaction
from ledger.movements import Movement, by_day
from ledger.querysets import nairobi_day
from ledger.views import about
from wallet.models import Account, User
from wallet.signin import pin
from wallet.web.cookies import hides_balance
from wallet.web.http import Request, asks_for, render_part

LATEST = 6
ON_ITS_WAY = 5


class Step(NamedTuple):
    """Something a new member does first, and the page for it."""

    name: str
    note: str
    url: str
    is_done: bool


@require_safe
def home(request: Request) -> HttpResponse:
    """The landing page, or for a signed-in member the balance and the latest transactions.

    The page polls and sends `seen`, a summary of what it shows. The answer is 204 if nothing has
    changed.
    """
    if not request.user.is_authenticated:
        return render(request, "ledger/landing.html", about.facts())
    account = request.user.primary_account()
    on_its_way, has_more = pending(account)
    pending_cents = sum(each.record.taken_cents for each in on_its_way if not each.is_in)
    if has_more:
        pending_cents = Transaction.objects.pending_out_cents(account)
    latest = others(account, {movement.record.pk for movement in on_its_way})
    shown = on_its_way + movements(latest, account)
    rows = {row_state(movement): movement for movement in shown}
    saved_cents = Account.objects.saved_cents(request.user.pk)
    seen = [digest(request, account, (pending_cents, saved_cents), list(rows)), *rows]
    seen_before = request.GET.get("seen", "").split()
    if seen == seen_before and asks_for(request, "balance"):
        return HttpResponse(status=204)
    context = {
        "account": account,
        "pending_out_cents": pending_cents,
        "saved_cents": saved_cents,
        "moves": [
            kind
            for kind in kinds.every()
            if kind.page and not (account.is_frozen and kind.takes_from_wallet)
        ],
        "claims": account.claims.filter(state=Claim.State.OPEN).select_related("original"),
        "on_its_way": on_its_way,
        "has_more_on_its_way": has_more,
        "days": by_day(latest, account),
        "month": months.this_month(account) if shown else None,
        "first_steps": [] if shown else first_steps(request.user),
        "seen": " ".join(seen),
        "news": [rows[row] for row in rows if row not in seen_before] if seen_before else [],
    }
    return render_part(request, "ledger/home.html", context, part="balance")


def first_steps(user: User) -> list[Step]:
    """What to do with a wallet that has never had money."""
    return [
        Step(
            _("Verify your phone number or email"),
            _("So that the wallet stays yours"),
            reverse("wallet:verify"),
            user.has_proof,
        ),
        Step(
            _("Make your first deposit"),
            _("Your money shows here"),
            reverse("ledger:deposit"),
            is_done=False,
        ),
        Step(
            _("Choose a PIN"),
            _("You need it to send and withdraw"),
            reverse("wallet:pin"),
            pin.has_pin(user),
        ),
    ]


def pending(account: Account) -> tuple[list[Movement], bool]:
    """The newest payments that haven't ended, and whether there are more of them."""
    records = list(Transaction.objects.pending_of(account).for_members()[: ON_ITS_WAY + 1])
    return movements(records[:ON_ITS_WAY], account), len(records) > ON_ITS_WAY


def others(account: Account, ids: set[int]) -> list[Transaction]:
    """The newest transactions, without these."""
    found = history.latest(account, LATEST + len(ids))
    return [record for record in found if record.pk not in ids][:LATEST]


def movements(records: list[Transaction], account: Account) -> list[Movement]:
    return [Movement(record, account) for record in records]


def row_state(movement: Movement) -> str:
    """Everything in a row that can change. A change announces the row again."""
    stage = movement.progress.stage if movement.progress else movement.record.status
    returned = f".RETURNED{movement.returned_cents}" if movement.returned_badge else ""
    return f"{movement.reference}.{stage}{returned}"


def digest(
    request: Request, account: Account, other_cents: tuple[int, int], rows: list[str]
) -> str:
    """A short hash of all the page shows. It's keyed, so that a URL can't reveal a balance."""
    facts = [account.balance_cents, account.is_frozen, other_cents, rows, hides_balance(request)]
    shown = repr([*facts, nairobi_day()])
    return salted_hmac("home", shown, algorithm="sha256").hexdigest()[:16]
