"""`pullcord demand fit`, `compare`, `data` and `backtest`: what is asked, what is printed, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from pullcord.base import InvalidInput, NotFound
from pullcord.cli import app, fitting

CHOICES = """person,task,car,price,fuel,took
1,1,small,9,petrol,1
1,1,large,15,electric,0
1,2,small,8,electric,0
1,2,large,12,petrol,1
2,3,small,10,petrol,0
2,3,large,11,electric,1
2,4,small,7,electric,1
2,4,large,16,petrol,0
3,5,small,9,electric,1
3,5,large,13,petrol,0
3,6,small,12,petrol,0
3,6,large,12,electric,1
4,7,small,11,electric,0
4,7,large,10,petrol,1
4,8,small,9,petrol,0
4,8,large,10,electric,1
"""
ROLES = ["--column=person=person", "--column=situation=task", "--column=alternative=car", "--column=chosen=took"]


@pytest.fixture
def choices(tmp_path: Path) -> str:
    path = tmp_path / "choices.csv"
    path.write_text(CHOICES, encoding="utf-8")
    return str(path)


def call(*words: str) -> Result:
    return CliRunner().invoke(app, ["demand", *words])


def answer(*words: str) -> dict[str, object]:
    result = call(*words, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return dict(json.loads(result.stdout))


def test_a_file_is_fitted_as_told(choices: str) -> None:
    said = answer("fit", choices, "--utility", "price + fuel=electric", *ROLES)
    assert said["choices"] == 8
    assert said["persons"] == 4
    assert isinstance(said["estimates"], dict)
    assert set(said["estimates"]) == {"price", "fuel=electric"}


def test_columns_that_no_formula_names_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "choices.csv"
    lines = CHOICES.splitlines()
    path.write_text(
        "\n".join([lines[0] + ",asked_on", *(f"{line},2025-11-{9 + i}" for i, line in enumerate(lines[1:]))])
    )
    said = answer("fit", str(path), "--utility", "price + fuel=electric", *ROLES)
    assert set(said["estimates"]) == {"price", "fuel=electric"}  # type: ignore[call-overload]


def test_a_file_without_utility_is_refused(choices: str) -> None:
    with pytest.raises(InvalidInput, match="does not say what enters utility"):
        raise call("fit", choices, *ROLES).exception or AssertionError


def test_what_is_neither_data_set_nor_file_is_not_found() -> None:
    with pytest.raises(NotFound, match="neither a data set nor a file"):
        raise call("fit", "swissmetre").exception or AssertionError


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--column=persons=person"], "no such role"),
        (["--column=person"], "no NAME=VALUE"),
        (["--model", "probit"], "there is no model `probit`"),
        (["--format", "tall"], "no such layout"),
        (["--model", "nested", "--nest", "all"], "no NAME=VALUE"),
    ],
)
def test_what_cannot_be_asked_is_told(choices: str, words: list[str], told: str) -> None:
    result = call("fit", choices, "--utility", "price", *ROLES, *words)
    assert isinstance(result.exception, InvalidInput)
    assert told in result.exception.message


def test_data_sets_are_listed_with_their_licence() -> None:
    listed = answer("data")["data_sets"]
    assert isinstance(listed, list)
    assert {"swissmetro", "mcfadden-train", "electricity", "cars-china", "cars-us"} <= {row["name"] for row in listed}
    assert all(row["licence"] and row["citation"] for row in listed)


@pytest.mark.parametrize(
    ("words", "log_likelihood"),
    [
        (["swissmetro"], -5331.252),
        (["cars-china"], -6655.562),
        (["swissmetro", "--model", "nested", "--nest", "existing=TRAIN,CAR"], -5236.900),
        (["electricity", "--model", "mixed", "--draws", "600", "--random", "pf", "--random", "cl=normal",
          "--random", "loc", "--random", "wk", "--random", "tod", "--random", "seas"], -3888.465),
    ],
)  # fmt: skip
def test_public_data_sets_end_where_they_were_published(
    words: list[str], log_likelihood: float, data_dir: Path
) -> None:
    said = answer("fit", *words)
    assert said["log_likelihood"] == pytest.approx(log_likelihood, abs=2e-3)
    assert said["estimates"]


def test_models_are_compared_on_what_they_have_not_seen(data_dir: Path) -> None:
    said = answer("compare", "electricity", "--models", "logit,mixed", "--draws", "50", "--folds", "2")
    rows = said["models"]
    assert isinstance(rows, list)
    assert rows[1]["held_out_log_likelihood"] > rows[0]["held_out_log_likelihood"]


def test_one_fold_is_refused(choices: str) -> None:
    result = call("compare", choices, "--utility", "price", *ROLES, "--folds", "1")
    assert isinstance(result.exception, InvalidInput)


def test_months_are_foretold_beside_simple_rules() -> None:
    said = answer("backtest", "--since", "2026-03", "--no-peers")
    assert {row["horizon"] for row in said["scores"]} == {1, 3}  # type: ignore[attr-defined]
    assert said["targets"] > 0  # type: ignore[operator]


def test_a_month_that_is_none_is_refused() -> None:
    assert isinstance(call("backtest", "--since", "2026-13", "--no-peers").exception, InvalidInput)


def test_a_distribution_is_known_or_named_as_unknown(choices: str) -> None:
    """Every distribution of the library can be asked for, and a slip in its name is not taken for a term's."""
    asked = ("fit", choices, "--model", "mixed", "--draws", "10", "--utility", "price + fuel=electric", *ROLES)
    for entry, said in (
        ("price=uniforn", "`uniforn` is no mixing distribution"),
        ("fuel=electric=norml", "`norml` is no mixing distribution"),
        ("fuel=diesel", "`fuel=diesel` is mixed, but is no term"),
    ):
        with pytest.raises(InvalidInput, match=said):
            raise call(*asked, "--random", entry).exception or AssertionError
    with pytest.raises(InvalidInput) as refused:
        raise call(*asked, "--random", "price=none-such").exception or AssertionError
    assert refused.value.hint == f"write one of {', '.join(fitting.MIXINGS)}"
