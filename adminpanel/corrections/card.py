"""What the page of a transaction says about suspense and corrections."""

from __future__ import annotations

from typing import Any

from adminpanel.corrections import queries
from adminpanel.corrections.forms import AssignForm, ReturnForm, WhyForm
from adminpanel.corrections.items import find_way_back
from ledger.models import Transaction


def card(record: Transaction, form: WhyForm | None, problem: str) -> dict[str, Any] | None:
    """The item in suspense that this is, or what it resolved. None if it's neither.

    `form` is a submitted one. Needs `resolves` and `correction` of the record.
    """
    behind = getattr(record, "correction", None)
    sign = record.suspense_sign
    if not (sign or record.resolves or behind):
        return None
    found = {"sign": sign, "behind": behind, "problem": problem, "submitted": form}
    return found | about_item(record, form) if sign else found


def about_item(item: Transaction, form: WhyForm | None) -> dict[str, Any]:
    """What became of an item, and the forms to resolve it."""
    proposals = queries.corrections_of(item)
    back = find_way_back(item)
    forms = {
        "assign_form": AssignForm(),
        "return_form": ReturnForm(knows_phone=bool(back.phone)),
    }
    if form:
        forms[f"{form.prefix}_form"] = form
    return {
        "resolution": item.resolution,
        "attempts": queries.resolutions_of(item),
        "open": next((one for one in proposals if one.is_open), None),
        "earlier": [one for one in proposals if not one.is_open],
        "back": back,
        **forms,
    }
