"""What a cross-section of best sellers can tell about price: measured, so that nobody builds on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pullcord.base import InvalidInput

from .model import Rival


@dataclass(frozen=True, slots=True)
class CrossSection:
    """The slope of ln(sales) on price over rivals, by least squares, with its classical standard error.

    `slope` is per `price_step` of the currency; `warning` says in words what that is worth.
    """

    slope: float
    standard_error: float
    price_step: float
    controls: tuple[str, ...]
    n: int
    r_squared: float
    warning: str


def cross_section_price_slope(
    rivals: Sequence[Rival],
    units_per_month: Mapping[str, float],
    *,
    controls: Sequence[str] = ("range_km", "wheelbase_mm"),
    price_step: float = 10_000.0,
) -> CrossSection:
    """Least squares of ln(units a month) on price and controls, over the rivals that have all of them.

    A price effect near -0.05 per 10,000 yuan, such as stated choices give, cannot be told from zero or from ten times
    as much when the standard error is several times its size.
    """
    used = [
        rival
        for rival in rivals
        if units_per_month.get(rival.product_id, 0) > 0 and all(rival.attribute(c) is not None for c in controls)
    ]
    n, k = len(used), 2 + len(controls)
    if n <= k:
        raise InvalidInput(
            f"{n} rivals have price, sales and {', '.join(controls) or 'no controls'}; {k} coefficients need more",
            "give more rivals or fewer controls",
        )
    x = np.ones((n, k))
    for i, rival in enumerate(used):
        x[i, 1] = float(rival.price.major) / price_step
        for j, control in enumerate(controls):
            x[i, 2 + j] = rival.attribute(control) or 0.0
    # Scaled columns keep the normal equations well conditioned; the price column keeps its unit.
    x[:, 2:] /= np.maximum(np.abs(x[:, 2:]).max(axis=0), 1.0)
    y = np.log([units_per_month[rival.product_id] for rival in used])
    beta, _, rank, _ = np.linalg.lstsq(x, y, rcond=None)
    if rank < k:
        raise InvalidInput("price and the controls cannot be told apart over these rivals", "use fewer controls")
    residual = y - x @ beta
    squares = float(residual @ residual)
    covariance = squares / (n - k) * np.linalg.inv(x.T @ x)
    slope, error = float(beta[1]), float(np.sqrt(covariance[1, 1]))
    return CrossSection(
        slope=slope,
        standard_error=error,
        price_step=price_step,
        controls=tuple(controls),
        n=n,
        r_squared=1 - squares / float(((y - y.mean()) ** 2).sum()),
        warning=(
            f"ln(sales) on price over {n} best sellers: {slope:+.2f} ± {error:.2f} per {price_step:,.0f}. A"
            " cross-section of best sellers identifies nothing: only winners are in it, and what makes them win"
            " (quality, brand, shops) is priced in and unseen."
        ),
    )
