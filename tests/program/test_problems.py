"""One slip, one line: what is wrong and what would be right, where a planner will find it."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pullcord.base import InvalidInput, NotFound
from pullcord.cli.program import app
from pullcord.program import read_program

SOURCE = Path(__file__).parents[2] / "programs" / "projector"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SOURCE, tmp_path / "projector"))


def put(folder: Path, file: str, old: str, new: str) -> int:
    """Replace the first `old` in a file by `new`; the line on which it stood."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text, f"{file} no longer holds {old!r}"
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def problems(folder: Path) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read_program(folder)
    return [str(problem) for problem in caught.value.problems]


with (Path(__file__).parent / "one_slip.csv").open(newline="", encoding="utf-8") as _file:
    ONE_SLIP = [tuple(row) for row in csv.reader(_file)][1:]
"""The file, what stands there, what is written instead, and what must be told; @ is the line of the slip."""


@pytest.mark.parametrize(("file", "old", "new", "told"), ONE_SLIP)
def test_one_slip_is_told_at_its_place(folder: Path, file: str, old: str, new: str, told: str) -> None:
    line = put(folder, file, old, new)
    assert problems(folder) == [told.replace("@", str(line))]


def test_a_missing_folder_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no program folder"):
        read_program(tmp_path / "nowhere")


def test_an_empty_folder_lacks_everything_and_says_so(tmp_path: Path) -> None:
    told = problems(tmp_path)
    assert any(line.startswith("program.toml: the file is missing") for line in told)
    assert any(line.startswith("bom.csv: the table is missing") for line in told)


def test_a_table_under_a_wrong_name_is_one_problem(folder: Path) -> None:
    (folder / "settlement.csv").rename(folder / "setlement.csv")
    assert problems(folder) == ["setlement.csv: no table bears this name; did you mean `settlement.csv`?"]


def test_a_table_that_nobody_reads_is_refused(folder: Path) -> None:
    (folder / "notes.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert problems(folder)[0].startswith("notes.csv: no table bears this name, so nobody reads it;")


def test_an_empty_file_and_a_header_alone_are_told(folder: Path) -> None:
    (folder / "tastes.csv").write_bytes(b"")
    header = (folder / "cities.csv").read_text(encoding="utf-8").splitlines()[0]
    (folder / "cities.csv").write_text(header + "\n", encoding="utf-8")
    told = problems(folder)
    assert (
        "tastes.csv: the file is empty; begin with the header attribute, unit, mean, standard_error, source, mark"
        in told
    )
    assert "cities.csv: the table has a header and no rows; add at least one row" in told


def test_there_must_be_a_market_total(folder: Path) -> None:
    (folder / "market_totals.csv").unlink()
    assert problems(folder) == [
        "market_totals.csv: the table is missing; add it with the columns month, units, source, mark"
    ]


def test_a_second_plant_is_refused_for_now(folder: Path) -> None:
    header, row = (folder / "plants.csv").read_text(encoding="utf-8").splitlines()
    (folder / "plants.csv").write_text(f"{header}\n{row}\n{row.replace('shenzhen,', 'other,', 1)}\n", encoding="utf-8")
    assert problems(folder) == ["plants.csv:3: a second plant, after line 2; one plant so far: keep one of the rows"]


@pytest.mark.parametrize(("separator", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_than_a_comma_is_one_problem_for_each_file(folder: Path, separator: str, name: str) -> None:
    for file in ("bom.csv", "assumptions.csv"):
        with (folder / file).open(newline="", encoding="utf-8") as read:
            rows = list(csv.reader(read))
        with (folder / file).open("w", newline="", encoding="utf-8") as written:
            csv.writer(written, delimiter=separator).writerows(rows)
    right = "save it as CSV with commas, and numbers with a decimal point"
    assert problems(folder) == [
        f"{file}:1: the columns are separated by {name}; {right}" for file in ("assumptions.csv", "bom.csv")
    ]


@pytest.mark.parametrize(("file", "kind"), [("plants.csv", "shenzhen"), ("parties.csv", "ruigeer")])
def test_ids_that_commands_name_have_40_characters_at_most(folder: Path, file: str, kind: str) -> None:
    for path in folder.glob("*.csv"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f"{kind},", f"{kind * 6},"), encoding="utf-8")
    assert any(line.startswith(file) and "use 1 to 40 letters" in line for line in problems(folder))


def test_a_margin_that_the_costs_do_not_leave_is_told(folder: Path) -> None:
    put(
        folder,
        "assumptions.csv",
        "variable_margin_share,0.2,share,0.1,0.35",
        "variable_margin_share,0.45,share,0.1,0.5",
    )
    cost = "the parts of `black-sharp-tripod` cost 240.35 CNY"
    left = "price and `variable_margin_share` leave 235.95 CNY"
    right = "mend costs, bom.csv, variants.csv, price_card.csv, or `variable_margin_share` of assumptions.csv"
    assert problems(folder) == [f"parts.csv: {cost}; {left}; {right}"]


def test_what_only_a_run_could_find_out_is_found_out_by_the_check(folder: Path) -> None:
    sales = (folder / "rival_sales.csv").read_text(encoding="utf-8").splitlines()
    (folder / "rival_sales.csv").write_text("\n".join(row for row in sales if "rival-" not in row or "rival-a," in row))
    result = CliRunner().invoke(app, ["check", str(folder), "--json"])
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["valid"]) == (2, False)
    [problem] = answer["problems"]
    assert problem["wrong"] == "1 calibrated rival gives no spread of constants"
    assert problem["right"] == "give sales of at least 2 rivals"


def test_what_is_no_utf_8_is_told_by_line(folder: Path) -> None:
    text = (folder / "options.csv").read_text(encoding="utf-8").replace("White", "Weiß")
    (folder / "options.csv").write_bytes(text.encode("latin-1"))
    assert problems(folder)[0] == "options.csv:2: byte 0xdf is no UTF-8; save the file as UTF-8"


def test_a_quote_that_never_closes_is_told_where_it_opens(folder: Path) -> None:
    put(folder, "bom.csv", "pack,box", '"pack,box')
    told = problems(folder)
    assert told == [
        "bom.csv:19: the quoting is broken: unexpected end of data; close each quote; write a quote inside as two"
    ]


def test_byte_order_mark_windows_lines_and_blank_rows_change_nothing(folder: Path) -> None:
    before = read_program(folder)
    for path in folder.glob("*.csv"):
        text = path.read_text(encoding="utf-8").replace("\n", "\r\n")
        path.write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n,,,\r\n")
    after = read_program(folder)
    assert (after.parts, after.bom, after.variants, after.cities) == (
        before.parts,
        before.bom,
        before.variants,
        before.cities,
    )


def test_a_monthly_fee_never_stands_without_its_cap(folder: Path) -> None:
    put(folder, "price_card.csv", "white,owned,299,,,", "white,owned,299,9,,")
    told = problems(folder)
    assert any("without its mileage cap" in line and line.startswith("price_card.csv:2") for line in told)
    nobody = "price_card.csv:2: nobody is said to receive `monthly_cny` of the plan `owned`"
    assert f"{nobody}; add its shares to settlement.csv" in told


def test_every_variant_needs_a_price_on_every_plan(folder: Path) -> None:
    put(folder, "price_card.csv", "black,owned,299", "black,loan,299")
    told = problems(folder)
    assert "variants.csv:4: `black` has no price on the plan `owned`; add a row to price_card.csv" in told
    assert "variants.csv:2: `white` has no price on the plan `loan`; add a row to price_card.csv" in told


def test_one_slip_in_a_name_used_elsewhere_is_one_problem(folder: Path) -> None:
    put(folder, "price_card.csv", "black-sharp-tripod,owned", "black-sharp-tripd,owned")
    [told] = problems(folder)
    assert told.startswith(
        "price_card.csv:6: `variant_id` names `black-sharp-tripd`, which variants.csv does not define;"
    )
    assert told.endswith("did you mean `black-sharp-tripod`?")


def test_a_currency_is_one_key_and_the_columns_that_end_in_it(folder: Path) -> None:
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("_cny", "_eur").replace("CNY", "EUR"), encoding="utf-8")
    program = read_program(folder)
    assert program.currency == "EUR"
    assert program.policies.deposit.currency == program.prices[0].price.currency == "EUR"


def test_yen_has_no_minor_unit(folder: Path) -> None:
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("_cny", "_jpy").replace("CNY", "JPY"), encoding="utf-8")
    assert any(line.endswith("JPY has 0 decimal places") for line in problems(folder))


def test_three_capitals_that_are_no_currency_are_one_problem(folder: Path) -> None:
    for path in folder.iterdir():
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("_cny", "_cnx").replace("CNY", "CNX"), encoding="utf-8")
    right = "write three capitals of ISO 4217, such as CNY"
    assert problems(folder) == [f"program.toml:7: `currency` cannot be 'CNX'; {right}"]


def test_problems_come_sorted_by_file_and_line(folder: Path) -> None:
    put(folder, "tastes.csv", ",A\n", ",U\n")
    put(folder, "bom.csv", "pack,leaflet,1", "pack,leaflet,0")
    put(folder, "bom.csv", "pack,box,1", "pack,box,-1")
    assert [line.partition(": ")[0] for line in problems(folder)] == ["bom.csv:19", "bom.csv:20", "tastes.csv:2"]


def test_hidden_files_are_passed_over(folder: Path) -> None:
    before = read_program(folder).digest
    (folder / "._bom.csv").write_bytes(b"\x00\xff")
    assert read_program(folder).digest == before


def test_a_table_that_is_a_folder_is_told(folder: Path) -> None:
    (folder / "bom.csv").unlink()
    (folder / "bom.csv").mkdir()
    assert problems(folder) == ["bom.csv: the file cannot be read: Is a directory; make it a file that you may read"]
