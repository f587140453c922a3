"""Mean utilities that reproduce observed shares, for any tastes: all markets, shared among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from pullcord.base import InvalidInput, SolverFailure

from .compiled import threads_at_hand
from .data import MarketData
from .kernels import solve_markets
from .terms import Floats, Integers

TOLERANCE = 1e-14
"""Largest error of log shares; Conlon and Gortmaker (2020), sec. 3.1, advise 1e-12 to 1e-14."""

EVALUATIONS_MAX = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Tastes:
    """How tastes depend on parameters: theta[p] times x[j, k] times drawn[i, a] for every triple (p, k, a) of `pairs`.

    attributes : float64[row, attribute]; drawn : float64[agent, column]; pairs : int64[pair, 3], sorted by parameter.
    parameters : how many; price_slopes : float64[attribute], what a unit of price adds to an attribute, NaN where that
        depends on the product.
    """

    attributes: Floats
    drawn: Floats
    pairs: Integers
    parameters: int
    price_slopes: Floats

    def tastes(self, theta: Floats) -> Floats:
        """float64[agent, attribute], how far each agent's tastes are from the mean."""
        result = np.zeros((len(self.drawn), self.attributes.shape[1]))
        for p, k, a in self.pairs:
            result[:, k] += theta[p] * self.drawn[:, a]
        return result

    def price_drawn(self) -> Floats:
        """float64[agent, parameter]: what a unit of a parameter adds to an agent's taste for price."""
        result = np.zeros((len(self.drawn), self.parameters))
        for p, k, a in self.pairs:
            result[:, p] += self.price_slopes[k] * self.drawn[:, a]
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Inversion:
    """Mean utilities with what was asked for beside them.

    delta : float64[row]; delta_slope : float64[row, parameter], at constant shares.
    markup : float64[row], in units of price; markup_slope : float64[row, parameter]; both empty if not asked for.
    misfit : float64[market], largest error of log shares; evaluations : of the contraction, over all markets.
    """

    delta: Floats
    delta_slope: Floats
    markup: Floats
    markup_slope: Floats
    misfit: Floats
    evaluations: int

    @property
    def failed(self) -> Integers:
        """int64: the markets without an answer."""
        return np.flatnonzero(~(self.misfit < 1e-9))


def in_threads(work: Callable[[int, int], None], cost: Floats, threads: int | None) -> None:
    """Runs work(first, last) on ranges of markets of about equal cost, each market once."""
    threads = threads or threads_at_hand()
    total = np.cumsum(cost)
    if threads <= 1 or len(cost) < 2:
        work(0, len(cost))
        return
    cuts = np.searchsorted(total, np.linspace(0, total[-1], threads * 4 + 1)[1:-1]) + 1
    edges = np.unique(np.concatenate([[0], cuts, [len(cost)]]))
    with ThreadPoolExecutor(threads) as pool:
        for done in [pool.submit(work, a, b) for a, b in pairwise(edges.tolist())]:
            done.result()


def invert(
    data: MarketData,
    tastes: Tastes,
    theta: Floats,
    *,
    price_taste: Floats | None = None,
    price_drawn: Floats | None = None,
    delta: Floats | None = None,
    slopes: bool = False,
    markups: bool = False,
    tolerance: float = TOLERANCE,
    threads: int | None = None,
) -> Inversion:
    """Mean utilities at which the shares predicted equal those observed, and where asked, derivatives and markups.

    theta : float64[parameter]. price_taste : float64[agent], needed for markups; price_drawn : float64[agent,
    parameter], its derivative, by default `tastes.price_drawn()`. delta : where to begin, by default the plain logit's.
    Markets without an answer are named by `Inversion.failed`. Raises InvalidInput where the data have no agents.
    """
    agents = data.agents
    if agents is None:
        raise InvalidInput(f"`{data.name}` has no agents", "give draws of tastes: `read_markets(agents=)`")
    rows, parameters = data.rows, tastes.parameters
    begin = logit_delta(data) if delta is None else np.array(delta, dtype=np.float64)
    result = np.array(begin)
    delta_slope = np.zeros((rows, parameters))
    markup = np.full(rows if markups else 0, np.nan)
    markup_slope = np.zeros((rows if markups else 0, parameters))
    report = np.zeros((data.markets, 2))
    taste = np.zeros(len(agents.weight)) if price_taste is None else price_taste
    drawn = tastes.price_drawn() if price_drawn is None else price_drawn
    spread = tastes.tastes(theta)
    log_share = np.log(data.share)

    def work(first: int, last: int) -> None:
        solve_markets(
            first, last, data.start, agents.start, log_share, data.share, data.firm, agents.weight, tastes.attributes,
            tastes.drawn, spread, taste, drawn, tastes.pairs, tolerance, EVALUATIONS_MAX, slopes, markups, result,
            delta_slope, markup, markup_slope, report,
        )  # fmt: skip

    products, people = np.diff(data.start), np.diff(agents.start)
    in_threads(work, (products * people).astype(np.float64), threads)
    return Inversion(result, delta_slope, markup, markup_slope, report[:, 1], int(report[:, 0].sum()))


def logit_delta(data: MarketData) -> Floats:
    """float64[row]: log of the share over the outside share, the mean utility if all agents were alike."""
    return np.asarray(np.log(data.share) - np.log(data.outside_share)[data.market])


def mean_utilities(
    data: MarketData, tastes: Tastes, theta: Floats, *, tolerance: float = TOLERANCE, threads: int | None = None
) -> Floats:
    """float64[row]: mean utilities that reproduce the shares; raises SolverFailure naming markets without an answer."""
    answer = invert(data, tastes, theta, tolerance=tolerance, threads=threads)
    if len(answer.failed):
        names = ", ".join(data.market_names[t] for t in answer.failed[:10])
        raise SolverFailure(
            f"no mean utilities reproduce the shares of market {names}",
            "tastes this strong leave some product without any buyer: scale them down, or take more draws",
        )
    return answer.delta
