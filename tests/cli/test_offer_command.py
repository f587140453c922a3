"""`pullcord offer design`: both shipped programs, each objective, the same answer for the same seed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typed import Type

PROGRAMS = Path(__file__).resolve().parents[2] / "programs"


@pytest.mark.parametrize("program", ["peoples_car", "projector"])
@pytest.mark.parametrize("objective", ["profit", "surplus", "volume"])
def test_both_programs(pullcord: Type, program: str, objective: str) -> None:
    told = pullcord("offer", "design", PROGRAMS / program, "--objective", objective, "--variants-max", 3, "--json")
    assert told.status == 0
    found = told.json
    assert {"objective", "line", "value", "bound", "gap", "method", "warnings"} <= set(found)
    assert found["objective"] == objective
    assert 1 <= len(found["line"]) <= 3
    assert all(row["variant"] and row["price"] > 0 for row in found["line"])
    assert found["bound"] >= found["value"]
    assert 0 <= found["gap"] <= 1e-3
    assert found["proved"]
    if objective != "profit":
        assert found["found"]["profit"] >= found["profit_floor"] * (1 - 1e-9)
        assert found["found"][objective] >= found["today"][objective]
    assert found["found"]["volume_95"][0] < found["found"]["volume"] < found["found"]["volume_95"][1]


def test_the_top_of_the_ladder_is_called_what_it_is(pullcord: Type) -> None:
    found = pullcord("offer", "design", PROGRAMS / "peoples_car", "--json").json
    assert {row["times_today"] for row in found["line"]} == {1.3}
    said = " ".join(found["warnings"])
    assert "top of the ladder" in said
    assert "no seller would believe it" in said
    last = found["sensitivity"][-1]
    assert last["elasticity"] < -3
    assert all(0.9 <= at <= 1.1 for at in last["times_today"].values() if at is not None)


def test_the_same_seed_gives_the_same_answer(pullcord: Type) -> None:
    words = ("offer", "design", PROGRAMS / "projector", "--robust", "--pareto", "--rivals-react", "--seed", 4, "--json")
    first, again = pullcord(*words), pullcord(*words)
    assert first.out == again.out
    found = first.json
    profits = [point["profit"] for point in found["front"]]
    surpluses = [point["surplus"] for point in found["front"]]
    assert profits == sorted(profits, reverse=True)
    assert surpluses == sorted(surpluses)
    assert 0 <= found["robust"]["stays_best"] <= 1
    assert found["robust"]["mean"] <= found["robust"]["mean_bound"] * (1 + 1e-9)
    assert len(found["rivals"]) > 3
    assert found["bound"] >= found["value"]


def test_for_people(pullcord: Type) -> None:
    told = pullcord("offer", "design", PROGRAMS / "projector", "--robust", "--quantile", 0.1, "--fixed-cost", 1000)
    assert told.status == 0
    assert "the line of most profit" in told.out
    assert "10% quantile" in told.out
    assert "note: " in told.out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--objective", "fame"), "no objective `fame`"),
        (("--objective", "volume", "--profit-floor", "1e15"), "no line earns"),
        (("--quantile", "0.2"), "a quantile of 0.2"),
    ],
)
def test_what_cannot_be_is_refused_in_words(pullcord: Type, words: tuple[str, ...], says: str) -> None:
    told = pullcord("offer", "design", PROGRAMS / "projector", *words)
    assert told.status != 0
    assert says in told.err
    assert told.out == ""
