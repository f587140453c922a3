"""The noise is what is promised: of the stated scale, within epsilon by OpenDP's own reckoning and by counting."""

from __future__ import annotations

from collections import Counter
from math import exp, sqrt

import numpy as np
import pytest

from pullcord.base import InvalidInput, stream
from pullcord.privacy import Dimension, Grid, deviation, draw_noise, epsilon_micro, epsilon_text, half_width, measure
from pullcord.privacy.mechanism import measurement

TINY = Grid((Dimension("city", ("chengdu", "beijing")),))
WIDE = Grid((Dimension("cell", tuple(f"c{i}" for i in range(4000))),))


@pytest.mark.parametrize("epsilon", ["0.05", "0.1", "0.3", "0.7", "1", "0.123457"])
@pytest.mark.parametrize("dimensions", [0, 1, 2, 3])
def test_the_library_itself_says_that_one_person_costs_no_more_than_epsilon(epsilon: str, dimensions: int) -> None:
    grid = Grid(tuple(Dimension(f"d{i}", ("x", "y", "z")) for i in range(dimensions)))
    noisy, scale = measurement(grid, epsilon_micro(epsilon))
    cost = noisy.map(d_in=grid.levels)
    assert float(epsilon) * (1 - 1e-12) < cost <= float(epsilon), "no budget is wasted either"
    assert scale == pytest.approx(grid.levels / float(epsilon))


def test_one_person_stands_in_one_count_of_each_level() -> None:
    grid = Grid((Dimension("city", ("a", "b", "c")), Dimension("plan", ("rent", "buy"))))
    assert grid.size == 1 + 3 + 6
    found = [grid.paths()[node] for node in grid.nodes_of(("b", "buy"))]
    assert found == [(), ("b",), ("b", "buy")]
    for at, path in enumerate(grid.paths()):
        if len(path) == 2:
            assert grid.nodes_of(path)[-1] == at


def test_without_noise_to_speak_of_the_counts_are_the_counts() -> None:
    cells = [("chengdu",)] * 40 + [("beijing",)] * 2
    noisy, scale = measure(TINY, cells, epsilon_micro(1000))
    assert scale == pytest.approx(0.002)
    assert noisy == (42, 40, 2)


def test_the_noise_has_the_stated_scale() -> None:
    """Six standard errors of the sample variance: a right mechanism fails this once in a hundred million runs."""
    noisy, scale = measure(WIDE, [], epsilon_micro("0.5"))
    values = np.array(noisy[1:], dtype=float)
    stated, n = deviation(scale), len(values)
    assert scale == pytest.approx(4)
    assert abs(values.mean()) < 6 * stated / sqrt(n)
    fourth = draw_noise(scale, (200_000,), stream(1, "test.noise")).astype(float) ** 4
    error = sqrt((fourth.mean() - stated**4) / n)
    assert abs(values.var() - stated**2) < 6 * error
    inside = np.mean(np.abs(values) <= half_width(scale))
    assert inside > 0.95 - 6 * sqrt(0.05 * 0.95 / n)


def test_one_person_more_or_less_changes_no_outcome_by_more_than_e_to_the_epsilon() -> None:
    """4,000 pairs of neighbours at once: in each cell there is one person, or nobody."""
    micro = epsilon_micro(2)
    with_one, without = Counter[int](), Counter[int]()
    for _ in range(5):
        with_one.update(measure(WIDE, [(v,) for v in WIDE.dimensions[0].values], micro)[0][1:])
        without.update(measure(WIDE, [], micro)[0][1:])
    bound = exp(2 / WIDE.levels)  # each level has its half
    seen = []
    for outcome in range(-4, 6):
        a, b = with_one[outcome], without[outcome]
        if min(a, b) < 200:
            continue
        slack = 1 + 6 * sqrt(1 / a + 1 / b)
        assert 1 / (bound * slack) <= a / b <= bound * slack, outcome
        seen.append(max(a / b, b / a))
    assert len(seen) > 4
    assert max(seen) > bound / 1.3, "and the bound is reached: the counts are no noisier than they must be"


def test_neighbours_are_alike_in_the_whole_answer_too() -> None:
    """The root and the cell move together: every event about both stays within e to the epsilon."""
    micro, n = epsilon_micro(2), 4000
    noisy, _ = measurement(TINY, micro)
    big = [node for cell in [("chengdu",)] * 2 for node in TINY.nodes_of(cell)]
    small = list(TINY.nodes_of(("chengdu",)))
    events = [lambda y: y[0] >= 2 and y[1] >= 2, lambda y: y[0] <= 1 and y[1] <= 1, lambda y: y[2] >= 1]
    counts = np.zeros((2, len(events)))
    for row, records in enumerate((big, small)):
        for _ in range(n):
            told = noisy(records)
            counts[row] += [event(told) for event in events]
    bound, slack = exp(2), 1 + 6 * np.sqrt(1 / counts[0] + 1 / counts[1])
    assert np.all(counts > 50)
    assert np.all(counts[0] / counts[1] <= bound * slack)
    assert np.all(counts[1] / counts[0] <= bound * slack)
    assert counts[0, 0] / counts[1, 0] > 2, "and they do differ: the test can fail"


@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0, 7.5, 40.0])
def test_the_law_of_the_noise(scale: float) -> None:
    a = exp(-1 / scale)
    z = np.arange(-4000, 4001)
    law = (1 - a) / (1 + a) * a ** np.abs(z)
    assert law.sum() == pytest.approx(1)
    assert deviation(scale) ** 2 == pytest.approx(float((law * z**2).sum()))
    for confidence in (0.5, 0.95, 0.975):
        h = half_width(scale, confidence)
        assert law[np.abs(z) <= h].sum() >= confidence
        assert h == 0 or law[np.abs(z) <= h - 1].sum() < confidence
    drawn = draw_noise(scale, (20_000,), stream(3, "test.law"))
    assert drawn.std() == pytest.approx(deviation(scale), rel=0.06)


def test_epsilons_are_exact() -> None:
    assert epsilon_micro("0.1") + epsilon_micro("0.2") == epsilon_micro("0.3")
    assert epsilon_micro(0.25) == 250_000
    assert [epsilon_text(m) for m in (250_000, 1_000_000, 10_000_000, 1)] == ["0.25", "1", "10", "0.000001"]
    for wrong in ("0", "-1", "nan", "inf", "many", "0.0000001", "1001"):
        with pytest.raises(InvalidInput):
            epsilon_micro(wrong)


def test_a_grid_too_fine_is_refused() -> None:
    many = tuple(map(str, range(1000)))
    with pytest.raises(InvalidInput, match="1,001,001 counts"):
        Grid((Dimension("a", many), Dimension("b", many)))
    with pytest.raises(InvalidInput, match="twice"):
        Grid((Dimension("a", ("x",)), Dimension("a", ("x",))))
    with pytest.raises(InvalidInput, match="cannot be `paris`"):
        TINY.nodes_of(("paris",))
