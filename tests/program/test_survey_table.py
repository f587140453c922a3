"""survey.csv says which terms of a choice survey's fit the tastes come from; it and [survey] stand together."""

from __future__ import annotations

from pathlib import Path

import pytest

from pullcord.base import InvalidInput
from pullcord.program import read_program


def problems(folder: Path) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        read_program(folder)
    return [str(problem) for problem in refused.value.problems]


def test_the_cars_program_names_its_survey(program_dir: Path) -> None:
    survey = read_program(program_dir).survey
    assert survey is not None
    assert survey.data_set == "cars-china"
    assert {term.attribute for term in survey.terms} == {"price_cny", "range_km"}
    assert [term.at for term in survey.terms if term.attribute == "price_cny"] == [None]


def test_a_section_without_its_table_is_told(program_dir: Path) -> None:
    (program_dir / "survey.csv").unlink()
    assert any("[survey] has no survey.csv" in problem for problem in problems(program_dir))


def test_a_table_without_its_section_is_told(program_dir: Path) -> None:
    header = program_dir / "program.toml"
    text = header.read_text(encoding="utf-8")
    start, end = text.index("[survey]"), text.index("[policies]")
    header.write_text(text[:start] + text[end:], encoding="utf-8")
    assert any(p.startswith("survey.csv: program.toml has no section [survey]") for p in problems(program_dir))


def test_an_unknown_key_of_the_section_is_told_with_its_line(program_dir: Path) -> None:
    header = program_dir / "program.toml"
    text = header.read_text(encoding="utf-8").replace('data_set = "', 'dataset = "')
    header.write_text(text, encoding="utf-8")
    line = text[: text.index('dataset = "')].count("\n") + 1
    told = problems(program_dir)
    assert any(p.startswith(f"program.toml:{line}: unknown key `dataset`; ") for p in told), told
    assert any("the key `data_set` is missing" in p and "[survey]" in p for p in told), told


def test_a_term_for_a_taste_that_nobody_has_is_told(program_dir: Path) -> None:
    table = program_dir / "survey.csv"
    table.write_text(table.read_text(encoding="utf-8").replace("price_cny,", "price_eur,"), encoding="utf-8")
    assert any(p.startswith("survey.csv:2: ") and "price_eur" in p for p in problems(program_dir))


def test_terms_of_one_attribute_need_values_to_stand_at(program_dir: Path) -> None:
    table = program_dir / "survey.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(",160.9344,", ",,"), encoding="utf-8")
    assert any(p.startswith("survey.csv:4: ") and "3 terms" in p for p in problems(program_dir))
