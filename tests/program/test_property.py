"""Whatever a slip of the keyboard does to one cell, the answer is a program or a list that names the file."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import InvalidInput, Problem
from pullcord.program import read_program

SOURCE = Path(__file__).parents[2] / "programs" / "projector"
FILES = sorted(path.name for path in SOURCE.glob("*.csv"))

CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "0", "-1", "1e400", "NaN", "inf", "1_000", "49,900", "９", "0.005", "1/0", "2/3", "99999999999999999",
         "2025-02-30", "2025-13", "0001-01-01", "yes", "U", "A", "=", "=takt", "=plant_share", "=deposit_cny",
         "colour=white", "colour=", "!(", "((((((", "a&", '"', "'", "a\nb", "\x00", "\ufeff", "達州", "jd", "owned",
         "monthly", "platform", "supplier", "price_usd", "source", "x" * 70, "optical_engine", "jd-ruigeer-299"]
    ),
    st.text(max_size=12),
    st.integers().map(str),
    st.floats().map(str),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(SOURCE, tmp_path_factory.mktemp("program") / "projector"))


def written(rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", errors="surrogatepass")


def problems_with(folder: Path, name: str, content: bytes) -> Sequence[Problem] | None:
    """What is wrong with the folder when one file holds other content; None where nothing is."""
    path = folder / name
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        read_program(folder)
    except InvalidInput as refused:
        return refused.problems
    finally:
        path.write_bytes(before)
    return None


def check(folder: Path, name: str, content: bytes) -> None:
    """The folder with other content in one file is a program, or is refused with that file's name."""
    problems = problems_with(folder, name, content)
    if problems is None:
        return
    assert any(name in str(problem) for problem in problems), [str(problem) for problem in problems]
    lines = content.count(b"\n") + content.count(b"\r") + 1
    assert all(0 <= problem.line <= lines for problem in problems if problem.file == name)


@settings(max_examples=200)
@given(data=st.data())
def test_one_corrupt_cell_is_told_or_harmless(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    with (SOURCE / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[row]) - 1))
    rows[row][column] = data.draw(CELLS)
    check(folder, name, written(rows))


@settings(max_examples=100)
@given(data=st.data())
def test_broken_bytes_are_told_or_harmless(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*FILES, "program.toml"]))
    content = (SOURCE / name).read_bytes()
    at = data.draw(st.integers(0, len(content)))
    cut = data.draw(st.integers(0, 6))
    check(folder, name, content[:at] + data.draw(st.binary(max_size=4)) + content[at + cut :])


@settings(max_examples=60)
@given(data=st.data())
def test_a_row_that_is_lost_or_doubled_is_told_or_harmless(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    with (SOURCE / name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    at = data.draw(st.integers(0, len(rows) - 1))
    rows[at : at + 1] = [rows[at]] * data.draw(st.sampled_from([0, 2]))
    check(folder, name, written(rows))
