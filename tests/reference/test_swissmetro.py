"""Swissmetro, refitted: Bierlaire, Axhausen and Abay (2001), 1st Swiss Transport Research Conference, Ascona.

752 travellers chose nine times each between train, car and a train that was never built; 6,768 choices are left when
purposes other than commuting and business are set aside, as Biogeme's examples do. The expected figures are those
that Biogeme's repository keeps of its examples b01logit and b09nested.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pullcord.choice import ChoiceData, Logit, NestedLogit, dissimilarities, load_dataset

UTILITY = "1@TRAIN + TT/100 + CO/100 + 1@CAR"


@pytest.fixture(scope="module")
def swissmetro(data_dir: Path) -> ChoiceData:
    return load_dataset("swissmetro", data_dir)


def test_the_choices_are_those_of_the_examples(swissmetro: ChoiceData) -> None:
    assert (swissmetro.situations, swissmetro.persons) == (6_768, 752)
    assert swissmetro.rows < 3 * 6_768  # some travellers have no car


def test_the_logit_ends_where_biogeme_ends(swissmetro: ChoiceData) -> None:
    fit = Logit(UTILITY).fit(swissmetro)
    assert fit.convergence.converged
    assert fit.log_likelihood == pytest.approx(-5331.252007, abs=1e-6)
    expected = {"1@TRAIN": -0.7012, "TT/100": -1.2779, "CO/100": -1.0838, "1@CAR": -0.1546}
    assert dict(fit.as_mapping()) == pytest.approx(expected, abs=6e-5)


def test_the_nested_logit_ends_where_biogeme_ends(swissmetro: ChoiceData) -> None:
    """Train and car exist, Swissmetro does not; Biogeme's mu is one over our dissimilarity."""
    model = NestedLogit(UTILITY, nests={"existing": ("TRAIN", "CAR")})
    fit = model.fit(swissmetro)
    assert fit.convergence.converged
    assert fit.log_likelihood == pytest.approx(-5236.900015, abs=1e-5)
    assert 1 / fit["lambda(existing)"] == pytest.approx(2.0539, abs=3e-4)
    (nest,) = dissimilarities(fit)
    assert nest.t_against_one == pytest.approx((nest.estimate - 1) / fit.standard_errors("clustered")[4])
    assert any("6.5 standard errors below 1" in note for note in fit.notes)
    # Both ends of the search are the same, and the logit is the nested logit with a dissimilarity of 1.
    assert not any("two places" in note for note in fit.notes)
    logit = Logit(UTILITY).fit(swissmetro)
    same = model.log_likelihoods(np.append(logit.estimates, 1.0), swissmetro)
    np.testing.assert_allclose(same, Logit(UTILITY).log_likelihoods(logit.estimates, swissmetro), atol=1e-9)


def test_a_nest_that_does_not_suit_says_so(swissmetro: ChoiceData) -> None:
    """Train and Swissmetro, the public ones, compete less with each other than with the car."""
    fit = NestedLogit(UTILITY, nests={"public": ("TRAIN", "SM")}).fit(swissmetro)
    assert fit.convergence.converged
    assert fit["lambda(public)"] > 1
    assert any("above 1: consistent with utility maximisation for some values" in note for note in fit.notes)


def test_persons_repeat_themselves(swissmetro: ChoiceData) -> None:
    """Nine choices of one person are not nine persons' choices: clustered errors are much larger."""
    fit = Logit(UTILITY).fit(swissmetro)
    ratio = fit.standard_errors("clustered") / fit.standard_errors("robust")
    assert np.all(ratio > 1.3)


def test_electricity_ends_where_xlogit_and_mlogit_end(data_dir: Path) -> None:
    """361 households, four suppliers; the logit's log-likelihood of the documentation of xlogit: -4958.649."""
    data = load_dataset("electricity", data_dir)
    fit = Logit("pf + cl + loc + wk + tod + seas").fit(data)
    assert (data.situations, data.persons) == (4_308, 361)
    assert fit.log_likelihood == pytest.approx(-4958.649, abs=6e-4)
