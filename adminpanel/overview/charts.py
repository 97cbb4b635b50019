"""Bar charts drawn on the server: positions of bars, lines and labels, in whole numbers.

The canvas is WIDTH by HEIGHT units. The page scales it to the available width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 640, 330
LEFT, RIGHT, TOP, BOTTOM = 88, 636, 18, 270
# At most this many lines above the lowest one.
LINES = 4
GAP = 4


class Bar(NamedTuple):
    x: int
    y: int
    width: int
    height: int
    value: int


class Pair(NamedTuple):
    """Two bars side by side. `middle` is the x position of their label."""

    before: Bar
    now: Bar
    middle: int

    @property
    def reach(self) -> int:
        """The width of both bars with their gap: where a click opens the day."""
        return self.now.x + self.now.width - self.before.x


class Line(NamedTuple):
    """A horizontal line with its label."""

    y: int
    label: str


class Chart(NamedTuple):
    pairs: list[Pair]
    lines: list[Line]


def bars(values: Sequence[tuple[int, int]], unit: int = 1) -> Chart:
    """A chart of (before, now) pairs, all zero or more. Labels count in `unit` (100 for cents)."""
    assert values
    assert all(value >= 0 for pair in values for value in pair)
    highest = max(max(pair) for pair in values)
    step = step_for(-(-highest // unit)) * unit
    top = step * max(1, -(-highest // step))
    room = (RIGHT - LEFT) // len(values)
    # The gaps between pairs show which two bars belong together.
    width = (room * 3 // 4 - GAP) // 2

    def bar(x: int, value: int) -> Bar:
        height = height_of(value, top)
        return Bar(x, BOTTOM - height, width, height, value)

    pairs = []
    for number, (before, now) in enumerate(values):
        middle = LEFT + room * number + room // 2
        pairs.append(
            Pair(bar(middle - GAP // 2 - width, before), bar(middle + GAP // 2, now), middle)
        )
    return Chart(
        pairs,
        [
            Line(BOTTOM - height_of(at, top), abbreviate(at // unit))
            for at in range(0, top + 1, step)
        ],
    )


def height_of(value: int, top: int) -> int:
    """Height in proportion to `top`. A value above zero is always visible."""
    height = (BOTTOM - TOP) * value // top
    return max(height, 2) if value else 0


def step_for(highest: int) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 ... for which LINES steps reach `highest`."""
    power = 1
    while True:
        for step in (power, 2 * power, 5 * power):
            if step * LINES >= highest:
                return step
        power *= 10


def abbreviate(number: int) -> str:
    """`1500` -> `1.5k`."""
    for size, letter in ((10**9, "bn"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            whole, tenths = divmod(number * 10 // size, 10)
            return f"{whole}.{tenths}{letter}" if tenths else f"{whole}{letter}"
    return str(number)
