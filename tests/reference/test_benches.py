"""`pullcord bench`, on the published panel and deliveries that the People's Car program ships."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pullcord.base import InvalidInput
from pullcord.cli.bench import app, find_input
from pullcord.promising import MonthDeliveries, backtest_promise
from pullcord.promising.backtest import month_end

PROGRAM = Path(__file__).resolve().parents[2] / "programs" / "peoples_car"
LAUNCH = date(2025, 6, 26)
# Xiaomi YU7, cars delivered 2025-06 to 2026-03: CleanTechnica's monthly lists, through Open-EV-Charts.
YU7 = (2_234, 6_042, 16_548, 22_369, 33_662, 33_729, 39_089, 37_869, 20_196, 13_558)


def by_month(units: tuple[int, ...] | list[int], first: date = date(2025, 6, 1)) -> list[MonthDeliveries]:
    rows = []
    for count in units:
        rows.append(MonthDeliveries(first, count))
        first = month_end(first) + timedelta(days=1)
    return rows


def bench(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_latency_curve_of_the_chinese_market() -> None:
    told = json.loads(bench("latency", "--json", "--panel", str(PROGRAM / "panel.csv")))
    assert list(told) == ["wape", "pairs", "reduction_3_to_1", "interval_95"]
    assert told["wape"] == {"1": 0.234, "2": 0.334, "3": 0.391, "4": 0.448, "6": 0.512}
    assert told["pairs"] == 114
    assert told["reduction_3_to_1"] == 0.40
    assert told["interval_95"] == pytest.approx([0.25, 0.54], abs=0.01)


def test_the_latency_bench_finds_the_panel_itself_and_speaks_to_people() -> None:
    told = bench("latency")
    assert "0.234" in told
    assert "95 % interval" in told
    assert "114 product-months" in told


def test_the_same_seed_gives_the_same_bytes() -> None:
    assert bench("latency", "--json", "--seed", "3") == bench("latency", "--json", "--seed", "3")


def test_a_panel_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="there is no file"):
        find_input("panel.csv", tmp_path / "none.csv", "--panel")


def test_order_240_000_of_the_yu7() -> None:
    result = backtest_promise(by_month(YU7), 240_000, LAUNCH)
    assert result.last.known_deliveries == 225_296
    # 14,704 orders ahead at 13,558 in the 31 days of March: 33.6 days after 2026-03-31.
    assert result.last.quoted_for == date(2026, 5, 4)
    assert result.last.weeks == pytest.approx(44.6, abs=0.05)
    assert [quote.known_until for quote in result.path] == [month_end(row.month) for row in by_month(YU7)]


def test_no_quote_uses_what_was_not_yet_known() -> None:
    whole = backtest_promise(by_month(YU7), 240_000, LAUNCH)
    for months in range(1, len(YU7) + 1):
        assert backtest_promise(by_month(YU7[:months]), 240_000, LAUNCH).path == whole.path[:months]


def test_publication_lag_quotes_from_older_news() -> None:
    prompt = backtest_promise(by_month(YU7), 240_000, LAUNCH)
    late = backtest_promise(by_month(YU7), 240_000, LAUNCH, publication_lag_months=1)
    assert [quote.weeks for quote in late.path] == [quote.weeks for quote in prompt.path[:-1]]
    assert late.path[0].as_of == date(2025, 7, 31)
    assert late.path[0].known_until == date(2025, 6, 30)


def test_the_promise_bench_prints_the_quote_and_its_path(tmp_path: Path) -> None:
    file = tmp_path / "deliveries.csv"
    lines = [f"{row.month:%Y-%m},{row.units},made up,C" for row in by_month(YU7)]
    file.write_text("\n".join(["month,units,source,mark", *lines]) + "\n", encoding="utf-8")
    told = json.loads(bench("promise", "--json", "--deliveries", str(file)))
    assert 40 <= told["weeks"] <= 45
    assert len(told["path"]) == 10
    assert told["path"][0]["known_deliveries"] == 2_234
    assert any("cancellations" in words for words in told["cannot_know"])
    assert "44.6" in bench("promise", "--deliveries", str(file))


def test_the_promise_bench_finds_the_deliveries_itself() -> None:
    told = json.loads(bench("promise", "--json"))
    assert told["known_deliveries"] == 225_296
    assert told["weeks"] == 44.6


def test_faults_in_the_deliveries_are_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "deliveries.csv"
    file.write_text("month,units,source,mark\n2025-06,many,s,C\nsoon,5,s,C\n", encoding="utf-8")
    with pytest.raises(InvalidInput) as caught:
        bench("promise", "--json", "--deliveries", str(file))
    assert [problem.line for problem in caught.value.problems] == [2, 3]


@given(units=st.lists(st.integers(0, 50_000), min_size=1, max_size=24), order=st.integers(1, 400_000))
def test_a_later_order_is_never_quoted_earlier(units: list[int], order: int) -> None:
    first = backtest_promise(by_month(units), order, LAUNCH).last
    later = backtest_promise(by_month(units), order + 1, LAUNCH).last
    if first.quoted_for is None:
        assert later.quoted_for is None
    elif later.quoted_for is not None:
        assert first.quoted_for <= later.quoted_for


@given(rate=st.integers(1, 2_000), order=st.integers(1, 60_000))
def test_steady_deliveries_are_quoted_right_from_the_first_month(rate: int, order: int) -> None:
    """At the same number of cars every day, every date on the path is the day on which the order is delivered."""
    days = [5, 31, 31, 30, 31, 30, 31, 31, 28, 31]
    path = backtest_promise(by_month([rate * d for d in days]), order, LAUNCH).path
    expected = LAUNCH + timedelta(days=-(-order // rate) - 1)
    assert {quote.quoted_for for quote in path} == {expected}


@pytest.mark.parametrize(
    ("rows", "order", "complaint"),
    [
        ([], 1, "no deliveries"),
        (by_month([5, 5]), 0, "numbered from 1"),
        (by_month([5, 5], date(2025, 5, 1)), 1, "precede the launch"),
        ([*by_month([5]), *by_month([5], date(2025, 8, 1))], 1, "after 2025-06 comes 2025-08"),
        ([MonthDeliveries(date(2025, 7, 2), 5)], 1, "month named 2025-07-02"),
    ],
)
def test_deliveries_that_make_no_sense_are_refused(rows: list[MonthDeliveries], order: int, complaint: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        backtest_promise(rows, order, LAUNCH)
    assert complaint in f"{refused.value} {refused.value.hint}"
