"""The bootstrap: spread, intervals, failures and interruptions."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from car_choosers import choosers

from pullcord.base import InvalidInput, SolverFailure
from pullcord.choice import Bootstrap, ChoiceData, Fit, Logit, bootstrap

MODEL = Logit("price + range_km/100")


@pytest.fixture(scope="module")
def panel() -> Bootstrap:
    """Persons whose tastes differ much, so that their choices hang together."""
    return bootstrap(MODEL, choosers(120, 6, spread=0.6), replications=300, seed=5, bca=True)


def test_the_spread_is_that_of_persons_not_of_choices(panel: Bootstrap) -> None:
    errors = panel.standard_errors()
    np.testing.assert_allclose(errors, panel.fit.standard_errors("clustered"), rtol=0.2)
    at = panel.fit.index("range_km/100")
    assert errors[at] > 1.2 * panel.fit.standard_errors("classical")[at]
    np.testing.assert_allclose(np.sqrt(np.diag(panel.covariance())), errors)


def test_intervals_by_hand(panel: Bootstrap) -> None:
    drawn = panel.replicates[:, 0]
    low, high = np.quantile(drawn, [0.05, 0.95])
    held = panel.interval("price", level=0.9)
    assert (held.lower, held.upper) == (low, high)
    plain = json.loads(json.dumps(panel.as_json("bca"), allow_nan=False))
    assert plain["parameters"]["price"]["lower"] == panel.interval("price", "bca").lower
    basic = panel.interval("price", "basic", 0.9)
    assert (basic.lower, basic.upper) == pytest.approx((2 * held.estimate - high, 2 * held.estimate - low))


def test_bca_without_bias_and_skewness_is_percentile(panel: Bootstrap) -> None:
    median = np.median(panel.replicates, axis=0)
    even = replace(panel, fit=replace(panel.fit, estimates=median), acceleration=np.zeros(2))
    bca, percentile = even.interval("price", "bca"), even.interval("price")
    assert (bca.lower, bca.upper) == pytest.approx((percentile.lower, percentile.upper), abs=1e-6)


def test_bca_leans_to_where_the_estimate_is_less_sure(panel: Bootstrap) -> None:
    at = np.quantile(panel.replicates, 0.5, axis=0)
    leaning = replace(panel, fit=replace(panel.fit, estimates=at), acceleration=np.full(2, 0.1))
    bca, percentile = leaning.interval("price", "bca"), leaning.interval("price")
    assert bca.lower > percentile.lower
    assert bca.upper > percentile.upper
    assert np.all(np.abs(panel.acceleration) < 0.1)
    with pytest.raises(InvalidInput, match="scores"):
        replace(panel, acceleration=None).interval("price", "bca")


def test_the_acceleration_of_a_mean_is_its_skewness() -> None:
    # With one constant and two alternatives the estimate is a function of a share: scores are y - p.
    data = choosers(90, 1)
    wins = data.chosen[::3] + 0.0
    pair = ChoiceData(
        name="pair",
        column_names=("one",),
        alternatives=("yes", "no"),
        columns=np.ones((180, 1)),
        alternative=np.tile([0, 1], 90),
        chosen=np.column_stack([wins, 1 - wins]).ravel(),
        situation_start=np.arange(0, 181, 2),
        person_start=np.arange(91),
        weight=np.ones(90),
        person_ids=data.person_ids,
    )
    found = bootstrap(Logit("1@yes"), pair, replications=2, bca=True)
    scores = wins - wins.mean()
    assert found.acceleration[0] == pytest.approx(np.sum(scores**3) / (6 * np.sum(scores**2) ** 1.5), rel=1e-4)


@dataclass
class Fragile:
    """A logit that fails when it is told to."""

    fails: dict[int, BaseException]
    calls: int = 0
    starts: list[object] = field(default_factory=list)
    title: str = "fragile"
    utility: str = MODEL.utility

    def fit(self, data: ChoiceData, *, seed: int = 0, start: np.ndarray | None = None) -> Fit:
        self.calls += 1
        self.starts.append(start)
        if self.calls - 1 in self.fails:
            raise self.fails[self.calls - 1]
        return MODEL.fit(data, seed=seed, start=start)

    probabilities = staticmethod(MODEL.probabilities)
    log_likelihoods = staticmethod(MODEL.log_likelihoods)


def test_failures_are_counted_and_said() -> None:
    model = Fragile({2: SolverFailure("it broke"), 4: SolverFailure("it broke"), 5: np.linalg.LinAlgError("singular")})
    found = bootstrap(model, choosers(50, 1), replications=8)
    assert (len(found.replicates), found.failed, found.planned) == (5, 3, 8)
    assert found.failures[0] == ("it broke", 2)
    assert "it broke (2)" in str(found)
    assert not found.interrupted


def test_replications_start_from_the_estimates() -> None:
    model = Fragile({})
    found = bootstrap(model, choosers(50, 1), replications=3)
    assert model.starts[0] is None
    for start in model.starts[1:]:
        np.testing.assert_array_equal(start, found.fit.estimates)


def test_ctrl_c_returns_what_is_there() -> None:
    heard = []
    found = bootstrap(
        Fragile({4: KeyboardInterrupt()}),
        choosers(50, 1),
        replications=20,
        progress=lambda done, planned: heard.append((done, planned)),
    )
    assert found.interrupted
    assert len(found.replicates) == 3
    assert heard == [(1, 20), (2, 20), (3, 20)]
    assert "broken off" in str(found)
    whole = bootstrap(MODEL, choosers(50, 1), replications=20)
    np.testing.assert_allclose(found.replicates, whole.replicates[:3], rtol=1e-6)
    with pytest.raises(InvalidInput, match="too few"):
        found.interval("price")


def test_samples_that_do_not_tell_a_parameter_are_left_out() -> None:
    data = choosers(30, 1)
    rare = np.zeros(data.rows)
    rare[:6] = [1, 0, 0, 0, 1, 0]  # only the first two persons ever see it
    found = bootstrap(Logit("price + rare"), data.with_columns(rare=rare), replications=30, seed=1)
    assert found.failed + len(found.replicates) == 30
    assert any("rare" in why for why, _ in found.failures)


def test_counts_are_drawn_choice_by_choice() -> None:
    data = choosers(40, 1)
    counts = replace(data, chosen=np.where(data.chosen == 1, 20.0, 5.0))
    found = bootstrap(MODEL, counts, replications=150, seed=2)
    np.testing.assert_allclose(found.standard_errors(), found.fit.standard_errors("robust"), rtol=0.25)
    with pytest.raises(InvalidInput, match="parts of choices"):
        bootstrap(MODEL, replace(data, chosen=0.5 * data.chosen), replications=2)
