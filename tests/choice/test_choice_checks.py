"""What data cannot tell is found before a fit, named with its coefficients, and nothing sound is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import InvalidInput, stream
from pullcord.choice import DATASETS, ChoiceData, Logit, load_dataset
from pullcord.choice.checks.data_report import data_report
from pullcord.choice.checks.findings import Finding, check_choices, refuse_unidentified
from pullcord.choice.checks.separation import separating_direction


def market(situations: int = 400, alternatives: int = 4, seed: int = 1, **columns: Any) -> ChoiceData:
    """Choices by plain logit from two attributes, with more columns of the caller's own."""
    rng = stream(seed, "test.choice.checks")
    rows = situations * alternatives
    price, size = rng.normal(size=rows), rng.normal(size=rows)
    utility = (-price + 0.5 * size + rng.gumbel(size=rows)).reshape(situations, alternatives)
    chosen = np.zeros((situations, alternatives))
    chosen[np.arange(situations), utility.argmax(axis=1)] = 1
    given = {"price": price, "size": size}
    for name, make in columns.items():
        given[name] = make(price=price, size=size, chosen=chosen.ravel(), rng=rng)
    return ChoiceData(
        name="market",
        column_names=tuple(given),
        alternatives=tuple("ABCDEFGH"[:alternatives]),
        columns=np.column_stack(list(given.values())),
        alternative=np.tile(np.arange(alternatives), situations),
        chosen=chosen.ravel(),
        situation_start=np.arange(situations + 1) * alternatives,
        person_start=np.arange(situations + 1),
        weight=np.ones(situations),
        person_ids=tuple(map(str, range(situations))),
    )


def found(data: ChoiceData, utility: str, **how: Any) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(f.severity, f.kind, f.terms) for f in check_choices(data, utility, **how)]


@pytest.mark.parametrize("name", [name for name, dataset in DATASETS.items() if dataset.sha256])
def test_published_specifications_are_sound(name: str, data_dir: Path) -> None:
    data = load_dataset(name, data_dir)
    assert not [f for f in check_choices(data, DATASETS[name].formula, thorough=True) if f.severity == "refuse"]


def test_sound_data_have_no_findings() -> None:
    assert check_choices(market(), "price + size + asc", thorough=True) == ()


def test_an_attribute_of_the_person_alone_is_refused() -> None:
    data = market(income=lambda rng, price, **_: np.repeat(30_000 + 1e4 * rng.normal(size=400), 4))
    (finding,) = check_choices(data, "price + income")
    assert str(finding) == (
        "refuse: `income` is the same for all alternatives of every choice; "
        "multiply it with something that differs, as in `income:price`, or leave it out"
    )
    assert finding.redundant == "income"
    assert found(data, "price + income/10000@B + income/10000@C") == []


def test_a_term_of_one_value_is_refused() -> None:
    data = market(doors=lambda rng, price, **_: np.full(len(price), 5.0))
    assert found(data, "doors + price") == [("refuse", "no_variation", ("doors",))]


def test_a_combination_is_named_with_its_coefficients() -> None:
    data = market(
        cost=lambda price, size, **_: 2 * price - 0.5 * size + 7,
        noise=lambda rng, price, **_: rng.normal(size=len(price)),
    )
    (finding,) = check_choices(data, "price + noise + size + cost")
    assert finding.terms == ("cost", "price", "size")  # not noise: the smallest set
    assert finding.words == "`cost` moves as 2 `price` - 0.5 `size` within every choice set"
    assert finding.way_out.startswith("leave one of `cost`, `price`, `size` out")
    assert finding.redundant == "cost"


def test_what_differs_between_situations_only_does_not_hide_a_copy() -> None:
    data = market(gross=lambda rng, price, **_: 3 * price + np.repeat(1e6 * rng.normal(size=400), 4))
    (finding,) = check_choices(data, "price + gross")
    assert finding.words == "`gross` moves as 3 `price` within every choice set"


def test_all_levels_and_all_constants_are_one_too_many() -> None:
    def level(code: int) -> Any:
        return lambda rng, price, **_: (np.arange(len(price)) * 7 % 3 == code).astype(float)

    data = market(**{"fuel=a": level(0), "fuel=b": level(1), "fuel=c": level(2)})
    (finding,) = check_choices(data, "price + fuel=a + fuel=b + fuel=c")
    assert finding.words == "`fuel=c` moves as - `fuel=a` - `fuel=b` within every choice set"
    (finding,) = check_choices(data, "asc + 1@A + price")
    assert set(finding.terms) == {"1@A", "1@B", "1@C", "1@D"}


def test_near_copies_are_warned_of() -> None:
    data = market(msrp=lambda rng, price, **_: price + 1e-3 * rng.normal(size=len(price)))
    (finding,) = check_choices(data, "price + msrp")
    assert (finding.severity, finding.kind) == ("warn", "nearly_collinear")
    assert re.fullmatch(
        r"`msrp` moves as [\d.]* ?`price` within every choice set, almost: only 1e-06 .*", finding.words
    )
    assert finding.terms == ("msrp", "price")


def test_an_alternative_that_nobody_chose_has_no_constant() -> None:
    data = market()
    chosen = np.where(data.alternative == 2, 0.0, data.chosen)
    kept = np.repeat(np.add.reduceat(chosen, data.situation_start[:-1]) > 0, 4)
    rows = np.flatnonzero(kept)
    data = ChoiceData(
        "market", data.column_names, data.alternatives, data.columns[rows], data.alternative[rows], chosen[rows],
        np.arange(len(rows) // 4 + 1) * 4, np.arange(len(rows) // 4 + 1), np.ones(len(rows) // 4),
        tuple(map(str, range(len(rows) // 4))),
    )  # fmt: skip
    (finding,) = check_choices(data, "price + asc")
    assert (finding.kind, finding.terms) == ("separated", ("1@C",))
    assert finding.words.startswith(f"nobody chose where `1@C` holds, though {len(rows) // 4} could have")
    assert "fall without end" in finding.words


def test_a_term_that_tells_every_choice_is_refused() -> None:
    data = market(clicks=lambda rng, chosen, **_: chosen * rng.uniform(1, 2, size=len(chosen)))
    (finding,) = check_choices(data, "price + clicks")
    assert "always has the highest `clicks`" in finding.words
    assert finding.severity == "refuse"


def test_separation_by_terms_together_is_found_when_asked_for() -> None:
    # u tells the choice, but enters as u + z and z: neither term alone does.
    data = market(
        z=lambda rng, price, **_: rng.normal(size=len(price)) * 3,
        u=lambda rng, chosen, **_: chosen + 0.01 * rng.uniform(size=len(chosen)),
    )
    data = data.with_columns(v=data.column("u") + data.column("z"))
    assert found(data, "price + v + z") == []
    (finding,) = check_choices(data, "price + v + z", thorough=True)
    assert finding.kind == "separated"
    assert set(finding.terms) == {"v", "z"}
    assert re.search(r"`v` - [\d.]+ `z` of its choice set", finding.words)
    fit = Logit("price + v + z").fit(data, check=False)
    assert fit.unidentified or not fit.convergence.converged


def test_few_choices_and_thin_terms_are_warned_of() -> None:
    def rare(rng: np.random.Generator, price: np.ndarray, chosen: np.ndarray, **_: Any) -> np.ndarray:
        values = np.zeros(len(price))
        values[:24] = rng.normal(size=24)
        return values

    data = market(rare=rare)
    (finding,) = check_choices(data, "price + rare")
    assert (finding.severity, finding.kind) == ("warn", "thin")
    assert "`rare` varies in 6 of 400 choices only" in finding.words
    few = market(situations=15)
    assert found(few, "price + size") == [("warn", "few_choices", ())]


def test_a_unit_that_hides_a_coefficient_is_named_with_a_better_one() -> None:
    data = market(yuan=lambda rng, price, **_: 80_000 + 20_000 * rng.normal(size=len(price)))
    (finding,) = check_choices(data, "size + yuan")
    assert (finding.severity, finding.kind) == ("warn", "badly_scaled")
    assert finding.way_out == "write `yuan/100000`"
    assert found(data, "size + yuan/100000") == []
    data = market(share=lambda rng, price, **_: 1e-6 * rng.normal(size=len(price)))
    assert check_choices(data, "share")[0].way_out == "write `share/0.000001`"


def test_what_has_no_weight_or_no_choice_tells_nothing() -> None:
    data = market(late=lambda rng, price, **_: np.where(np.arange(len(price)) < 200, rng.normal(size=len(price)), 0))
    weight = np.ones(400)
    weight[:50] = 0
    silent = ChoiceData(
        "silent", data.column_names, data.alternatives, data.columns, data.alternative, data.chosen,
        data.situation_start, data.person_start, weight, data.person_ids,
    )  # fmt: skip
    assert found(data, "price + late") == []
    assert found(silent, "price + late") == [("refuse", "no_variation", ("late",))]


def test_everything_that_is_refused_is_told_at_once() -> None:
    data = market(income=lambda rng, price, **_: np.repeat(rng.normal(size=400), 4), twin=lambda price, **_: -price)
    findings = check_choices(data, "price + income + twin")
    with pytest.raises(InvalidInput, match="2 things that the data cannot tell") as refused:
        refuse_unidentified(findings)
    assert [problem.file for problem in refused.value.problems] == ["market", "market"]
    assert "`twin` moves as - `price`" in refused.value.message
    with pytest.raises(InvalidInput, match="`income` is the same"):
        refuse_unidentified(findings[:1])
    refuse_unidentified([Finding("warn", "thin", ("x",), "words", "way out")])
    refuse_unidentified([])


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), terms=st.integers(1, 5), alternatives=st.integers(2, 5))
def test_a_direction_is_found_exactly_where_choices_follow_one(seed: int, terms: int, alternatives: int) -> None:
    rng = stream(seed, "test.choice.separation")
    situations = 60 * terms
    x = rng.normal(size=(situations * alternatives, terms))
    taste = rng.normal(size=terms)
    utility = (x @ taste).reshape(situations, alternatives)
    noise = rng.gumbel(size=utility.shape)
    for separated, said in ((True, utility), (False, 0.3 * utility + noise)):
        chosen = np.zeros_like(utility)
        chosen[np.arange(situations), said.argmax(axis=1)] = 1
        data = ChoiceData(
            "x", tuple(f"x{k}" for k in range(terms)), tuple("abcde"[:alternatives]), x.copy(),
            np.tile(np.arange(alternatives), situations), chosen.ravel(), np.arange(situations + 1) * alternatives,
            np.arange(situations + 1), np.ones(situations), tuple(map(str, range(situations))),
        )  # fmt: skip
        direction = separating_direction(data, x)
        if separated:
            assert direction is not None
            ranked = (x @ direction).reshape(situations, alternatives)
            assert np.all(ranked[chosen == 1] >= ranked.max(axis=1) - 1e-5)
        else:
            assert direction is None


def test_a_report_says_who_chose_what() -> None:
    data = ChoiceData(
        name="cars", column_names=("price", "range", "income"), alternatives=("A", "B", "C"),
        columns=np.array([[10, 100, 5], [12, 90, 5], [9, 80, 7], [9, 120, 7], [11, 50, 7.0]]),
        alternative=np.array([0, 1, 0, 1, 2]), chosen=np.array([1.0, 0, 1, 0, 0]),
        situation_start=np.array([0, 2, 5]), person_start=np.array([0, 1, 2]), weight=np.array([1.0, 3.0]),
        person_ids=("x", "y"),
    )  # fmt: skip
    report = data_report(data, better={"price": "less", "range": "more"})
    assert [(a.name, a.offered, a.chosen, a.share, a.share_on_offer) for a in report.alternatives[:2]] == [
        ("A", 4, 4, 1, 1),
        ("B", 4, 0, 0, 0),
    ]
    assert report.set_sizes == {2: 1, 3: 1}
    assert report.panel_lengths == {1: 2}
    ranges = {a.name: a for a in report.attributes}
    assert (ranges["price"].lowest, ranges["price"].highest, ranges["price"].varies) == (9, 12, 1)
    assert (ranges["income"].varies, ranges["income"].deviation_within) == (0, 0)
    assert report.dominated is not None
    assert (report.dominated.choices, report.dominated.share) == (3, 0.75)  # y's A costs as much as B, with less range
    assert "income: 5 to 7, mean 6.2, the same for all alternatives" in report.lines()
    assert report.lines()[-1] == "dominated by less price, more range: 3 choices (75.0%)"
    with pytest.raises(InvalidInput, match="`price` is better when `lower`"):
        data_report(data, better={"price": "lower"})  # type: ignore[dict-item]
