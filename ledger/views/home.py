"""The first page: what Nissmart is, or what you have."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger import history, kinds
from ledger.models import Transaction
from ledger.movements import by_day
from wallet.web.http import Request, render_part

LATEST = 6


@require_safe
def home(request: Request) -> HttpResponse:
    """The landing page; for a signed-in member the balance and what happened last."""
    if not request.user.is_authenticated:
        return render(request, "ledger/landing.html")
    account = request.user.primary_account()
    context = {
        "account": account,
        "pending_out_cents": Transaction.objects.pending_out_cents(account),
        "moves": [
            kind
            for kind in kinds.every()
            if kind.page and not (account.is_frozen and kind.takes_from_wallet)
        ],
        # Called only by the whole page, not when just the balance refreshes.
        "days": lambda: by_day(history.latest(account, LATEST), account),
    }
    return render_part(request, "ledger/home.html", context, part="balance")
