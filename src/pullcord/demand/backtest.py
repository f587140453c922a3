"""Rolling origins: what each forecaster would have said with what was known then, beside what came.

From every origin a forecaster sees the months up to it and nothing else; it tells quantiles of the months that lie so
many horizons on. Only targets count that every forecaster foretold at every horizon. Errors of one month go together,
and so do errors of one product: differences between two forecasters carry an interval for either way of resampling.

Source: Tashman (2000), International Journal of Forecasting 16(4) (rolling origins); Hyndman and Koehler (2006), IJF
22(4) (MASE); Gneiting and Raftery (2007), JASA 102(477) (the quantile and the continuous ranked probability score).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pullcord.base import InvalidInput, NotFound, stream

from .baselines import history, months_before
from .model import MonthlySales
from .predict import Interval

Floats = NDArray[np.float64]

LEVELS = (0.025, 0.05, *(round(0.1 * k, 1) for k in range(1, 10)), 0.95, 0.975)
"""The probabilities of which every forecaster tells the quantile; the sixth and the middle is the median."""

MEDIAN = LEVELS.index(0.5)
_EIGHTY = (LEVELS.index(0.1), LEVELS.index(0.9))
_NINETY_FIVE = (0, len(LEVELS) - 1)


@dataclass(frozen=True, slots=True)
class KnownPanel:
    """What is known at an origin: units by product and month, and the market's totals, up to `origin` and no later."""

    origin: date
    sales: Mapping[str, Mapping[date, int]]
    market: Mapping[date, int]

    @classmethod
    def until(cls, origin: date, sales: Sequence[MonthlySales], market: Sequence[MonthlySales] = ()) -> KnownPanel:
        """The panel cut after a month."""
        known: dict[str, dict[date, int]] = {}
        for (product, month), units in sorted(history(sales).items()):
            if month <= origin:
                known.setdefault(product, {})[month] = units
        return cls(origin, known, {row.month: row.units for row in market if row.month <= origin})


class Forecaster(Protocol):
    """Whatever can foretell a panel."""

    @property
    def name(self) -> str:
        """What it is called in the table; each of one backtest has its own."""
        ...

    def forecast(self, known: KnownPanel, months: Sequence[date]) -> Mapping[tuple[str, date], Floats]:
        """(product, month) -> float64[level], quantiles at `LEVELS`, rising; what cannot be told is left out."""
        ...


@dataclass(frozen=True, slots=True)
class Foretold:
    """One forecast beside what came. `naive_error` scales MASE: the mean |change| from month to month, known then."""

    forecaster: str
    product_id: str
    month: date
    horizon: int
    quantiles: tuple[float, ...]
    actual: int
    naive_error: float

    @property
    def error(self) -> float:
        """|actual - median|."""
        return abs(self.actual - self.quantiles[MEDIAN])

    @property
    def crps(self) -> float:
        """The continuous ranked probability score in units: twice the pinball loss, averaged over levels.

        Levels stand for the probabilities nearest to them.
        """
        total = 0.0
        for k, level in enumerate(LEVELS):
            below = LEVELS[k - 1] if k else 0.0
            above = LEVELS[k + 1] if k + 1 < len(LEVELS) else 1.0
            left = below if k == 0 else (below + level) / 2
            right = above if k + 1 == len(LEVELS) else (above + level) / 2
            gap = self.actual - self.quantiles[k]
            total += 2 * (right - left) * (level * gap if gap >= 0 else (level - 1) * gap)
        return total

    def within(self, ends: tuple[int, int]) -> bool:
        """Whether what came lies between two of the quantiles."""
        return self.quantiles[ends[0]] <= self.actual <= self.quantiles[ends[1]]


@dataclass(frozen=True, slots=True)
class Score:
    """How a forecaster did at one horizon. Shares are of all units that came.

    wape : sum |actual - median| / sum actual. mase : mean of |actual - median| / naive error, over the targets of
    products that had two months in a row that differ; NaN without any. crps : sum of scores over
    sum actual. covered_80, covered_95 : the share of targets within. width_80 : sum of widths / sum actual.
    """

    forecaster: str
    horizon: int
    wape: float
    mase: float
    crps: float
    covered_80: float
    covered_95: float
    width_80: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Ours less theirs, so that below zero is for us: WAPE and CRPS, each with 95 % intervals over two bootstraps."""

    forecaster: str
    reference: str
    horizon: int
    wape: float
    wape_by_month: Interval
    wape_by_product: Interval
    crps: float
    crps_by_month: Interval
    crps_by_product: Interval


@dataclass(frozen=True, slots=True)
class Backtest:
    """All that was foretold and what came of it."""

    forecasts: tuple[Foretold, ...]
    scores: tuple[Score, ...]
    since: date
    until: date
    horizons: tuple[int, ...]
    targets: int  # product-months, the same for every forecaster and horizon
    products: tuple[str, ...]
    not_foretold: int  # product-months in the span that some forecaster could not tell at some horizon
    draws: int
    seed: int

    def score(self, forecaster: str, horizon: int) -> Score:
        """One line of the table. Raises NotFound."""
        for score in self.scores:
            if (score.forecaster, score.horizon) == (forecaster, horizon):
                return score
        raise NotFound(
            f"no score of `{forecaster}` at {horizon} months",
            f"there are {sorted({s.forecaster for s in self.scores})}",
        )

    def by_product(self, forecaster: str, horizon: int) -> dict[str, float]:
        """The WAPE of each product, most sold first: where a forecaster fails."""
        errors: dict[str, float] = {}
        actual: dict[str, int] = {}
        for row in self._of(forecaster, horizon):
            errors[row.product_id] = errors.get(row.product_id, 0.0) + row.error
            actual[row.product_id] = actual.get(row.product_id, 0) + row.actual
        return {p: errors[p] / actual[p] for p in sorted(actual, key=lambda p: (-actual[p], p))}

    def compare(self, forecaster: str, reference: str, horizon: int) -> Comparison:
        """The paired difference between two forecasters on the same targets."""
        ours = self._of(forecaster, horizon)
        theirs = self._of(reference, horizon)
        actual = np.array([row.actual for row in ours], dtype=np.float64)
        told = {}
        for what in ("error", "crps"):
            gap = np.array([getattr(a, what) - getattr(b, what) for a, b in zip(ours, theirs, strict=True)])
            told[what] = (
                float(gap.sum() / actual.sum()),
                self._bootstrap([row.month for row in ours], gap, actual, "month"),
                self._bootstrap([row.product_id for row in ours], gap, actual, "product"),
            )
        return Comparison(forecaster, reference, horizon, *told["error"], *told["crps"])

    def _of(self, forecaster: str, horizon: int) -> list[Foretold]:
        self.score(forecaster, horizon)
        return [row for row in self.forecasts if (row.forecaster, row.horizon) == (forecaster, horizon)]

    def _bootstrap(self, blocks: Sequence[object], gap: Floats, actual: Floats, name: str) -> Interval:
        """The ratio of sums over whole blocks, drawn with replacement."""
        order = {block: i for i, block in enumerate(dict.fromkeys(blocks))}
        at = np.array([order[block] for block in blocks])
        gaps, actuals = np.bincount(at, weights=gap), np.bincount(at, weights=actual)
        rng = stream(self.seed, f"demand.backtest_bootstrap.{name}")
        drawn = rng.integers(0, len(order), size=(self.draws, len(order)))
        low, median, high = np.quantile(gaps[drawn].sum(axis=1) / actuals[drawn].sum(axis=1), [0.025, 0.5, 0.975])
        return Interval(float(low), float(median), float(high))


def backtest(
    panel: Sequence[MonthlySales],
    forecasters: Sequence[Forecaster],
    *,
    since: date,
    until: date | None = None,
    horizons: Sequence[int] = (1, 3),
    market: Sequence[MonthlySales] = (),
    draws: int = 10_000,
    seed: int = 0,
) -> Backtest:
    """Every forecaster on every month from `since` on, from the origins so many `horizons` before it.

    panel : named products; market : totals of the market, known as late as the panel. `until` : the last target, by
    default the panel's last month. Raises InvalidInput where nothing is foretold by all.
    """
    if not forecasters or len({f.name for f in forecasters}) != len(forecasters):
        raise InvalidInput("forecasters need names of their own", "give at least one, each once")
    if not horizons or min(horizons) < 1 or len(set(horizons)) != len(horizons):
        raise InvalidInput(f"horizons {list(horizons)}", "give different whole months, each at least 1")
    units = history(panel)
    until = until or max((month for _, month in units), default=since)
    targets = sorted((month, product) for product, month in units if since <= month <= until and units[product, month])
    origins = sorted({months_before(month, horizon) for month, _ in targets for horizon in horizons})
    told: dict[tuple[str, int, str, date], Floats] = {}
    scales: dict[tuple[date, str], float] = {}
    for origin in origins:
        known = KnownPanel.until(origin, panel, market)
        if not known.sales:
            continue
        months = [m for h in horizons if since <= (m := months_before(origin, -h)) <= until]
        for product, row in known.sales.items():
            scales[origin, product] = _naive_error(row)
        for forecaster in forecasters:
            for (product, month), quantiles in forecaster.forecast(known, months).items():
                horizon = (month.year - origin.year) * 12 + month.month - origin.month
                told[forecaster.name, horizon, product, month] = quantiles
    rows: list[Foretold] = []
    missed = 0
    for month, product in targets:
        found = [
            (forecaster.name, horizon, told.get((forecaster.name, horizon, product, month)))
            for forecaster in forecasters
            for horizon in horizons
        ]
        if any(q is None for _, _, q in found):
            missed += 1
            continue
        rows += [
            Foretold(
                name, product, month, horizon, tuple(map(float, quantiles)), units[product, month],
                scales[months_before(month, horizon), product],
            )
            for name, horizon, quantiles in found if quantiles is not None
        ]  # fmt: skip
    if not rows:
        raise InvalidInput(
            f"no month from {since:%Y-%m} to {until:%Y-%m} is foretold by every forecaster at {list(horizons)} months",
            "give a longer panel, a later `since` or fewer forecasters",
        )
    counted = len(rows) // (len(forecasters) * len(horizons))
    return Backtest(
        forecasts=tuple(rows),
        scores=tuple(_score(rows, forecaster.name, horizon) for horizon in horizons for forecaster in forecasters),
        since=since,
        until=until,
        horizons=tuple(horizons),
        targets=counted,
        products=tuple(sorted({row.product_id for row in rows})),
        not_foretold=missed,
        draws=draws,
        seed=seed,
    )


def _naive_error(row: Mapping[date, int]) -> float:
    """The mean |change| between months that follow each other; 0 where no two do."""
    changes = [abs(units - row[before]) for m, units in row.items() if (before := months_before(m, 1)) in row]
    return sum(changes) / len(changes) if changes else 0.0


def _score(rows: Sequence[Foretold], forecaster: str, horizon: int) -> Score:
    own = [row for row in rows if (row.forecaster, row.horizon) == (forecaster, horizon)]
    actual = sum(row.actual for row in own)
    scaled = [row.error / row.naive_error for row in own if row.naive_error > 0]
    return Score(
        forecaster=forecaster,
        horizon=horizon,
        wape=sum(row.error for row in own) / actual,
        mase=sum(scaled) / len(scaled) if scaled else float("nan"),
        crps=sum(row.crps for row in own) / actual,
        covered_80=sum(row.within(_EIGHTY) for row in own) / len(own),
        covered_95=sum(row.within(_NINETY_FIVE) for row in own) / len(own),
        width_80=sum(row.quantiles[_EIGHTY[1]] - row.quantiles[_EIGHTY[0]] for row in own) / actual,
    )
