"""The demo's finance team at work: a note, three reversals (one of a part), two incidents.

It uses the real operations, on payments from `nissmart/demo/members.py`. Whatever exists already
is left alone, so running it again adds nothing.
"""

from __future__ import annotations

from adminpanel.incidents import operations as incidents
from adminpanel.models import Incident, Note, ReversalProposal
from adminpanel.reversals import operations as reversals
from adminpanel.transactions import notes
from ledger.models import Transaction
from nissmart.demo import members as demo
from wallet.context import Context
from wallet.models import User

WAMBUI, JOSEPH = demo.STAFF[:2]

# The notes of these payments in `demo.BILLS`.
PROPOSED, REVERSED, PARTLY_REVERSED = "Wi-Fi share", "Sofa, second half", "Birthday cake"
PART_CENTS = 650_00

WAITING_REASON = "Amina paid the Wi-Fi twice; Daniel agreed on the phone to give this one back."
DONE_REASON = "Sent to the wrong Chebet. Both agreed on the phone to take it back."
PART_REASON = "The baker took a smaller cake and KES 650 less. Both agreed on the phone."
NOTE = "Daniel called at lunch. He knows about it and won't spend the money."
OPEN_TITLE = "Halima asks for a paper receipt"
OPEN_WORDS = "She needs one with a stamp for the school. Ask the office if we can give her one."
DONE_TITLE = "Money sent to the wrong Chebet"
DONE_WORDS = "Daniel called: the second half of the sofa went to a namesake."
RESOLUTION = "Reversed and approved by a colleague. We called both; both see it on their receipts."


def play(people: dict[demo.Person, User]) -> None:
    """Do the team's work, or what is missing of it."""
    wambui, joseph = people[WAMBUI].pk, people[JOSEPH].pk
    waiting, wrong = payment(people, PROPOSED), payment(people, REVERSED)
    write_note(waiting, joseph)
    propose(waiting, wambui, WAITING_REASON)
    if proposal := propose(wrong, joseph, DONE_REASON):
        reversals.approve(Context(wambui), proposal_id=proposal.pk)
    cake = payment(people, PARTLY_REVERSED)
    if proposal := propose(cake, joseph, PART_REASON, PART_CENTS):
        reversals.approve(Context(wambui), proposal_id=proposal.pk)
    school = payment(people, "School trip for Yusuf")
    open_incident(school, wambui, OPEN_TITLE, OPEN_WORDS, Incident.Severity.LOW)
    if done := open_incident(wrong, joseph, DONE_TITLE, DONE_WORDS, Incident.Severity.MEDIUM):
        resolve(done, joseph)


def payment(people: dict[demo.Person, User], note: str) -> Transaction:
    """The payment of the story with this note."""
    for number, step in enumerate(demo.story(), start=1):
        if step.note == note:
            return Transaction.objects.get(
                created_by=people[step.actor], idempotency_key=demo.key_of(number)
            )
    raise AssertionError(f"the story has no {note}")


def write_note(record: Transaction, author_id: int) -> None:
    if not Note.objects.filter(transaction=record, text=NOTE).exists():
        notes.write(Context(author_id), transaction_id=record.pk, text=NOTE)


def propose(
    record: Transaction, actor_id: int, reason: str, amount_cents: int | None = None
) -> ReversalProposal | None:
    """The new proposal, of the whole amount or a part; None if there is one already."""
    if record.proposals.exists() or reversals.obstacle(record):
        return None
    return reversals.propose(
        Context(actor_id, reason=reason), transaction_id=record.pk, amount_cents=amount_cents
    )


def open_incident(
    record: Transaction, actor_id: int, title: str, words: str, severity: str
) -> Incident | None:
    """The new incident; None if it was opened before."""
    if Incident.objects.filter(title=title).exists():
        return None
    return incidents.open_by_hand(
        Context(actor_id),
        title=title,
        description=words,
        severity=severity,
        transaction_ids=[record.pk],
    )


def resolve(incident: Incident, actor_id: int) -> None:
    seen = incidents.last_event(incident.pk)
    assert seen
    incidents.assign(Context(actor_id), incident_id=incident.pk, owner_id=actor_id, seen=seen.pk)
    seen = incidents.last_event(incident.pk)
    assert seen
    incidents.resolve(
        Context(actor_id), incident_id=incident.pk, seen=seen.pk, resolution=RESOLUTION
    )
