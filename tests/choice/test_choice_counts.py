"""Events compressed to counts give what the events give, cell by cell, and no event is lost in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import InvalidInput, NotFound, stream
from pullcord.choice import ChoiceData, Logit, as_json, choices_from_table
from pullcord.choice.closed_form.logit_likelihood import LogitLikelihood
from pullcord.choice.reading.counts import choices_from_cells, count_cells, count_choices
from pullcord.choice.utility import design_matrix, parse_utility

CARS = ("small", "large", "van")
KEYS: dict[str, Any] = {"situation": ("week", "city", "segment"), "chosen": "car", "alternative": "car"}


def offered(weeks: int = 4) -> pl.DataFrame:
    """By week and city; the van is not sold everywhere."""
    rng = stream(3, "test.choice.offers")
    rows = [
        {"week": week, "city": city, "car": car, "price": round(float(rng.uniform(5, 15)), 2), "fuel": fuel}
        for week in range(weeks)
        for city in ("Chengdu", "Lhasa")
        for car, fuel in zip(CARS, ("petrol", "electric", "petrol"), strict=True)
        if (car, city) != ("van", "Lhasa")
    ]
    return pl.DataFrame(rows)


def happened(offers: pl.DataFrame, events: int = 3_000, seed: int = 1) -> pl.DataFrame:
    """Events in random order."""
    rng = stream(seed, "test.choice.events")
    sets = offers.select("week", "city").unique().sort("week", "city").rows()
    by_set = {s: offers.filter((pl.col("week") == s[0]) & (pl.col("city") == s[1])) for s in sets}
    rows = []
    for i in rng.integers(len(sets), size=events):
        there = by_set[sets[i]]
        young = bool(rng.random() < 0.4)
        utility = -(0.3 + 0.3 * young) * there["price"].to_numpy() + rng.gumbel(size=there.height)
        car = there["car"][int(utility.argmax())]
        rows.append((*sets[i], "young" if young else "old", car))
    return pl.DataFrame(rows, schema=["week", "city", "segment", "car"], orient="row")


def as_events(offers: pl.DataFrame, events: pl.DataFrame) -> ChoiceData:
    """The same choices, one situation for each event."""
    each = events.rename({"car": "bought"}).with_row_index("event").join(offers, on=["week", "city"])
    each = each.with_columns(y=(pl.col("bought") == pl.col("car")).cast(pl.Int64))
    columns = ("price", "fuel", "segment")
    return choices_from_table(
        each, situation="event", alternative="car", chosen="y", columns=columns, alternatives=CARS
    )


def test_counts_and_events_have_the_same_likelihood_estimates_and_information(tmp_path: Path) -> None:
    offers = offered()
    events = happened(offers)
    events.write_parquet(tmp_path / "events.parquet")
    counts = count_choices(tmp_path / "events.parquet", offers, alternatives=CARS, **KEYS)
    raw = as_events(offers, events)
    assert counts.is_counts
    assert counts.chosen.sum() == raw.situations == 3_000
    assert counts.rows < raw.rows / 50
    assert set(counts.column_names) == set(raw.column_names)

    formula = "price + price:segment=young + asc"
    a, b = Logit(formula).fit(counts), Logit(formula).fit(raw)
    assert a.log_likelihood == pytest.approx(b.log_likelihood, rel=1e-12)
    assert a.null_log_likelihood == pytest.approx(b.null_log_likelihood, rel=1e-12)
    np.testing.assert_allclose(a.estimates, b.estimates, rtol=1e-8)
    np.testing.assert_allclose(a.information, b.information, rtol=1e-8)
    assert a.situations == b.situations
    at = np.array([-0.2, 0.1, 0.3, -0.4])  # far from the maximum, too
    points = []
    for data in (counts, raw):
        points.append(LogitLikelihood.of(design_matrix(parse_utility(formula, data), data), data).point(at))
    assert points[0].value == pytest.approx(points[1].value, rel=1e-12)
    np.testing.assert_allclose(points[0].gradient, points[1].gradient, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(points[0].information, points[1].information, rtol=1e-9, atol=1e-9)


def test_situations_stand_in_the_order_of_their_keys_whatever_the_order_of_events(tmp_path: Path) -> None:
    offers = offered()
    events = happened(offers, 400)
    events.write_parquet(tmp_path / "a.parquet")
    events.reverse().write_csv(tmp_path / "b.csv")
    a, b = (count_choices(tmp_path / name, offers, **KEYS) for name in ("a.parquet", "b.csv"))
    assert a.person_ids == b.person_ids
    assert a.person_ids[:3] == ("0/Chengdu/old", "0/Chengdu/young", "0/Lhasa/old")
    np.testing.assert_array_equal(a.chosen, b.chosen)
    np.testing.assert_array_equal(a.columns, b.columns)
    assert not a.is_panel


def test_many_files_of_small_numbers_and_one_relation_are_counted_alike(tmp_path: Path) -> None:
    rng = stream(5, "test.choice.files")
    events = pl.DataFrame({"week": rng.integers(0, 5, 6_000), "car": rng.integers(-1, 3, 6_000), "x": 1.5})
    for i in range(60):  # more than are counted at a time, twice over
        events[100 * i : 100 * (i + 1)].write_parquet(tmp_path / f"events-{i}.parquet")
    expected = events.group_by("week", "car").len("choices").sort("week", "car").cast(pl.Int64)
    files = count_cells(str(tmp_path / "events-*.parquet"), ["week", "car"])
    assert files.sort("week", "car").cast(pl.Int64).equals(expected)
    one = count_cells(duckdb.sql("SELECT week, car FROM events"), ["week", "car"])
    assert one.sort("week", "car").cast(pl.Int64).equals(expected)
    summed = count_cells(str(tmp_path / "events-*.parquet"), ["week", "car"], count="x").sort("week", "car")
    np.testing.assert_allclose(summed["choices"].to_numpy(), 1.5 * expected["choices"].to_numpy())


def test_keys_of_any_kind_and_range_are_counted(tmp_path: Path) -> None:
    events = pl.DataFrame({"id": [2**40, 1, 2**40, None], 'odd "name"': ["a", "b", "a", "b"]})
    events.write_parquet(tmp_path / "x.parquet")
    cells = count_cells(tmp_path / "x.parquet", ["id", 'odd "name"'], memory_limit="500MB", threads=1)
    assert sorted(cells.rows(), key=str) == sorted([(1, "b", 1), (2**40, "a", 2), (None, "b", 1)], key=str)
    events.select("id").write_parquet(tmp_path / "y.parquet")
    assert count_cells(tmp_path / "y.parquet", ["id"]).height == 3


def test_what_does_not_fit_into_memory_is_spilled(tmp_path: Path) -> None:
    """1.5 million different cells under a limit that they do not fit into: DuckDB must use the folder."""
    duckdb.sql("SELECT range AS id, 'event ' || range AS what FROM range(1500000)").write_parquet(
        str(tmp_path / "events.parquet")
    )
    how: dict[str, Any] = {"memory_limit": "120MB", "threads": 1}
    cells = count_cells(tmp_path / "events.parquet", ["id", "what"], spill_dir=tmp_path / "spill", **how)
    assert (cells.height, cells["choices"].sum()) == (1_500_000, 1_500_000)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InvalidInput, match="cannot be counted"):
        count_cells(tmp_path / "events.parquet", ["id", "what"], spill_dir=tmp_path / "file", **how)


def test_cells_may_hold_counts_already_and_offers_may_be_the_same_for_all() -> None:
    cells = pl.DataFrame({"segment": ["old", "old", "young"], "car": [1, 2, 2], "choices": [5, 3, 4]})
    offers = pl.DataFrame({"car": [1, 2], "price": [10, 12]})
    data = choices_from_cells(cells, offers, situation="segment", chosen="car", alternative="car")
    assert data.person_ids == ("old", "young")
    assert data.chosen.tolist() == [5, 3, 0, 4]
    assert data.column("price").tolist() == [10, 12, 10, 12]
    assert data.column("segment=young").tolist() == [0, 0, 1, 1]
    assert data.alternatives == ("1", "2")


def test_what_was_not_available_is_not_offered_and_columns_are_chosen() -> None:
    cells = pl.DataFrame({"week": [1, 1], "car": ["a", "b"], "choices": [5, 3]})
    offers = pl.DataFrame(
        {"week": [1, 1, 1], "car": ["a", "b", "c"], "price": [1, 2, None], "left": [1, 1, 0], "x": ["p", "q", None]}
    )
    data = choices_from_cells(
        cells, offers, situation="week", chosen="car", alternative="car", availability="left", columns=["price"]
    )
    assert data.column_names == ("price",)
    assert data.rows == 2
    with pytest.raises(InvalidInput) as refused:
        choices_from_cells(cells, offers, situation="week", chosen="car", alternative="car", columns=["price"])
    assert [str(problem) for problem in refused.value.problems] == [
        "offers:3: `price` has a gap; write a number, or leave the row out"
    ]


def refusals(cells: dict[str, Any], offers: dict[str, Any], **how: Any) -> list[str]:
    keys = {"situation": "week", "chosen": "car", "alternative": "car"} | how
    with pytest.raises(InvalidInput) as refused:
        choices_from_cells(cells, offers, **keys)
    return [f"{problem.wrong}; {problem.right}" for problem in refused.value.problems]


def test_no_event_is_lost_in_silence() -> None:
    offers = {"week": [1, 1, 2, 2], "car": ["a", "b", "a", "b"], "price": [1, 2, 3, 4]}
    assert refusals({"week": [1, 2, 3], "car": ["c", "a", "a"], "choices": [7, 2, 1]}, offers) == [
        "1 of events chose `a` in week=3, where it was not on offer; offer it there, or leave these events out",
        "7 of events chose `c` in week=1, where it was not on offer; offer it there, or leave these events out",
        "nothing is on offer in week=3; write its offers, matched by `week`",
    ]
    assert refusals({"week": [1, None], "car": ["a", None], "choices": [7, 2]}, offers) == [
        "2 of events have no `car`; say which it is, or leave them out",
        "2 of events have no `week`; say which it is, or leave them out",
    ]
    assert refusals({"week": [1, 1], "car": ["a", "b"], "choices": [7, -2]}, offers)[0].startswith(
        "a cell of events counts -2 choices"
    )
    many = {"week": list(range(100)), "car": ["z"] * 100, "choices": [1] * 100}
    assert any(line.startswith("80 more are like this") for line in refusals(many, offers))


def test_offers_that_make_no_choice_are_refused() -> None:
    cells = {"week": [1, 2], "car": ["a", "a"], "choices": [7, 2]}
    offers = {"week": [1, 1, 1, 2], "car": ["a", "b", "b", "a"], "price": [1, 2, 3, 4]}
    told = refusals(cells, offers)
    assert told == [
        "week=1 has `b` twice; write each alternative once",
        "week=2 offers one alternative only; leave it out: where there is no choice there is nothing to learn",
    ]
    assert refusals(cells, offers, chosen="chois", alternative="auto") == [
        "offers have no column `auto`; there are `week`, `car`, `price`",
        "the cells have no column `chois`; did you mean `choices`?",
    ]


def test_keys_are_compared_whatever_their_width_and_refused_where_they_cannot_be() -> None:
    cells = pl.DataFrame({"week": [1, 1], "city": ["x", "x"], "car": ["a", "b"], "choices": [5, 3]})
    cells = cells.with_columns(pl.col("week").cast(pl.Int8), pl.col("city").cast(pl.Categorical))
    offers = pl.DataFrame({"week": [1, 1], "city": ["x", "x"], "car": ["a", "b"], "price": [1, 2]})
    how: dict[str, Any] = {"situation": ("week", "city"), "chosen": "car", "alternative": "car"}
    assert choices_from_cells(cells, offers, **how).chosen.tolist() == [5, 3]
    with pytest.raises(InvalidInput) as refused:
        choices_from_cells(cells, offers.with_columns(pl.col("week").cast(pl.String)), **how)
    assert refused.value.problems[0].wrong == "`week` is Int64 in the cells and String in the offers"


def test_events_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there are no events"):
        count_cells(tmp_path / "*.parquet", ["week"])
    (tmp_path / "x.parquet").write_text("none")
    with pytest.raises(InvalidInput, match="cannot be counted"):
        count_cells(tmp_path / "x.parquet", ["week"])
    pl.DataFrame({"week": [1]}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(InvalidInput, match="the events have no column `wek`") as refused:
        count_cells(tmp_path / "x.parquet", ["wek"])
    assert refused.value.hint == "did you mean `week`?"
    with pytest.raises(InvalidInput, match="DuckDB does not take these settings"):
        count_cells(tmp_path / "x.parquet", ["week"], memory_limit="much")


@settings(max_examples=30)
@given(picks=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(CARS)), min_size=1, max_size=40))
def test_every_event_is_in_exactly_one_cell(picks: list[tuple[int, str]]) -> None:
    table = pl.DataFrame(picks, schema=["week", "car"], orient="row")
    cells = table.group_by("week", "car").len("choices")
    offers = pl.DataFrame({"car": CARS, "price": [1.0, 2.0, 3.0]})
    data = choices_from_cells(cells, offers, situation="week", chosen="car", alternative="car", alternatives=CARS)
    for s, week in enumerate(data.person_ids):
        for j, car in enumerate(CARS):
            assert data.chosen[3 * s + j] == sum(pick == (int(week), car) for pick in picks)
    assert data.chosen.sum() == len(picks)


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ([2, None, 3, 4], "1 of the events have no `n`"),
        ([2, -1, 3, 4], "a `n` of -1"),
        ([2.0, float("nan"), 3.0, 4.0], "no finite number"),
        (["2", "1", "3", "4"], "is VARCHAR, no number"),
    ],
)
def test_counts_that_a_sum_would_hide_are_refused(tmp_path: Path, counts: list, said: str) -> None:
    """The first two rows are of one cell: what is missing or below 0 there does not show in their sum."""
    path = tmp_path / "events.parquet"
    pl.DataFrame({"week": [1, 1, 1, 2], "car": ["a", "a", "b", "b"], "n": counts}).write_parquet(path)
    with pytest.raises(InvalidInput, match=said):
        count_cells(path, ["week", "car"], count="n")


def test_a_table_of_counts_speaks_of_no_persons() -> None:
    offers = pl.DataFrame({"week": [1, 1, 2, 2], "car": ["a", "b", "a", "b"], "price": [1.0, 2.0, 2.0, 1.0]})
    cells = pl.DataFrame({"week": [1, 1, 2, 2], "car": ["a", "b", "a", "b"], "choices": [60, 40, 40, 60]})
    data = choices_from_cells(cells, offers, situation="week", chosen="car", alternative="car")
    fit = Logit("price").fit(data)
    assert "200 choices, counted in 2 choice sets" in str(fit)
    assert "persons" not in str(fit)
    assert (as_json(fit)["persons"], as_json(fit)["counted"]) == (None, True)
