"""Money in suspense goes back to its payer, over the rail that it came from.

One person in finance proposes it and another approves it, so its payout needs no further approval.
Money that can't be paid is back in suspense.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Correction, News, Resolves
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status


class Return(Correction):
    code = "RETURN"
    label = _lazy("Return to payer")
    plural = _lazy("Returns to payers")
    verb = _lazy("Return")
    noun = ngettext_lazy("return to a payer", "returns to payers")
    icon = "withdraw"

    shapes = (
        Shape(
            Side.HOUSE,
            Side.RAIL,
            at_order=[out_of(Place.SUSPENSE), into(Place.TRANSIT)],
            at_settle=[out_of(Place.TRANSIT), into(Place.FLOAT)],
            at_fail=[out_of(Place.TRANSIT), into(Place.SUSPENSE)],
            books={
                Status.PENDING: [out_of(Place.SUSPENSE), into(Place.TRANSIT)],
                Status.SUCCESS: [
                    out_of(Place.SUSPENSE),
                    into(Place.TRANSIT),
                    out_of(Place.TRANSIT),
                    into(Place.FLOAT),
                ],
                Status.FAILED: [
                    out_of(Place.SUSPENSE),
                    into(Place.TRANSIT),
                    out_of(Place.TRANSIT),
                    into(Place.SUSPENSE),
                ],
            },
        ),
    )
    resolves = Resolves.ALWAYS
    news = {
        News.ORDERED: _lazy("Money in suspense is to go back to its payer"),
        News.SETTLED: _lazy("Money in suspense went back to its payer"),
        News.FAILED: _lazy("Money couldn't go back to its payer, and is in suspense again"),
        News.DONE: _lazy("Money in suspense went back to its payer"),
    }


RETURN = Return()
