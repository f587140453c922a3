"""[alliance] of program.toml: what it means, and what it may not say of these parties."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from pullcord.alliance import Mode
from pullcord.base import InvalidInput
from pullcord.program import Program, read_program

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The projector, whose program.toml has no such section."""
    return Path(shutil.copytree(ROOT / "programs" / "projector", tmp_path / "projector"))


def stated(folder: Path, *lines: str) -> Program:
    """The program with these lines under [alliance]."""
    header = folder / "program.toml"
    header.write_text(header.read_text(encoding="utf-8") + "\n".join(["", "[alliance]", *lines, ""]), encoding="utf-8")
    return read_program(folder)


def problems(folder: Path, *lines: str) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        stated(folder, *lines)
    return [f"{problem.file}: {problem.wrong}; {problem.right}" for problem in refused.value.problems]


def add_bank(folder: Path) -> None:
    with (folder / "parties.csv").open("a", encoding="utf-8") as file:
        file.write("bank,The bank,funder,made up for tests,A\n")


def test_without_the_section_the_platform_sells(folder: Path) -> None:
    program = read_program(folder)
    assert (program.mode, program.discounts_borne_by, program.funding_rate_per_year) == (Mode.DIRECT, None, None)


def test_what_it_says_is_what_the_program_is(folder: Path) -> None:
    add_bank(folder)
    program = stated(folder, 'mode = "funding"', 'discounts_borne_by = "jd"', "funding_rate_per_year = 0.06")
    assert (program.mode, program.discounts_borne_by) == (Mode.FUNDING, "jd")
    assert program.funding_rate_per_year == Fraction(6, 100), "exact, as it is written"


def test_a_mode_that_there_is_not(folder: Path) -> None:
    (told,) = problems(folder, 'mode = "barter"')
    assert told.startswith(
        "program.toml: `mode` cannot be 'barter'; input should be 'technology', 'funding' or 'direct'"
    )


def test_a_misspelt_key_is_told_with_the_right_one(folder: Path) -> None:
    (told,) = problems(folder, 'modes = "direct"')
    assert told == "program.toml: unknown key `modes`; did you mean `mode`?"


def test_money_is_not_lent_without_a_lender_and_a_rate(folder: Path) -> None:
    no_rate, no_lender = problems(folder, 'mode = "funding"')
    assert (
        no_rate == "program.toml: under the mode `funding` money is lent at no stated rate; add funding_rate_per_year"
    )
    assert no_lender.startswith("program.toml: under the mode `funding` one party lends, and 0 are funders; ")


@pytest.mark.parametrize("rate", ["-0.1", "1.5", '"much"', '"1/0"'])
def test_a_rate_that_is_none(folder: Path, rate: str) -> None:
    add_bank(folder)
    (told,) = problems(folder, 'mode = "funding"', f"funding_rate_per_year = {rate}")
    assert "`funding_rate_per_year` cannot be" in told


def test_who_bears_the_discounts_is_a_party(folder: Path) -> None:
    (told,) = problems(folder, 'discounts_borne_by = "jdd"')
    assert told.startswith("program.toml: `jdd`, who bears the discounts, is no party; ")


def test_where_the_carmaker_sells_no_supplier_shares_in_its_sales(folder: Path) -> None:
    shares = folder / "settlement.csv"
    shares.write_text(shares.read_text(encoding="utf-8").replace("owned,price,jd,", "owned,price,optics_a,"), "utf-8")
    (told,) = problems(folder, 'mode = "technology"')
    assert told.startswith("settlement.csv: `optics_a` supplies parts, and under the mode `technology` cannot share in")
