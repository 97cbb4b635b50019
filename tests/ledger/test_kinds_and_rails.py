"""Every kind and rail declares all that it must, and its code stands only in its own file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger import kinds, rails
from ledger.kinds import MemberView
from ledger.kinds.shapes import NAMED
from ledger.rails import Instruction, Lookup, Outcome
from ledger.status import Status

ROOT = Path(__file__).resolve().parents[2]
APPS = ("wallet", "ledger", "adminpanel", "nissmart")
# The API's examples, and the SQL of a trigger, which is read before the kinds can be.
EXAMPLES = {
    *("ledger/goal_guards.py", "ledger/guards.py", "ledger/part_guards.py"),
    "nissmart/examples.py",
}

every_kind = pytest.mark.parametrize("kind", kinds.every(), ids=kinds.codes())
every_rail = pytest.mark.parametrize("rail", rails.every(), ids=[one.code for one in rails.every()])


def product() -> list[Path]:
    code = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    pages = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static" / "css").rglob("*.css")]
    # The sandbox is M-PESA's side of the wire, and imports nothing of the product. The simulation
    # has a model of what each payment does, which may not ask the kinds.
    left_out = {"migrations", "sandbox", "simulation"}
    return [path for path in [*code, *pages] if not left_out & set(path.parts)]


def files_with(pattern: str, room: str) -> list[str]:
    """Files outside this package of the ledger that match the pattern."""
    found = (path.relative_to(ROOT) for path in product() if re.search(pattern, path.read_text()))
    return sorted(str(path) for path in found if path.parts[:2] != ("ledger", room))


@every_kind
def test_the_code_of_a_kind_stands_only_in_its_own_file(kind):
    assert set(files_with(rf"""["']{kind.code}["']""", "kinds")) <= EXAMPLES


@every_kind
def test_no_template_or_stylesheet_names_a_kind(kind):
    pages = ("templates", "static")
    assert not [one for one in files_with(rf"\b{kind.code}\b", "kinds") if one.startswith(pages)]
    tinted = files_with(rf"(mark|tint)[. ]{kind.code.lower()}\b", "kinds")
    assert not [one for one in tinted if one.startswith(pages)]


@every_rail
def test_the_code_and_label_of_a_rail_stand_only_in_its_own_file(rail):
    pattern = rf"""["']{rail.code}["']|{rail.float_account.kind}|{rail.label}"""
    # The default of a setting, and an example of the API.
    assert set(files_with(pattern, "rails")) <= {
        "nissmart/payment_settings.py",
        # Its SMS are the model of ours.
        "wallet/messages/outgoing.py",
        "wallet/messages/words.py",
        # No member may take its name.
        "wallet/lookalikes.py",
        "wallet/models/protected.py",
        "wallet/names.py",
        # Nor use it as most of a password.
        "wallet/signin/passwords.py",
        "ledger/api/schemas.py",
        # The chart of accounts numbers its float.
        "wallet/house.py",
        # Its statements have their own format.
        "adminpanel/reconciliation/formats/mpesa.py",
        "adminpanel/reconciliation/forms.py",
        "adminpanel/reconciliation/queries.py",
        "templates/adminpanel/reconciliation.html",
    }


@every_kind
def test_no_two_shapes_of_a_kind_take_the_same_order(kind):
    written = [shape.names for shape in kind.shapes if not shape.is_past]
    assert len(set(written)) == len(written)
    in_books = [(*shape.names, shape.uses_rail) for shape in kind.shapes]
    assert len(set(in_books)) == len(in_books)


@every_kind
def test_the_entries_of_a_shape_match_what_its_books_must_show(kind):
    """A kind states twice what it writes: in its steps, and in the final books. Both must agree."""
    for shape in kind.shapes:
        ends = {
            Status.PENDING: shape.at_order,
            Status.SUCCESS: [*shape.at_order, *shape.at_settle],
            Status.FAILED: [*shape.at_order, *shape.at_fail],
        }
        for status, demanded in shape.books.items():
            assert sorted(ends[status]) == ([] if shape.is_past else sorted(demanded))
            assert sum(line.sign for line in demanded) == 0
        waits = {Status.PENDING, Status.FAILED} & shape.books.keys()
        assert len(waits) in (0, 2)
        assert not waits or shape.uses_rail
        assert shape.source != shape.target or shape.source in NAMED


@every_kind
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("is_in", [True, False])
@pytest.mark.parametrize("other", ["", "Bob O."])
def test_a_kind_has_text_for_every_reader_and_status(kind, status, is_in, other):
    view = MemberView(is_in=is_in, other=other, amount="KES 5.00", status=status)
    texts = [kind.title(view), kind.heading(view), kind.outlook(view), kind.after_reversal(view)]
    assert texts[0]
    assert texts[1]
    assert not [text for text in texts if "{" in text]
    assert kind.badge(status).word
    assert bool(kind.why_not_reversible(status)) == (
        not kind.is_reversible or status != Status.SUCCESS
    )


@every_rail
def test_a_rail_answers_by_the_contract(rail):
    payment = Instruction("NS-00000000-1", 50_00, "+254712000001")
    lookup = Lookup(payment.reference, is_payout=True)
    for answer in (rail.collect(payment), rail.disburse(payment), rail.query(lookup)):
        assert answer.outcome in Outcome
        assert bool(answer.receipt) == (answer.outcome == Outcome.SUCCEEDED)
    assert rail.collect(payment).outcome != Outcome.PENDING
    assert rail.takes(50_00)
    assert not rail.takes(0)


def test_only_three_outcomes_are_final():
    final = {outcome for outcome in Outcome if outcome.is_final}
    assert final == {Outcome.REJECTED, Outcome.SUCCEEDED, Outcome.FAILED}


def test_two_kinds_or_rails_never_share_a_code():
    with pytest.raises(AssertionError):
        kinds.register(kinds.every()[0])
    with pytest.raises(AssertionError):
        rails.register(rails.every()[0])
    assert len({rail.float_account.id for rail in rails.every()}) == len(rails.every())
