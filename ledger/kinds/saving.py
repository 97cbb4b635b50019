"""Moves of a member's own money: into a savings goal, out of it, and from one goal to another.

They are no payments, so no limit of payments applies. A frozen wallet may receive from a goal, but
not save: nothing leaves it.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy

from ledger.kinds.kind import Kind, MemberView, News, Words
from ledger.kinds.shapes import Place, Shape, Side, into, out_of
from ledger.status import Status
from wallet.messages.topics import Topic
from wallet.untranslated import sentence


def between(source: Side, target: Side) -> tuple[Shape, ...]:
    lines = [out_of(Place.SOURCE), into(Place.TARGET)]
    return (Shape(source, target, at_order=lines, books={Status.SUCCESS: lines}),)


class OwnMove(Kind):
    """What these kinds have in common. `into` and `out_of` are headings with the goal's name."""

    moves_own = True
    counts_to_daily_limit = False
    has_note = False
    noun = ngettext_lazy("move", "moves")
    icon = "jar"
    tone = "sand"
    # The title for a member who looks at the goal itself, with the wallet on the other side.
    seen_from_goal: Words = ""
    into: Words = _lazy("Added to {name}")
    out_of: Words = _lazy("Taken out of {name}")

    def icon_for(self, view: MemberView) -> str:
        return view.picture or self.icon

    def title(self, view: MemberView) -> str:
        if not view.other:
            return str(self.seen_from_goal)
        words = _("From {name}") if view.is_in else _("To {name}")
        return words.format(name=view.other)

    def heading(self, view: MemberView) -> str:
        if not view.other:
            return str(self.seen_from_goal)
        return sentence(self.out_of if view.is_in else self.into, name=view.other)


class Save(OwnMove):
    code = "SAVE"
    label = _lazy("Put into a goal")
    plural = _lazy("Put into goals")
    verb = _lazy("Save")
    # No page takes a note: it says what saved this by itself.
    has_note = True
    shapes = between(Side.MEMBER, Side.GOAL)
    seen_from_goal = _lazy("Added")
    topic_out = Topic.SAVED
    news = {News.DONE: _lazy("{source} put money into a goal")}


class Take(OwnMove):
    code = "TAKE"
    label = _lazy("Taken from a goal")
    plural = _lazy("Taken from goals")
    verb = _lazy("Take out")
    shapes = between(Side.GOAL, Side.MEMBER)
    seen_from_goal = _lazy("Taken out")
    topic_in = Topic.TAKEN_OUT
    news = {News.DONE: _lazy("{target} took money out of a goal")}


class Move(OwnMove):
    """From one goal to another of the same member: the wallet has no part in it."""

    code = "MOVE"
    label = _lazy("Moved between goals")
    plural = _lazy("Moved between goals")
    verb = _lazy("Move")
    shapes = between(Side.GOAL, Side.GOAL)
    seen_from_goal = label
    into = _lazy("Moved to {name}")
    out_of = _lazy("Moved from {name}")
    news = {News.DONE: _lazy("{source} moved money to another goal")}


SAVE, TAKE, MOVE = Save(), Take(), Move()
