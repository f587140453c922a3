"""Counts with noise by OpenDP: the only place where something private is turned into something that may leave.

Each person brings one record for every level of the grid, all of them in cells of their own; the records are counted
by node and discrete Laplace noise is added to every count. One person more or less changes as many counts as there
are levels, by one each, so noise of scale levels / epsilon makes the whole tree epsilon-differentially private.

Source: Dwork, McSherry, Nissim and Smith (2006), TCC, theorem 1; Hay, Rastogi, Miklau and Suciu (2010), VLDB 3(1) for
counts at every level of a tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf, nextafter
from typing import Any

from pullcord.base import InvalidInput, SolverFailure

from .grid import Grid
from .model import EPSILON_UNIT


def noise_scale(levels: int, epsilon_micro: int) -> float:
    """The scale of the noise: as many counts change with one person as the grid has levels."""
    return levels * EPSILON_UNIT / epsilon_micro


def measurement(grid: Grid, epsilon_micro: int) -> tuple[Callable[[list[int]], Sequence[int]], float]:
    """OpenDP's measurement of the grid (node numbers of all persons in, noisy counts out) and the scale of its noise.

    OpenDP itself says what it costs at a distance of as many records as one person brings, and that is never above
    the epsilon asked for.
    """
    if epsilon_micro <= 0:
        raise InvalidInput(f"an epsilon of {epsilon_micro} millionths", "give more than none")
    import opendp.prelude as dp  # a second to import: only who releases pays it

    dp.enable_features("contrib")
    # Its proofs are checked by people, not by a machine; that is what the feature's name says.
    domain, metric = dp.vector_domain(dp.atom_domain(T=int)), dp.symmetric_distance()
    counted: Any = dp.t.make_count_by_categories(
        domain, metric, categories=list(range(grid.size)), null_category=False, MO=dp.L1Distance[int]
    )
    epsilon, scale = epsilon_micro / EPSILON_UNIT, noise_scale(grid.levels, epsilon_micro)
    for _ in range(64):
        noisy: Any = counted >> dp.m.then_laplace(scale=scale)
        if noisy.map(d_in=grid.levels) <= epsilon:
            return noisy, scale
        scale = nextafter(scale, inf)  # OpenDP rounds against us, by the last bit
    raise SolverFailure(f"OpenDP finds no noise that keeps {grid.levels} counts within epsilon {epsilon}")


def measure(grid: Grid, cells: Iterable[Sequence[str]], epsilon_micro: int) -> tuple[tuple[int, ...], float]:
    """Noisy counts of every node of the grid, and the scale of their noise; `cells` has one cell for each person.

    The randomness is OpenDP's own and cannot be repeated: keep the answer. Counts may be negative.
    """
    noisy, scale = measurement(grid, epsilon_micro)
    records = [node for cell in cells for node in grid.nodes_of(cell)]
    return tuple(int(count) for count in noisy(records)), scale
