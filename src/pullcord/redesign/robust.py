"""The line that stands the draws of what is not known, and what it gives away in each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pullcord import offers
from pullcord.base import InvalidInput
from pullcord.offers import Objective

from .answer import Regret
from .ground import Draws, Ground, Line

Floats = NDArray[np.float64]
SOLVED = 24  # draws in which the best line is sought; all draws judge the lines found


def most_robust(
    ground: Ground, drawn: Draws, middle: Line, objective: Objective, floor: float, quantile: float
) -> tuple[Line, Regret]:
    """Of the lines that are best in some draw, today's, and the one best at the middle: the best over all draws.

    Judged by the mean over the draws (`quantile` 0.5 or above), or by that quantile. A line that misses the profit
    floor at the middle of what is believed is not taken; nor does the best line of a draw miss it in that draw.
    """
    best_of: list[float] = []
    lines: list[Line] = list(dict.fromkeys([middle, ground.today]))
    solved = range(min(SOLVED, len(drawn.share)))
    for d in solved:
        given = ground.candidates(share=float(drawn.share[d]), price_taste=float(drawn.price_taste[d]))
        try:
            found = offers.best_line(given, objective, profit_floor=floor, gap_max=1e-4)
        except InvalidInput:  # nothing earns the floor in this draw
            best_of.append(float("nan"))
            continue
        best_of.append(found.bound)
        if found.chosen and found.chosen not in lines:
            lines.append(found.chosen)
    scores = []
    for line in lines:
        told = ground.over_draws(drawn, line)
        values = _of(told, objective)
        score = float(values.mean()) if quantile >= 0.5 else float(np.quantile(values, quantile))
        reaches = line == middle or offers.line_worth(ground.candidates(), line).profit >= floor
        scores.append((reaches, score))
    at = max(range(len(lines)), key=lambda k: (*scores[k], -k))
    chosen = lines[at]
    values = _of(ground.over_draws(drawn, chosen), objective)
    best = np.array(best_of)
    fine = np.isfinite(best)
    lost = np.maximum(best[fine] - values[: len(best)][fine], 0.0)
    size = np.maximum(np.abs(best[fine]), 1e-12)
    criterion = "the mean" if quantile >= 0.5 else f"the {quantile:.0%} quantile"
    return chosen, Regret(
        criterion=f"{criterion} of {objective.value} over {len(drawn.share)} draws, among {len(lines)} lines",
        draws=int(fine.sum()),
        value=scores[at][1],
        mean=float(values[: len(best)][fine].mean()) if fine.any() else 0.0,
        mean_bound=float(best[fine].mean()) if fine.any() else 0.0,
        stays_best=float((lost <= 1e-3 * size).mean()) if fine.any() else 0.0,
        regret_mean=float(lost.mean()) if fine.any() else 0.0,
        regret_95=float(np.quantile(lost, 0.95)) if fine.any() else 0.0,
    )


def _of(told: offers.LineWorth | object, objective: Objective) -> Floats:
    return np.asarray(getattr(told, objective.value), dtype=np.float64)
