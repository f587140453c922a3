"""What is made of noisy counts: nothing below zero, parts that add up, small cells hidden, bars that hold."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import stream
from pullcord.privacy import Dimension, Grid, draw_noise, half_width, nodes, take_rates
from pullcord.privacy.coherent import coherent

GRID = Grid((Dimension("city", ("a", "b", "c")), Dimension("plan", ("rent", "buy"))))
COUNTS = st.lists(st.integers(-50, 300), min_size=GRID.size, max_size=GRID.size)


def children(grid: Grid, path: tuple[str, ...]) -> list[int]:
    return [i for i, p in enumerate(grid.paths()) if len(p) == len(path) + 1 and p[: len(path)] == path]


@given(COUNTS)
def test_parts_add_up_and_nothing_is_negative(noisy: list[int]) -> None:
    made = coherent(GRID, noisy)
    assert min(made) >= 0
    assert made[0] == max(0, noisy[0])
    for at, path in enumerate(GRID.paths()):
        if below := children(GRID, path):
            assert sum(made[i] for i in below) == made[at]


@given(COUNTS)
def test_counts_that_add_up_already_stay_as_they_are(noisy: list[int]) -> None:
    leaves = [max(0, count) for count in noisy[4:]]
    cities = [sum(leaves[2 * i : 2 * i + 2]) for i in range(3)]
    whole = [sum(cities), *cities, *leaves]
    assert coherent(GRID, whole) == whole


@given(COUNTS, st.floats(0.5, 20), st.integers(1, 60))
def test_small_cells_are_hidden_and_bars_hold_what_is_shown(noisy: list[int], scale: float, least: int) -> None:
    made = coherent(GRID, noisy)
    for node, count, y in zip(nodes(GRID, noisy, scale, least), made, noisy, strict=True):
        if count < least:
            assert (node.count, node.low, node.high) == (None, None, None)
        else:
            assert node.count == count
            assert node.low is not None
            assert node.high is not None
            assert 0 <= node.low <= count <= node.high
            assert node.low <= max(0, y - half_width(scale))
            assert node.high >= y + half_width(scale)


@given(COUNTS, st.floats(0.5, 20))
def test_rates_are_shares_of_what_is_shown(noisy: list[int], scale: float) -> None:
    shown = {node.path: node.count for node in nodes(GRID, noisy, scale, 10)}
    for rate in take_rates(GRID, noisy, scale, 10):
        part, whole = shown[rate.path], shown[rate.path[:-1]]
        assert part is not None
        assert whole is not None
        assert rate.rate == part / whole
        assert 0 <= rate.low <= rate.rate <= rate.high <= 1


def test_the_bars_hold_the_truth_as_often_as_they_say() -> None:
    """Over 400 releases of the same truth; six standard errors, and seeded, so that it does not flicker."""
    leaves = np.array([120, 40, 60, 15, 5, 0])
    truth = np.array([leaves.sum(), *leaves.reshape(3, 2).sum(axis=1), *leaves])
    scale, rng = 5.0, stream(5, "test.bars")
    held = shown = rates_held = rates_shown = 0
    for _ in range(400):
        noisy = [int(v) for v in truth + draw_noise(scale, truth.shape, rng)]
        for node, true in zip(nodes(GRID, noisy, scale, 15), truth, strict=True):
            if node.count is not None and node.low is not None and node.high is not None:
                shown += 1
                held += node.low <= true <= node.high
        for rate in take_rates(GRID, noisy, scale, 15):
            at = GRID.paths().index(rate.path)
            rates_shown += 1
            rates_held += rate.low <= truth[at] / truth[GRID.paths().index(rate.path[:-1])] <= rate.high
    assert shown > 2000
    assert held / shown > 0.94
    assert rates_held / rates_shown > 0.94


def test_of_cells_near_the_threshold_the_bars_hold_less_often() -> None:
    """Those of 14 that are shown at a threshold of 19 were raised by noise; the page gives these figures."""
    truth, scale, least = np.array([84, 28, 28, 28, *[14] * 6]), 3 / 0.5, 19
    rng, shown, held = stream(1, "tests.privacy.near"), 0, 0
    for _ in range(1500):
        told = nodes(GRID, (truth + draw_noise(scale, (10,), rng)).tolist(), scale, least)[4:]
        shown += sum(node.count is not None for node in told)
        held += sum(node.low is not None and node.low <= 14 <= node.high for node in told)
    assert 0.21 < shown / (6 * 1500) < 0.27
    assert 0.89 < held / shown < 0.945


def test_clipping_one_by_one_would_invent_people_and_this_does_not() -> None:
    empty = Grid((Dimension("cell", tuple(f"c{i}" for i in range(500))),))
    noisy = [3, *(int(v) for v in draw_noise(4.0, (500,), stream(6, "test.empty")))]
    assert sum(max(0, v) for v in noisy[1:]) > 500
    assert sum(coherent(empty, noisy)[1:]) == 3
