"""docs/data-dictionary.csv says what the code reads, no more and no less."""

from __future__ import annotations

import csv
from dataclasses import asdict
from fnmatch import fnmatch
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pullcord.cli.program import app
from pullcord.program import data_dictionary

ROOT = Path(__file__).parents[1]
DICTIONARY = ROOT / "docs" / "data-dictionary.csv"
HEADER = ["table", "column", "type", "unit", "required", "meaning", "source"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_file_is_what_the_code_reads() -> None:
    written = {(row["table"], row["column"]): row for row in rows(DICTIONARY)}
    read = {(entry.table, entry.column): asdict(entry) for entry in data_dictionary()}
    hint = "write it anew: pullcord program columns > docs/data-dictionary.csv"
    assert sorted(written.keys() - read.keys()) == [], f"described, but never read; {hint}"
    assert sorted(read.keys() - written.keys()) == [], f"read, but not described; {hint}"
    assert written == read, hint
    assert [(row["table"], row["column"]) for row in rows(DICTIONARY)] == list(read), hint


def test_its_columns_are_the_promised_ones() -> None:
    assert list(rows(DICTIONARY)[0]) == HEADER
    assert all(row["meaning"] and row["type"] and row["source"] for row in rows(DICTIONARY))


def test_the_command_prints_the_file() -> None:
    assert CliRunner().invoke(app, ["columns"]).stdout == DICTIONARY.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["peoples_car", "projector"])
def test_every_column_of_our_own_programs_is_described(name: str) -> None:
    described: dict[str, set[str]] = {}
    for row in rows(DICTIONARY):
        described.setdefault(row["table"], set()).add(row["column"].replace("{currency}", "cny"))
    families = {row["family_id"] for row in rows(ROOT / "programs" / name / "families.csv")}
    for path in sorted((ROOT / "programs" / name).glob("*.csv")):
        table = next(table for table in described if fnmatch(path.name, table))
        with path.open(newline="", encoding="utf-8") as file:
            titles = set(next(csv.reader(file)))
        strangers = titles - described[table]
        if "{family_id}" in described[table]:
            strangers -= families
        if "{attribute}" not in described[table]:
            assert not strangers, f"{path.name} has undescribed columns"
