"""Helveston et al. (2015), Transportation Research Part A 73:96-112, doi 10.1016/j.tra.2015.01.002, refitted.

The study asked 448 car buyers in Beijing, Shanghai, Shenzhen and Chengdu in 2012 to choose among three cars, fifteen
times each. Its plain logit without weights ends at a log-likelihood of -6655.56 from -7382.67, with weights at
-6788.81. From the first come the tastes in `programs/peoples_car/tastes.csv`; this test does the arithmetic again, by
hand and by `Logit`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pullcord import choice
from pullcord.demand import Taste, logit

ROOT = Path(__file__).resolve().parents[2]
ALTERNATIVES = 3
NOT_ATTRIBUTES = ("id", "obsnum", "choice", "weights")

CNY_PER_USD = 6.37  # the survey's own: its prices are 60, 90, 130, 170 and 250 thousand yuan at this rate
PRICES_2025_PER_2012 = 1.22  # consumer prices, World Bank FP.CPI.TOTL.ZG; assumed to carry tastes along
KM_PER_MILE = 1.609344
REAL_KM_PER_CLTC_KM = 0.70  # assumed

# Coefficient and its standard error, as the fit prints them at three to four digits.
PUBLISHED = {
    "hev": (0.2091, 0.0637),
    "phev10": (-0.0034, 0.0682),
    "phev20": (-0.0580, 0.0681),
    "phev40": (0.0754, 0.0677),
    "bev75": (-0.2384, 0.0695),
    "bev100": (-0.3018, 0.0698),
    "bev150": (-0.0751, 0.0685),
    "phevFastcharge": (0.2615, 0.0508),
    "bevFastcharge": (0.1984, 0.0524),
    "price": (-0.0350, 0.0016),
    "opCost": (-0.1033, 0.0066),
    "accelTime": (-0.1723, 0.0074),
    "american": (-0.2729, 0.0496),
    "japanese": (-0.4682, 0.0500),
    "chinese": (-0.2284, 0.0487),
    "skorean": (-0.4675, 0.0499),
}


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    names: list[str]
    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]  # inverse of the information
    clustered: NDArray[np.float64]  # the sandwich over persons
    log_likelihood: float
    log_likelihood_at_zero: float
    prices: NDArray[np.float64]

    def at(self, name: str) -> int:
        return self.names.index(name)


@pytest.fixture(scope="module")
def fit(data_dir: Path) -> Fit:
    """The plain logit on the survey's choices, by Newton's method."""
    text = (data_dir / "choice" / "cars_china.csv").read_text(encoding="utf-8")
    rows = list(csv.reader(text.replace("\r\n", "\n").replace("\r", "\n").splitlines()))  # the file ends lines by CR
    header = rows[0]
    table = np.array(rows[1:], dtype=np.float64)
    names = [name for name in header if name not in NOT_ATTRIBUTES]
    x = table[:, [header.index(name) for name in names]].reshape(-1, ALTERNATIVES, len(names))
    chosen = table[:, header.index("choice")].reshape(-1, ALTERNATIVES)
    person = table[::ALTERNATIVES, header.index("id")]
    assert x.shape == (6_720, ALTERNATIVES, 16)
    np.testing.assert_array_equal(chosen.sum(axis=1), 1)
    # Utility against the third alternative, which then plays the outside good of `logit.shares`.
    difference, picked = x[:, :2] - x[:, 2:], chosen[:, :2]
    beta = np.zeros(len(names))
    for _ in range(30):
        share = logit.shares(difference @ beta)
        scores = np.einsum("nj,njk->nk", picked - share, difference)
        mean = np.einsum("nj,njk->nk", share, difference)
        information = np.einsum("nj,njk,njl->kl", share, difference, difference) - mean.T @ mean
        step = np.linalg.solve(information, scores.sum(axis=0))
        beta = beta + step
        if np.abs(step).max() < 1e-12:
            break
    utility = difference @ beta
    covariance = np.linalg.inv(information)
    by_person = np.zeros((len(np.unique(person)), len(names)))
    np.add.at(by_person, np.searchsorted(np.unique(person), person), scores)
    return Fit(
        names,
        beta,
        covariance,
        covariance @ (by_person.T @ by_person) @ covariance,
        float(((picked * utility).sum(axis=1) - logit.log_sum(utility)).sum()),
        float(-len(x) * np.log(ALTERNATIVES)),
        np.unique(table[:, header.index("price")]),
    )


def test_the_fit_ends_where_the_study_ends(fit: Fit) -> None:
    assert fit.log_likelihood == pytest.approx(-6655.56, abs=0.005)
    assert fit.log_likelihood_at_zero == pytest.approx(-7382.67, abs=0.005)


def test_all_sixteen_coefficients_and_their_errors(fit: Fit) -> None:
    errors = np.sqrt(np.diag(fit.covariance))
    found = {name: (fit.coefficients[i], errors[i]) for i, name in enumerate(fit.names)}
    assert set(found) == set(PUBLISHED)
    for name, expected in PUBLISHED.items():
        assert found[name] == pytest.approx(expected, abs=6e-5), name


@pytest.fixture(scope="module")
def ours(data_dir: Path) -> choice.Fit:
    """The same by `Logit`, from the file as `load_dataset` reads it."""
    return choice.Logit(" + ".join(PUBLISHED)).fit(choice.load_dataset("cars-china", data_dir))


def test_our_logit_is_the_one_by_hand(fit: Fit, ours: choice.Fit) -> None:
    assert ours.convergence.converged
    assert ours.persons == 448
    assert ours.situations == 6_720
    assert ours.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-8)
    assert ours.null_log_likelihood == pytest.approx(fit.log_likelihood_at_zero, abs=1e-8)
    at = [fit.at(name) for name in ours.names]
    np.testing.assert_allclose(ours.estimates, fit.coefficients[at], atol=1e-8)
    np.testing.assert_allclose(ours.covariance(), fit.covariance[np.ix_(at, at)], rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(ours.covariance("clustered"), fit.clustered[np.ix_(at, at)], rtol=1e-6, atol=1e-12)


def test_our_logit_gives_the_published_coefficients(ours: choice.Fit) -> None:
    errors = ours.standard_errors()
    for name, expected in PUBLISHED.items():
        assert (ours[name], errors[ours.index(name)]) == pytest.approx(expected, abs=6e-5), name


def test_with_weights_our_logit_ends_where_the_study_ends(data_dir: Path) -> None:
    """The study prints -6788.8 and -7487.3, a taste for price of -0.033 (0.002): classical errors, which with weights
    do not hold. The fit says so; its clustered errors are 1.6 to 2.9 times as large."""
    data = choice.load_dataset("cars-china-weighted", data_dir)
    fit = choice.Logit(" + ".join(PUBLISHED)).fit(data)
    assert fit.log_likelihood == pytest.approx(-6788.81, abs=0.005)
    assert fit.null_log_likelihood == pytest.approx(-7487.30, abs=0.005)
    price = fit.index("price")
    assert (fit["price"], fit.standard_errors()[price]) == pytest.approx((-0.033, 0.002), abs=5e-4)
    assert fit.weighted
    assert any("classical covariance does not hold" in note for note in fit.notes)
    ratio = fit.standard_errors("clustered") / fit.standard_errors()
    assert (ratio.min(), ratio.max()) == pytest.approx((1.58, 2.88), abs=0.01)


def test_the_surveys_prices_are_round_in_yuan(fit: Fit) -> None:
    """So the rate of exchange is read from the data, not assumed."""
    np.testing.assert_allclose(fit.prices * CNY_PER_USD, [60, 90, 130, 170, 250], atol=0.005)


def shipped() -> dict[str, Taste]:
    with (ROOT / "programs" / "peoples_car" / "tastes.csv").open(encoding="utf-8", newline="") as file:
        tastes = [
            Taste(r["attribute"], r["unit"], float(r["mean"]), float(r["standard_error"]), r["source"], r["mark"])
            for r in csv.DictReader(file)
        ]
    return {taste.attribute: taste for taste in tastes}


def test_the_shipped_price_taste_is_the_refitted_one(fit: Fit) -> None:
    taste = shipped()["price_cny"]
    per_10k_cny = 10 / CNY_PER_USD / PRICES_2025_PER_2012
    assert taste.unit == "10k CNY"
    assert taste.mean == pytest.approx(fit.coefficients[fit.at("price")] * per_10k_cny, abs=5e-6)
    error = np.sqrt(fit.clustered[fit.at("price"), fit.at("price")]) * per_10k_cny
    assert taste.standard_error == pytest.approx(error, abs=5e-6)


def test_the_shipped_range_taste_is_a_line_through_three_dummies(fit: Fit) -> None:
    """Generalised least squares of the dummies on a constant and real range, then per 100 km CLTC."""
    taste = shipped()["range_km"]
    at = [fit.at("bev75"), fit.at("bev100"), fit.at("bev150")]
    line = np.column_stack([np.ones(3), np.array([75, 100, 150]) * KM_PER_MILE / 100])
    inverse = np.linalg.inv(fit.clustered[np.ix_(at, at)])
    covariance = np.linalg.inv(line.T @ inverse @ line)
    gain = covariance @ line.T @ inverse
    coefficients = gain @ fit.coefficients[at]
    misfit = fit.coefficients[at] - line @ coefficients
    assert taste.unit == "100 km"
    assert taste.mean == pytest.approx(coefficients[1] * REAL_KM_PER_CLTC_KM, abs=5e-6)
    assert taste.standard_error == pytest.approx(np.sqrt(covariance[1, 1]) * REAL_KM_PER_CLTC_KM, abs=5e-6)
    assert float(misfit @ inverse @ misfit) == pytest.approx(4.6, abs=0.05)  # the line misfits, and the file says so
    # Price and range may be drawn independently: their correlation is that small.
    price = fit.at("price")
    with_price = float(gain[1] @ fit.clustered[at, price])
    assert abs(with_price / np.sqrt(covariance[1, 1] * fit.clustered[price, price])) < 0.05
