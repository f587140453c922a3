"""Mixed logits on public data, as xlogit fits them: the same data, draws and optimum.

Electricity: 361 households with up to 12 choices among four suppliers (Huber and Train 2001); six normal tastes, panel,
600 Halton draws without the first 100: log-likelihood -3888.465 and the coefficients of xlogit's documentation.

Cars: McFadden and Train (2000), Journal of Applied Econometrics 15(5); normal tastes for size, luggage space, electric
and compressed natural gas. The paper's own 250 pseudo-random draws give -7375.343, within simulation noise; xlogit
0.2.7 with 500 Halton draws -7368.691779, with 1,000 -7368.878586.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pullcord.choice import DATASETS, MixedLogit, load_dataset

SUPPLIERS = {
    "pf": (-0.9972, 0.2207),
    "cl": (-0.2197, 0.4116),
    "loc": (2.2902, 1.7840),
    "wk": (1.6943, 1.2296),
    "tod": (-9.6752, 2.2757),
    "seas": (-9.6962, 1.4862),
}
CARS = dict.fromkeys(("size/10", "space", "fuel=electric", "fuel=cng"), "normal")


def test_electricity_suppliers(data_dir: Path) -> None:
    data = load_dataset("electricity", data_dir)
    model = MixedLogit(" + ".join(SUPPLIERS), mixing=dict.fromkeys(SUPPLIERS, "normal"), draws=600)
    fit = model.fit(data)
    assert fit.convergence.converged
    assert fit.log_likelihood == pytest.approx(-3888.465, abs=1e-3)
    for name, (mean, sd) in SUPPLIERS.items():
        assert fit[name] == pytest.approx(mean, abs=2e-4)
        assert fit[f"sd {name}"] == pytest.approx(sd, abs=2e-4)
    assert np.all(np.linalg.eigvalsh(fit.information) > 0)


@pytest.mark.parametrize(("draws", "log_likelihood"), [(500, -7368.691779), (1000, -7368.878586)])
def test_cars_of_mcfadden_and_train(data_dir: Path, draws: int, log_likelihood: float) -> None:
    data = load_dataset("mcfadden-train", data_dir)
    fit = MixedLogit(DATASETS["mcfadden-train"].formula, mixing=CARS, draws=draws).fit(data)
    assert fit.convergence.converged
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=1e-5)
    for name, sd in {"size/10": 8.12, "space": 4.27, "fuel=electric": 2.74, "fuel=cng": 1.62}.items():
        # 2,048 scrambled Sobol draws gave these; halton draws come as near as the standard error allows.
        at = fit.index(f"sd {name}")
        assert abs(fit[f"sd {name}"] - sd) < 0.2 * fit.standard_errors()[at]


def test_worth_and_taste_tell_the_same_of_electricity(data_dir: Path) -> None:
    data = load_dataset("electricity", data_dir)
    mixing = {"cl": "normal", "loc": "normal"}
    by_taste = MixedLogit(" + ".join(SUPPLIERS), mixing=mixing, draws=200).fit(data)
    by_worth = MixedLogit(" + ".join(SUPPLIERS), mixing=mixing, draws=200, space="wtp", price="pf").fit(data)
    assert by_worth.log_likelihood == pytest.approx(by_taste.log_likelihood, abs=1e-5)
    assert by_worth["loc"] == pytest.approx(-by_taste["loc"] / by_taste["pf"], rel=1e-4)
