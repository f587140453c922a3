"""The CSV files behind the charts."""

from __future__ import annotations

import csv
from pathlib import Path

from sample import sample_results

from pullcord.report import write_tables


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_chart_has_its_table(tmp_path: Path) -> None:
    names = [path.stem for path in write_tables(sample_results(), tmp_path / "tables")]
    assert names == sorted(names)
    assert set(names) == {
        "assumptions", "call_offs", "cities", "cost_of_ownership", "latency_by_month", "latency_wape", "launch_daily",
        "parties", "prediction", "promise_error", "quoted_wait", "rivals", "sale_split", "schedule_capacity",
        "schedule_weeks", "shadow_prices", "share_by_price", "sources", "tastes", "twin_measures",
        "twin_push_minus_pull", "twin_series",
    }  # fmt: skip


def test_money_is_in_major_units_and_names_its_currency(tmp_path: Path) -> None:
    write_tables(sample_results(), tmp_path)
    first = read(tmp_path / "sale_split.csv")[0]
    assert first["amount_cny"] == "2495.00"
    assert read(tmp_path / "cost_of_ownership.csv")[1]["paid_cny"] == "52294.00"
    assert read(tmp_path / "rivals.csv")[0]["price_cny"] == "83800.00"
    money = [row for row in read(tmp_path / "twin_measures.csv") if row["measure"] == "M7"]
    assert {row["unit"] for row in money} == {"yuan per car"}
    assert all(100 < float(row["mean"]) < 10_000 for row in money)


def test_the_same_results_give_the_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_tables(sample_results(), tmp_path / folder)
    for path in sorted((tmp_path / "a").iterdir()):
        content = path.read_bytes()
        assert content == (tmp_path / "b" / path.name).read_bytes()
        assert b"\r" not in content
        assert content.endswith(b"\n")


def test_names_with_commas_and_quotes_come_back_whole(tmp_path: Path) -> None:
    results = sample_results()
    results["cities"][0]["name"] = 'A "city", with\nlines 北京'
    write_tables(results, tmp_path)
    assert read(tmp_path / "cities.csv")[0]["name"] == 'A "city", with\nlines 北京'


def test_missing_parts_write_no_file(tmp_path: Path) -> None:
    assert write_tables({"program": sample_results()["program"], "twin": None, "offers": []}, tmp_path) == []
