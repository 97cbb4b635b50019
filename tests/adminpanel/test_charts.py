"""A chart's bars are in proportion and on the canvas, with labels that a person can read."""

import pytest

from adminpanel.overview import charts


def test_bars_are_in_proportion_and_share_a_baseline():
    chart = charts.bars([(0, 100), (50, 25)])
    (nothing, whole), (half, quarter) = [pair[:2] for pair in chart.pairs]
    assert whole.height == charts.BOTTOM - charts.TOP
    assert (half.height, quarter.height) == (whole.height // 2, whole.height // 4)
    assert nothing.height == 0
    assert {bar.y + bar.height for bar in (whole, half, quarter)} == {charts.BOTTOM}


@pytest.mark.parametrize("highest", [0, 1, 3, 7, 99, 1_001, 123_456_789_00])
def test_everything_is_on_the_canvas_and_nothing_overlaps(highest):
    chart = charts.bars([(highest, highest // 2)] * 7, unit=100)
    edges = [
        edge for pair in chart.pairs for bar in pair[:2] for edge in (bar.x, bar.x + bar.width)
    ]
    assert edges == sorted(edges)
    assert len(set(edges)) == len(edges)
    assert edges[0] >= charts.LEFT
    assert edges[-1] <= charts.RIGHT
    for pair in chart.pairs:
        assert pair.before.x < pair.middle < pair.now.x + pair.now.width
        assert min(pair.before.y, pair.now.y) >= charts.TOP
    assert chart.lines[0] == (charts.BOTTOM, "0")
    assert chart.lines[-1].y == charts.TOP
    assert 2 <= len(chart.lines) <= charts.LINES + 1


def test_the_smallest_amount_is_still_visible():
    (pair,) = charts.bars([(1, 1_000_000_00)]).pairs
    assert pair.before.height == 2


@pytest.mark.parametrize(
    ("highest", "unit", "labels"),
    [
        (0, 1, ["0", "1"]),
        (1, 1, ["0", "1"]),
        (3, 1, ["0", "1", "2", "3"]),
        (14, 1, ["0", "5", "10", "15"]),
        (40, 1, ["0", "10", "20", "30", "40"]),
        (1_01, 100, ["0", "1", "2"]),
        (1_900_00, 100, ["0", "500", "1k", "1.5k", "2k"]),
        (17_530_00, 100, ["0", "5k", "10k", "15k", "20k"]),
        (4_100_000_00, 100, ["0", "2M", "4M", "6M"]),
        (3_000_000_000_00, 100, ["0", "1bn", "2bn", "3bn"]),
    ],
)
def test_labels_are_round_and_reach_the_highest_value(highest, unit, labels):
    assert [line.label for line in charts.bars([(0, highest)], unit=unit).lines] == labels


def test_a_grid_line_meets_the_top_of_a_bar_of_its_value():
    chart = charts.bars([(1_000_00, 2_000_00)], unit=100)
    at = {line.label: line.y for line in chart.lines}
    (pair,) = chart.pairs
    assert (pair.before.y, pair.now.y) == (at["1k"], at["2k"])
