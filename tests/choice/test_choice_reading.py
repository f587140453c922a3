"""Choice data from files and tables: what is read is what was written, in whatever form, and every fault is told."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pullcord.base import InvalidInput, NotFound
from pullcord.choice import ChoiceData
from pullcord.choice.reading.files import choices_from_table, read_choices
from pullcord.choice.reading.wide import PATTERNS

LONG = """\
person,task,car,price,fuel,fast,chosen,weight
ann,1,small,9.9,petrol,false,0,1
ann,1,large,15.9,electric,true,1,1
ann,2,small,8,electric,true,1,2
ann,2,large,15,petrol,false,0,2
ann,2,van,20,petrol,false,0,2
bob,1,van,21,electric,true,0,0.5
bob,1,large,14,petrol,false,1,0.5
"""
KEYS: dict[str, Any] = {"person": "person", "situation": "task", "alternative": "car", "chosen": "chosen"}


def long_file(tmp_path: Path, text: str = LONG, name: str = "cars.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


def faults(path: Path, **how: Any) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        read_choices(path, **(KEYS | how))
    return [str(problem) for problem in refused.value.problems]


def same(a: ChoiceData, b: ChoiceData) -> None:
    assert a.column_names == b.column_names
    assert a.alternatives == b.alternatives
    assert a.person_ids == b.person_ids
    for name in ("columns", "alternative", "chosen", "situation_start", "person_start", "weight"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def test_a_long_file_is_read_as_it_stands(tmp_path: Path) -> None:
    data = read_choices(long_file(tmp_path), weight="weight", **KEYS)
    assert data.name == "cars"
    assert data.column_names == ("price", "fuel=electric", "fuel=petrol", "fast")
    assert data.alternatives == ("small", "large", "van")
    assert data.person_ids == ("ann", "bob")
    assert data.situation_start.tolist() == [0, 2, 5, 7]
    assert data.person_start.tolist() == [0, 2, 3]
    assert data.column("price").tolist() == [9.9, 15.9, 8, 15, 20, 14, 21]  # bob's large stands before his van
    assert data.column("fuel=electric").tolist() == [0, 1, 1, 0, 0, 0, 1]
    assert data.column("fast").tolist() == [0, 1, 1, 0, 0, 0, 1]
    assert data.alternative.tolist() == [0, 1, 0, 1, 2, 1, 2]
    assert data.chosen.tolist() == [0, 1, 1, 0, 0, 1, 0]
    assert data.weight.tolist() == [1, 2, 0.5]


@pytest.mark.parametrize(
    "written",
    [
        LONG.encode("utf-8-sig"),
        LONG.replace("\n", "\r").encode(),
        LONG.replace("\n", "\r\n").encode(),
        LONG.rstrip("\n").encode(),
        LONG.replace("bob,1,van", "\nbob,1,van").encode(),
        LONG.replace(",", ";").encode(),
        LONG.replace(",", "\t").encode(),
        LONG.replace("ann", '"ann"').replace("9.9", " 9.9 ").encode(),
    ],
    ids=[
        "mark",
        "carriage-return",
        "windows",
        "no-last-line-end",
        "blank-line",
        "semicolon",
        "tab",
        "quotes-and-spaces",
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_how_a_file_is_written_does_not_matter(tmp_path: Path, written: bytes, packed: bool) -> None:
    plain = read_choices(long_file(tmp_path), **KEYS)
    path = tmp_path / ("other.csv.gz" if packed else "other.csv")
    path.write_bytes(gzip.compress(written) if packed else written)
    same(read_choices(path, **KEYS), plain)


def test_parquet_and_tables_of_other_makes_read_the_same(tmp_path: Path) -> None:
    path = long_file(tmp_path)
    plain = read_choices(path, **KEYS)
    table = pl.read_csv(path)
    table.write_parquet(tmp_path / "cars.parquet")
    same(read_choices(tmp_path / "cars.parquet", **KEYS), plain)
    for made in (table, table.lazy(), table.to_arrow(), table.to_dict(as_series=False)):
        same(choices_from_table(made, **KEYS), plain)
    assert isinstance(table.to_arrow(), pa.Table)


def test_pandas_is_taken_at_the_edge() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"trip": [1, 1, 2, 2], "mode": ["bus", "car"] * 2, "x": [1, 2, 3, 4.5], "y": [0, 1, 1, 0]})
    data = choices_from_table(frame, situation="trip", alternative="mode", chosen="y")
    assert data.column("x").tolist() == [1, 2, 3, 4.5]
    assert data.alternatives == ("bus", "car")


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(InvalidInput, match="is no table"):
        choices_from_table(object(), situation="a", chosen="b")


def test_numbers_that_begin_whole_may_go_on_with_decimals(tmp_path: Path) -> None:
    rows = [f"{s},{a},{s + a},{int(a == s % 2)}" for s in range(6_000) for a in range(2)]
    rows[-1] = "5999,1,2.5,1"
    path = long_file(tmp_path, "task,car,price,chosen\n" + "\n".join(rows))
    data = read_choices(path, situation="task", alternative="car", chosen="chosen")
    assert data.column_names == ("price",)
    assert data.column("price")[-3:].tolist() == [5999, 5999, 2.5]
    assert data.person_ids[-1] == "5999"


def test_without_persons_each_situation_is_one_and_without_alternatives_the_place_counts(tmp_path: Path) -> None:
    text = "obs,x,y\n7,1,0\n7,2,1\n8,3,1\n8,4,0\n"
    data = read_choices(long_file(tmp_path, text), situation="obs", chosen="y")
    assert data.person_ids == ("7", "8")
    assert not data.is_panel
    assert data.alternatives == ("1", "2")
    assert data.alternative.tolist() == [0, 1, 0, 1]


def test_what_was_not_available_is_left_out_and_may_have_gaps(tmp_path: Path) -> None:
    text = "t,a,x,y,av\n1,p,1,1,1\n1,q,,0,0\n1,r,3,0,1\n2,p,4,0,1\n2,q,5,1,1\n"
    data = read_choices(long_file(tmp_path, text), situation="t", alternative="a", chosen="y", availability="av")
    assert data.situation_start.tolist() == [0, 2, 4]
    assert data.column("x").tolist() == [1, 3, 4, 5]
    assert data.alternative.tolist() == [0, 2, 0, 1]


def test_columns_and_alternatives_come_in_the_order_asked_for(tmp_path: Path) -> None:
    data = read_choices(
        long_file(tmp_path), columns=("fuel", "price"), alternatives=("van", "large", "small"), name="few", **KEYS
    )
    assert data.column_names == ("fuel=electric", "fuel=petrol", "price")
    assert data.alternatives == ("van", "large", "small")
    assert data.column("price").tolist() == [15.9, 9.9, 20, 15, 8, 21, 14]
    renamed = read_choices(long_file(tmp_path), alternatives={"small": "S", "large": "L", "van": "V"}, **KEYS)
    assert renamed.alternatives == ("S", "L", "V")
    short = pl.col("car").replace({"small": "S", "large": "L", "van": "V"})
    same(renamed, choices_from_table(pl.read_csv(long_file(tmp_path)).with_columns(short), name="cars", **KEYS))


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    text = """\
person,task,car,price,fuel,chosen,weight,av
ann,1,small,9.9,petrol,0,1,1
ann,1,large,oops,electric,0,1,1
ann,2,small,8,,1,2,1
ann,2,large,15,petrol,1,2,1
ann,3,small,8,petrol,1,-1,1
ann,3,small,9,petrol,0,-1,1
ann,4,small,NA,petrol,1,1,1
bob,1,van,21,electric,maybe,0.5,1
bob,1,large,14,petrol,1,0.6,1
bob,2,van,21,electric,1,1,0
bob,2,large,inf,petrol,0,1,1
bob,2,small,1,petrol,0,1,1
"""
    told = faults(long_file(tmp_path, text), weight="weight", availability="av")
    assert told == sorted(told, key=lambda line: int(line.split(":")[1]))
    said = {int(line.split(":")[1]): [] for line in told}
    for line in told:
        said[int(line.split(":")[1])].append(line.split(": ", 1)[1])
    assert all("; " in line for line in told)
    assert said[2][0].startswith("situation `1` of `ann` has no chosen alternative")
    assert said[3][0].startswith("`price` is `oops`, no number")
    assert any("`fuel` has a gap" in line for line in said[4])
    assert any("situation `2` of `ann` has 2 chosen alternatives" in line for line in said[4])
    assert any("has a weight below zero" in line for line in said[6])
    assert any("has `small` twice" in line for line in said[7])
    assert any("offers one alternative only" in line for line in said[8])
    assert any("`chosen` is `maybe`" in line for line in said[9])
    assert any("has different weights" in line for line in said[10])  # sorted: the large car comes first
    assert any("has `van` chosen, which is not available" in line for line in said[11])


def test_who_chose_what_when_must_be_said(tmp_path: Path) -> None:
    text = LONG.replace("ann,1,small", ",1,small").replace("ann,2,large", "ann,,large").replace("ann,2,van", "ann,2,")
    said = [line.rsplit(";", 1)[0] for line in faults(long_file(tmp_path, text))]
    assert "cars.csv:2: `person` is empty" in said
    assert "cars.csv:5: `task` is empty" in said
    assert "cars.csv:6: `car` is empty, no alternative" in said
    told = faults(long_file(tmp_path), alternatives=("small", "large"))
    assert told[0] == "cars.csv:6: `car` is `van`, no alternative; write one of `small`, `large`"


def test_situations_that_two_persons_number_alike_stay_apart(tmp_path: Path) -> None:
    rows = [f"p{p},{t},{a},{10 * p + t},{int(a == t % 2)}" for t in (1, 2) for p in (2, 1) for a in (0, 1)]
    data = read_choices(
        long_file(tmp_path, "who,t,a,x,y\n" + "\n".join(rows)), person="who", situation="t", alternative="a", chosen="y"
    )
    assert data.person_ids == ("p2", "p1")
    assert data.person_start.tolist() == [0, 2, 4]
    assert data.column("x").tolist() == [21, 21, 22, 22, 11, 11, 12, 12]


def test_a_text_attribute_that_an_alternative_does_not_have_is_none_there() -> None:
    table = {"fuel_car": ["gas", "electric"], "cost_car": [1, 2], "cost_bus": [3, 4], "pick": ["car", "bus"]}
    data = choices_from_table(table, format="wide", chosen="pick", alternatives=("car", "bus"))
    assert data.column_names == ("fuel=electric", "fuel=gas", "fuel=none", "cost")
    assert data.column("fuel=none").tolist() == [0, 1, 0, 1]


def test_gaps_in_numbers_are_told_by_line(tmp_path: Path) -> None:
    text = LONG.replace("15.9", "").replace("8,electric", "inf,electric").replace("14,", "nan,")
    assert [line.rsplit(";", 1)[0] for line in faults(long_file(tmp_path, text))] == [
        "cars.csv:3: `price` has a gap",
        "cars.csv:4: `price` is infinite",
        "cars.csv:8: `price` has a gap",
    ]


def test_lines_count_blank_lines_and_lines_within_quotes(tmp_path: Path) -> None:
    text = LONG.replace("ann,2,small,8,electric", '\n"ann",2,small,8,"elec\ntric"').replace("14,", ",")
    assert faults(long_file(tmp_path, text))[0].startswith("cars.csv:10: `price` has a gap")


def test_a_fault_that_stands_everywhere_is_told_a_few_times_and_counted(tmp_path: Path) -> None:
    rows = "".join(f"{i},{a},,{a}\n" for i in range(50) for a in (0, 1))
    told = faults(long_file(tmp_path, "t,a,x,y\n" + rows), person=None, situation="t", alternative="a", chosen="y")
    assert len(told) == 21
    assert told[0].startswith("cars.csv: 80 more lines have the same fault")
    with pytest.raises(InvalidInput, match="100 faults in cars"):
        read_choices(tmp_path / "cars.csv", situation="t", alternative="a", chosen="y")


def test_a_slip_in_a_name_is_answered_by_the_nearest(tmp_path: Path) -> None:
    told = faults(long_file(tmp_path), person="persn", columns=["prise"])
    assert told == [
        "cars.csv:1: there is no column `persn`; did you mean `person`?",
        "cars.csv:1: there is no column `prise`; did you mean `price`?",
    ]


def test_names_are_no_attribute(tmp_path: Path) -> None:
    rows = "".join(f"{i},{a},name {i} {a},{a}\n" for i in range(150) for a in (0, 1))
    told = faults(long_file(tmp_path, "t,a,x,y\n" + rows), person=None, situation="t", alternative="a", chosen="y")
    right = "leave it out through `columns`, or group its texts"
    assert told == [f"cars.csv:1: `x` holds 300 different texts: a name, no attribute; {right}"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"a,a,b\n1,2,3\n", "`a` names 2 columns"),
        (b"a,,b\n1,2,3\n", "a column has no name"),
        ("t,a,y\n1,x,1\n".encode("utf-16"), "the file is UTF-16"),
        (b"t,a,y\n1,caf\xe9,1\n", "0xe9 is no UTF-8"),
        (b"t,a,y\n1,x,1\n1,y,0,4\n", "the line has 4 cells, the header 3"),
        (b"t,a,y\n", "there is no row"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput) as refused:
        read_choices(path, situation="t", alternative="a", chosen="y")
    assert any(said in str(problem) for problem in refused.value.problems)


def test_a_broken_archive_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "x.csv.gz").write_bytes(b"no gzip")
    (tmp_path / "x.parquet").write_bytes(b"no parquet")
    with pytest.raises(InvalidInput, match="is no gzip file"):
        read_choices(tmp_path / "x.csv.gz", **KEYS)
    with pytest.raises(InvalidInput, match="is no Parquet file"):
        read_choices(tmp_path / "x.parquet", **KEYS)
    with pytest.raises(NotFound, match="there is no file"):
        read_choices(tmp_path / "y.csv", **KEYS)


TWO = ("small", "large")
WIDE = """\
id,income,price_small,price_large,fuel_small,fuel_large,doors_large,small_AV,choice
ann,30,9.9,15.9,petrol,electric,5,1,large
ann,30,8,15,electric,petrol,5,1,small
bob,50,,14,petrol,petrol,3,0,2
cyd,40,7,13,petrol,petrol,3,1,1
"""


def test_a_wide_file_is_read(tmp_path: Path) -> None:
    path = long_file(tmp_path, WIDE.replace("bob,50,,14,petrol,petrol,3,0,2\n", ""))
    data = read_choices(
        path, format="wide", person="id", chosen="choice", availability={"small": "small_AV"}, alternatives=TWO
    )
    assert data.column_names == ("price", "fuel=electric", "fuel=petrol", "doors", "income")
    assert data.person_ids == ("ann", "cyd")
    assert data.column("price").tolist() == [9.9, 15.9, 8, 15, 7, 13]
    assert data.column("doors").tolist() == [0, 5, 0, 5, 0, 3]
    assert data.column("income").tolist() == [30, 30, 30, 30, 40, 40]
    assert data.chosen.tolist() == [0, 1, 1, 0, 1, 0]


def test_wide_faults_are_told_by_the_line_of_the_situation(tmp_path: Path) -> None:
    path = long_file(tmp_path, WIDE.replace("5,1,small", "5,1,tiny").replace("7,13", "x7,13"))
    told = faults(
        path, format="wide", person="id", situation=None, alternative=None, chosen="choice",
        availability={"small": "small_AV"}, alternatives=TWO,
    )  # fmt: skip
    assert [line.rsplit(";", 1)[0] for line in told] == [
        "cars.csv:3: `choice` is `tiny`, no alternative",
        "cars.csv:4: the situation of `bob` offers one alternative only",
        "cars.csv:5: `price` is `x7`, no number",
    ]


@pytest.mark.parametrize("pattern", [*PATTERNS, "x-{attribute}-of-{alternative}"])
def test_columns_follow_a_pattern_that_is_found_or_given(pattern: str) -> None:
    table = {"who": ["a", "b", "c"], "hsg2": [1, 0, 1], "pick": [1, 2, 3]}
    for j in (1, 2, 3):
        for attribute, values in (("price", [j, 2 * j, 3 * j]), ("range", [10 * j, j, 0])):
            table[pattern.format(attribute=attribute, alternative=j)] = values
    how = {"pattern": pattern} if pattern.startswith("x-") else {}
    data = choices_from_table(table, format="wide", person="who", chosen="pick", alternatives=("1", "2", "3"), **how)
    assert data.column_names == ("price", "range", "hsg2")  # hsg2 belongs to the person, not to car 2
    assert data.column("price").tolist() == [1, 2, 3, 2, 4, 6, 3, 6, 9]
    assert data.column("hsg2").tolist() == [1, 1, 1, 0, 0, 0, 1, 1, 1]


def test_alternatives_are_found_by_what_was_chosen_but_never_dropped_in_silence() -> None:
    table = {"price_bus": [1, 2], "price_car": [3, 4], "price_tram": [5, 6], "mode": ["car", "bus"]}
    with pytest.raises(InvalidInput) as refused:
        choices_from_table(table, format="wide", chosen="mode")
    assert "`price_tram` looks like an alternative `tram` that nobody chose" in str(refused.value.problems[0])
    data = choices_from_table(table, format="wide", chosen="mode", alternatives=("bus", "car", "tram"))
    assert data.rows == 6
    found = choices_from_table({k: v for k, v in table.items() if "tram" not in k}, format="wide", chosen="mode")
    assert found.alternatives == ("bus", "car")  # in the order of the columns


def test_what_cannot_be_asked_is_refused() -> None:
    table = {"t": [1, 1], "a": ["x", "y"], "y": [0, 1]}
    with pytest.raises(InvalidInput, match="needs a column for the situation"):
        choices_from_table(table, alternative="a", chosen="y")
    with pytest.raises(InvalidInput, match="is no form"):
        choices_from_table(table, situation="t", chosen="y", format="tall")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="no column holds the alternative"):
        choices_from_table(table, format="wide", alternative="a", chosen="y")
    with pytest.raises(InvalidInput, match="availability is one column"):
        choices_from_table(table, situation="t", chosen="y", availability={"x": "y"})
    with pytest.raises(InvalidInput, match=r"must name \{alternative\} once"):
        choices_from_table(table, format="wide", chosen="y", pattern="{attribute}")


CHOICES = st.lists(  # for each situation: person, chosen, prices, fuels
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 2),
        st.tuples(*[st.floats(-1e6, 1e6, allow_nan=False).map(lambda v: round(v, 3))] * 3),
        st.tuples(*[st.sampled_from(["petrol", "electric", "gas"])] * 3),
    ),
    min_size=1,
    max_size=12,
)
CARS = ("small", "large", "van")


def long_rows(choices: list[Any]) -> list[dict[str, Any]]:
    return [
        {"who": f"p{who}", "task": task, "car": car, "price": prices[j], "fuel": fuels[j], "y": int(j == chosen)}
        for task, (who, chosen, prices, fuels) in enumerate(choices)
        for j, car in enumerate(CARS)
    ]


def read_long(rows: list[dict[str, Any]]) -> ChoiceData:
    return choices_from_table(
        pl.DataFrame(rows), person="who", situation="task", alternative="car", chosen="y", alternatives=CARS, name="x"
    )


@settings(max_examples=60)
@given(choices=CHOICES)
def test_long_and_wide_hold_the_same_choices(choices: list[Any]) -> None:
    wide = pl.DataFrame(
        [
            {"who": f"p{who}", "y": CARS[chosen]}
            | {f"price_{car}": prices[j] for j, car in enumerate(CARS)}
            | {f"fuel_{car}": fuels[j] for j, car in enumerate(CARS)}
            for who, chosen, prices, fuels in choices
        ]
    )
    same(
        read_long(long_rows(choices)),
        choices_from_table(wide, format="wide", person="who", chosen="y", alternatives=CARS, name="x"),
    )


@settings(max_examples=60)
@given(choices=CHOICES, data=st.data())
def test_the_order_of_rows_only_decides_who_comes_first(choices: list[Any], data: st.DataObject) -> None:
    rows = long_rows(choices)
    plain, mixed = read_long(rows), read_long(data.draw(st.permutations(rows)))
    assert plain.column_names == mixed.column_names
    back = [mixed.person_ids.index(person) for person in plain.person_ids]
    again = mixed.take_persons(back)
    assert again.person_ids == plain.person_ids
    np.testing.assert_array_equal(again.person_start, plain.person_start)
    for p in range(plain.persons):  # within a person, situations may stand in another order
        assert situations(plain, p) == situations(again, p)


def situations(data: ChoiceData, person: int) -> list[Any]:
    kept = []
    for s in range(data.person_start[person], data.person_start[person + 1]):
        rows = slice(data.situation_start[s], data.situation_start[s + 1])
        kept.append((data.columns[rows].tolist(), data.chosen[rows].tolist(), data.alternative[rows].tolist()))
    return sorted(kept)
