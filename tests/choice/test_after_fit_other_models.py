"""What is done after a fit, done after fits that are no plain logit."""

from __future__ import annotations

import json

import numpy as np
import pytest
from car_choosers import choosers

from pullcord.base import InvalidInput, NotFound
from pullcord.choice import (
    Change,
    Fit,
    LatentClass,
    Logit,
    NestedLogit,
    as_json,
    bootstrap,
    compare,
    elasticities,
    fit_table,
    likelihood_ratio_test,
    simulate_market,
    validate,
    willingness_to_pay,
)

DATA = choosers(200, 4, labelled=True, spread=0.6)
UTILITY = "price + range_km/100 + fast + asc"


@pytest.fixture(scope="module")
def logit() -> Fit:
    return Logit(UTILITY).fit(DATA)


@pytest.fixture(scope="module")
def nested() -> Fit:
    return NestedLogit(UTILITY, nests={"oil": ("petrol", "hybrid")}).fit(DATA)


@pytest.fixture(scope="module")
def classes() -> Fit:
    return LatentClass("price + range_km/100 + fast", classes=2, starts=2).fit(DATA, seed=4)


def test_nests_show_beside_the_logit(logit: Fit, nested: Fit) -> None:
    printed = str(nested)
    assert "Dissimilarity of nests, z against 1" in printed
    row = next(line for line in printed.splitlines() if line.startswith("lambda(oil)")).split()
    error = nested.standard_errors("clustered")[-1]
    assert float(row[3]) == pytest.approx((nested["lambda(oil)"] - 1) / error, abs=6e-3)
    assert "lambda(oil)" in fit_table([logit, nested])
    assert likelihood_ratio_test(logit, nested).degrees == 1
    held = [validate(fit.model, DATA, folds=2) for fit in (logit, nested)]
    assert len(str(compare([logit, nested], held)).splitlines()) > 6


def test_a_nest_s_own_compete_hardest(nested: Fit) -> None:
    found = elasticities(nested, DATA, "price", draws=20)
    assert found.method == "recomputed"
    ratio = found.of("hybrid", "petrol") / found.of("electric", "petrol")
    assert (ratio > 1) == (nested["lambda(oil)"] < 1)
    np.testing.assert_allclose(found.share @ found.values, 0, atol=1e-5)
    assert np.all(found.lower < found.upper)


def test_nests_have_shares_and_surplus(nested: Fit) -> None:
    cheaper = [Change("price", plus=-0.1, alternative="petrol")]
    found = simulate_market(nested, DATA, cheaper, price="price", draws=40)
    before, after = found.share("petrol")
    assert sum(held.estimate for held in found["everyone"].after) == pytest.approx(1)
    # Hotelling: a small price cut is worth the cut times the share that gains from it, between before and after.
    worth = found["everyone"].surplus
    assert worth.estimate == pytest.approx(0.1 * (before.estimate + after.estimate) / 2, rel=1e-3)
    assert worth.lower < worth.estimate < worth.upper
    one = simulate_market(nested, DATA, [Change("price", plus=-0.3)], price="price", draws=5)
    assert one["everyone"].surplus.estimate == pytest.approx(0.3)


def test_classes_have_no_surplus_here(classes: Fit) -> None:
    with pytest.raises(InvalidInput, match="surplus"):
        simulate_market(classes, DATA, [Change("price", times=0.9)], price="price", draws=2)


def test_each_class_pays_by_its_own_price(classes: Fit) -> None:
    table = willingness_to_pay(classes, over=["range_km/100"])
    for number in (1, 2):
        name = f"class {number}: range_km/100"
        price = classes[f"class {number}: price"]
        assert table[name].estimate == pytest.approx(-classes[name] / price)
    assert len(willingness_to_pay(classes).rows) == 4
    assert len(willingness_to_pay(classes, "class 2: price").rows) == 2
    with pytest.raises(NotFound):
        willingness_to_pay(classes, "cost")


def test_classes_stand_under_their_headings(logit: Fit, classes: Fit) -> None:
    lines = str(classes).splitlines()
    assert [line for line in lines if line.startswith(("Class ", "Membership"))] == [
        "Class 1",
        "Class 2",
        "Membership of class 2",
    ]
    small = Logit("price + range_km/100 + fast").fit(DATA)
    assert any("further class" in note for note in likelihood_ratio_test(small, classes).notes)
    json.dumps(as_json(classes), allow_nan=False)
    assert classes.default_covariance == "classical"  # it knows which choices are one person's


def test_a_bootstrap_keeps_classes_apart(classes: Fit) -> None:
    found = bootstrap(classes.model, DATA, replications=12, seed=4)
    assert len(found.replicates) + found.failed == 12
    slower, faster = (found.replicates[:, classes.index(f"class {c}: range_km/100")] for c in (1, 2))
    first, second = (classes[f"class {c}: range_km/100"] for c in (1, 2))
    assert np.mean((slower < faster) == (first < second)) > 0.7
