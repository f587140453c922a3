"""A fit as a table, beside others, and as JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from car_choosers import choosers

from pullcord.base import InvalidInput
from pullcord.choice import Fit, Logit, as_json, fit_table


@pytest.fixture(scope="module")
def fit() -> Fit:
    return Logit("price + range_km/100 + fast").fit(choosers())


def without(fit: Fit, name: str, note: str) -> Fit:
    """The fit as it were if the data did not tell one parameter."""
    at = fit.index(name)
    estimates, information = fit.estimates.copy(), fit.information.copy()
    estimates[at] = information[at] = information[:, at] = np.nan
    return replace(fit, estimates=estimates, information=information, unidentified=(name,), notes=(note,))


def test_the_table_holds_what_the_fit_holds(fit: Fit) -> None:
    printed = str(fit)
    errors = fit.standard_errors("clustered")
    row = next(line for line in printed.splitlines() if line.startswith("price")).split()
    assert float(row[1]) == pytest.approx(fit["price"], abs=5e-5)
    assert float(row[2]) == pytest.approx(errors[0], abs=5e-5)
    assert float(row[3]) == pytest.approx(fit["price"] / errors[0], abs=5e-3)
    assert row[4:] == ["<0.001", "***"]
    for said in (f"{fit.log_likelihood:,.4f}", f"{fit.bic:,.2f}", "600 choices by 150 persons", "clustered by person"):
        assert said in printed


@pytest.mark.parametrize(
    ("times", "weighted", "kind"),
    [(1, False, "classical"), (1, True, "robust"), (3, False, "clustered"), (3, True, "clustered")],
)
def test_the_default_covariance_suits_the_data(times: int, weighted: bool, kind: str) -> None:
    fit = Logit("price + fast").fit(choosers(80, times, weighted=weighted))
    assert fit.default_covariance == kind
    assert f"Standard errors: {kind}" in " ".join(str(fit).split())


def test_a_panel_model_needs_no_clusters(fit: Fit) -> None:
    assert replace(fit, meat_clustered=fit.meat_robust).default_covariance == "classical"


def test_no_line_is_wider_than_a_page(fit: Fit) -> None:
    long = replace(fit, names=("price of the car including all the taxes and the insurance " * 2, "b", "c"))
    loud = replace(long, notes=("what must be said of it at some length " * 8,))
    for printed in (str(loud), fit_table([loud] * 9)):
        assert max(map(len, printed.splitlines())) <= 100


def test_what_the_data_cannot_tell_is_said(fit: Fit) -> None:
    odd = without(fit, "fast", "`fast` is the same for all alternatives")
    printed = str(odd)
    row = next(line for line in printed.splitlines() if line.startswith("fast"))
    assert "not identified" in row
    assert "nan" not in printed.lower()
    assert "Note: `fast` is the same for all alternatives" in printed
    assert "not identified" in fit_table([fit, odd])


def test_a_search_without_end_is_shouted(fit: Fit) -> None:
    lost = replace(fit, convergence=replace(fit.convergence, converged=False, message="no end after 200 steps"))
    assert "NOT CONVERGED" in str(lost)
    assert "NOT CONVERGED" in fit_table([lost])


def test_side_by_side_every_model_keeps_its_column(fit: Fit) -> None:
    small = Logit("price").fit(choosers())
    lines = fit_table([small, fit], titles=["small", "large"]).splitlines()
    price = next(line for line in lines if line.startswith("price")).split()
    assert [float(cell.rstrip("*")) for cell in price[1:]] == pytest.approx([small["price"], fit["price"]], abs=5e-5)
    fast = next(line for line in lines if line.startswith("fast")).split()
    assert len(fast) == 2  # nothing in the small model's column
    with pytest.raises(InvalidInput):
        fit_table([small, fit], titles=["one"])
    with pytest.raises(InvalidInput):
        fit_table([])


def test_models_that_do_not_fit_beside_each_other_continue_below(fit: Fit) -> None:
    printed = fit_table([fit] * 9)
    assert printed.count("Log-likelihood") > 1
    for number in range(1, 10):
        assert f"({number})" in printed


def test_json_holds_no_number_that_is_none(fit: Fit) -> None:
    odd = without(fit, "fast", "why")
    odd = replace(odd, convergence=replace(odd.convergence, condition=np.inf))
    plain = json.loads(json.dumps(as_json(odd), allow_nan=False))
    assert plain["estimates"]["fast"] is None
    assert plain["standard_errors"]["robust"]["fast"] is None
    assert plain["convergence"]["condition"] is None
    assert set(plain["reasons"]) == {
        "estimates.fast",
        "convergence.condition",
        *(f"standard_errors.{kind}.fast" for kind in ("classical", "robust", "clustered")),
    }
    assert plain["estimates"]["price"] == fit["price"]
    kinds = plain["standard_errors"]
    assert kinds["clustered"]["price"] != kinds["classical"]["price"]
    assert plain["log_likelihood"] == fit.log_likelihood


def test_information_without_an_inverse_leaves_gaps_not_failures(fit: Fit) -> None:
    broken = replace(fit, information=np.zeros_like(fit.information))
    plain = as_json(broken)
    assert set(plain["standard_errors"]["classical"].values()) == {None}
    assert "nan" not in str(broken).lower()
