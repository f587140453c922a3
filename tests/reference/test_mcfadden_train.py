"""McFadden and Train (2000), Journal of Applied Econometrics 15(5):447-470, refitted: the multinomial logit.

4,654 Californians chose one of six vehicles, electric ones among them. The paper prints a log-likelihood of
-7391.830. Coefficients and standard errors below are those to which three packages agree; in the file as it circulates
the fuel labels electric and methanol are swapped, which costs 2.8 of log-likelihood.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pullcord.choice import Fit, Logit, load_dataset

PUBLISHED = {
    "price": (-0.1854, 0.0273),
    "range/100": (0.3501, 0.0268),
    "acc/10": (-0.7160, 0.1106),
    "speed/100": (0.2612, 0.0809),
    "pollution": (-0.4441, 0.1017),
    "size/10": (0.9345, 0.3165),
    "hsg2:size=3": (0.1432, 0.0773),
    "space": (0.5009, 0.1910),
    "cost/10": (-0.7679, 0.0758),
    "station": (0.4133, 0.0962),
    "type=sportuv": (0.8201, 0.1407),
    "type=sportcar": (0.6370, 0.1482),
    "type=stwagon": (-1.4367, 0.0621),
    "type=truck": (-1.0168, 0.0490),
    "type=van": (-0.7989, 0.0474),
    "fuel=electric": (-0.1786, 0.1717),
    "coml5:fuel=electric": (0.1983, 0.0835),
    "college:fuel=electric": (0.4426, 0.1091),
    "fuel=cng": (0.3450, 0.0922),
    "fuel=methanol": (0.3134, 0.1027),
    "college:fuel=methanol": (0.2284, 0.0887),
}
MODEL = Logit(" + ".join(PUBLISHED))


@pytest.fixture(scope="module")
def fit(data_dir: Path) -> Fit:
    return MODEL.fit(load_dataset("mcfadden-train", data_dir))


def test_the_fit_ends_where_the_paper_ends(fit: Fit) -> None:
    assert fit.convergence.converged
    assert fit.log_likelihood == pytest.approx(-7391.830048, abs=1e-6)
    assert fit.null_log_likelihood == pytest.approx(-8338.8486, abs=5e-5)
    assert (fit.situations, fit.parameters) == (4_654, 21)


@pytest.mark.parametrize("name", PUBLISHED)
def test_all_coefficients_and_their_errors(fit: Fit, name: str) -> None:
    at = fit.index(name)
    assert (fit.estimates[at], fit.standard_errors()[at]) == pytest.approx(PUBLISHED[name], abs=6e-5)


def test_with_labels_as_shipped_it_ends_lower(data_dir: Path) -> None:
    swapped = MODEL.fit(load_dataset("mcfadden-train", data_dir, as_shipped=True))
    assert swapped.log_likelihood == pytest.approx(-7394.6247, abs=5e-5)
