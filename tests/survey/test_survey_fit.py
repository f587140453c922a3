"""The tastes of the People's Car are those of its survey, fitted again; a survey that cannot be had stops nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pullcord.base import InvalidInput
from pullcord.choice import load_dataset
from pullcord.program import Program, read_program
from pullcord.study import prepare_run
from pullcord.survey import NotAtHand, SurveyFit, fit_survey, fit_where_at_hand

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def program() -> Program:
    return read_program(ROOT / "programs" / "peoples_car")


@pytest.fixture(scope="module")
def found(program: Program, data_dir: Path) -> SurveyFit:
    return fit_survey(program, load_dataset("cars-china", data_dir))


def test_the_fit_gives_the_tastes_of_the_file(program: Program, found: SurveyFit) -> None:
    """So a run that fits and one that cannot are the same run."""
    assert found.tastes == program.tastes
    assert found.fitted == ("price_cny", "range_km")


def test_it_says_that_the_line_misfits(found: SurveyFit) -> None:
    assert any("chi-square 4.6 on 1 degree" in note for note in found.notes)


def test_a_file_that_stands_off_from_its_survey_is_told(program: Program, found: SurveyFit, data_dir: Path) -> None:
    price = next(taste for taste in program.tastes if taste.attribute == "price_cny")
    others = tuple(taste for taste in program.tastes if taste is not price)
    wrong = replace(program, tastes=(replace(price, mean=-0.05), *others))
    again = fit_survey(wrong, load_dataset("cars-china", data_dir))
    assert {taste.attribute: taste.mean for taste in again.tastes}["price_cny"] == price.mean
    assert any("tastes.csv -0.05" in note for note in again.notes)


def test_a_run_begins_with_the_fitted_tastes(program: Program, found: SurveyFit) -> None:
    moved = replace(found, tastes=tuple(replace(taste, mean=taste.mean * 2) for taste in found.tastes))
    prepared = prepare_run(program, moved)
    assert prepared.outlook.market.tastes == moved.tastes
    section = prepared.sections["survey"]
    assert section["fitted"]
    assert section["log_likelihood"] == pytest.approx(-6655.5624, abs=1e-3)


def test_a_survey_that_is_not_to_be_had_is_no_fault(program: Program, tmp_path: Path) -> None:
    assert program.survey is not None
    elsewhere = replace(program, survey=replace(program.survey, data_set="no-such-survey"))
    absent = fit_where_at_hand(elsewhere, data_dir=None, cache=tmp_path)
    assert isinstance(absent, NotAtHand)
    section = prepare_run(elsewhere, absent).sections["survey"]
    assert not section["fitted"]
    assert "no-such-survey" in section["reason"]


def test_a_program_without_a_survey_has_none(program: Program, tmp_path: Path) -> None:
    without = replace(program, survey=None)
    assert fit_where_at_hand(without, data_dir=None, cache=tmp_path) is None
    assert prepare_run(without).sections["survey"] is None


def test_a_program_without_a_survey_cannot_be_fitted(program: Program, found: SurveyFit, data_dir: Path) -> None:
    with pytest.raises(InvalidInput, match="names no survey"):
        fit_survey(replace(program, survey=None), load_dataset("cars-china", data_dir))
