"""What every kind and every rail must declare, and that nothing of them stands elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger import kinds, rails
from ledger.kinds import Seen, Side
from ledger.rails import Instruction, Lookup, Outcome
from ledger.status import Status

ROOT = Path(__file__).resolve().parents[2]
APPS = ("wallet", "ledger", "adminpanel", "nissmart")
# Where a code is data: a migration is of its day, and an example of the API is an example.
ELSEWHERE = {"nissmart/openapi.py"}

every_kind = pytest.mark.parametrize("kind", kinds.every(), ids=kinds.codes())
every_rail = pytest.mark.parametrize("rail", rails.every(), ids=[one.code for one in rails.every()])


def product() -> list[Path]:
    code = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    pages = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static" / "css").rglob("*.css")]
    # The simulator is M-PESA's side of the wire, and imports nothing of the product.
    return [path for path in [*code, *pages] if not {"migrations", "sandbox"} & set(path.parts)]


def naming(pattern: str, room: str) -> list[str]:
    """Files outside this room that hold the pattern."""
    found = (path.relative_to(ROOT) for path in product() if re.search(pattern, path.read_text()))
    return sorted(str(path) for path in found if path.parts[:2] != ("ledger", room))


@every_kind
def test_the_code_of_a_kind_stands_in_its_own_file_alone(kind):
    assert set(naming(rf"""["']{kind.code}["']""", "kinds")) <= ELSEWHERE


@every_kind
def test_no_template_or_sheet_is_about_a_kind(kind):
    pages = ("templates", "static")
    assert not [one for one in naming(rf"\b{kind.code}\b", "kinds") if one.startswith(pages)]
    assert not naming(rf"(mark|tint)[. ]{kind.code.lower()}\b", "kinds")


@every_rail
def test_the_code_and_label_of_a_rail_stand_in_its_own_file_alone(rail):
    said = rf"""["']{rail.code}["']|{rail.float_account.kind}|{rail.label}"""
    # The setting's default, an example of the API.
    assert set(naming(said, "rails")) <= {"nissmart/settings.py", "ledger/api/endpoints.py"}


@every_kind
def test_an_order_has_one_shape_alone(kind):
    names = [shape.names for shape in kind.shapes]
    assert len(set(names)) == len(names)


@every_kind
def test_each_end_is_where_its_entries_lead(kind):
    """The two statements of a kind agree: what is written, and what the books must show."""
    for shape in kind.shapes:
        ends = {
            Status.PENDING: shape.at_order,
            Status.SUCCESS: [*shape.at_order, *shape.at_settle],
            Status.FAILED: [*shape.at_order, *shape.at_fail],
        }
        for status, demanded in shape.books.items():
            assert sorted(ends[status]) == sorted(demanded)
            assert sum(line.sign for line in demanded) == 0
        waits = {Status.PENDING, Status.FAILED} & shape.books.keys()
        assert len(waits) in (0, 2)
        assert not waits or shape.uses_rail
        assert shape.source != shape.target or shape.source == Side.MEMBER


@every_kind
@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("is_in", [True, False])
@pytest.mark.parametrize("other", ["", "Bob O."])
def test_it_has_words_for_each_reader(kind, status, is_in, other):
    seen = Seen(is_in=is_in, other=other, amount="KES 5.00", status=status)
    said = [kind.title(seen), kind.heading(seen), kind.outlook(seen), kind.returned(seen)]
    assert said[0]
    assert said[1]
    assert not [text for text in said if "{" in text]
    assert kind.badge(status).word
    assert bool(kind.why_not_reversible(status)) == (
        not kind.is_reversible or status != Status.SUCCESS
    )


@every_rail
def test_a_rail_answers_as_the_contract_says(rail):
    asked = Instruction("NS-00000000-1", 50_00, "+254712000001")
    lookup = Lookup(asked.reference, is_payout=True)
    for said in (rail.collect(asked), rail.disburse(asked), rail.query(lookup)):
        assert said.outcome in Outcome
        assert bool(said.receipt) == (said.outcome == Outcome.SUCCEEDED)
    assert rail.collect(asked).outcome != Outcome.PENDING
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
