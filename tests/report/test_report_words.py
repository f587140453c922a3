"""Sentences say what the numbers say, also when the numbers speak against us."""

from __future__ import annotations

from typing import Any

import pytest
from sample import sample_results

from pullcord.report import words
from pullcord.report.amounts import money, number, percent, plural
from pullcord.report.readings import scale_of


def panel_row(measure: str = "M7", **paired: float) -> words.DialRow:
    results = sample_results()
    for row in results["twin"]["paired"]:
        if row["measure"] == measure and row["delay_days"] == 7:
            row.update(paired)
    panel = next(panel for panel in words.dial(results) if panel.delay_days == 7)
    return next(row for row in panel.rows if row.measure == measure)


def test_a_gain_is_called_a_gain() -> None:
    row = panel_row(mean=150_000, lo=100_000, hi=200_000)
    assert row.verdict == "better"
    assert row.sentence == "Pull is better by 1,500\u00a0yuan (95\u00a0% interval 1,000 to 2,000\u00a0yuan)."


def test_an_interval_that_holds_zero_is_no_difference() -> None:
    row = panel_row(mean=50_000, lo=-100, hi=90_000)
    assert row.verdict == "same"
    assert row.sentence.startswith("No measurable difference")


@pytest.mark.parametrize(("low", "high"), [(0, 9_000), (-9_000, 0), (0, 0)])
def test_an_interval_that_ends_at_zero_is_no_difference(low: float, high: float) -> None:
    assert panel_row(mean=(low + high) / 2, lo=low, hi=high).verdict == "same"


def test_a_loss_is_called_a_loss() -> None:
    row = panel_row("M3", mean=-1.5, lo=-2.0, hi=-1.0)
    assert row.verdict == "worse"
    assert row.sentence == "Pull is worse by 1.50\u00a0days (95\u00a0% interval 1.00 to 2.00\u00a0days)."


def test_a_share_is_compared_in_points() -> None:
    assert "10.0\u00a0% points" in panel_row("M1", mean=0.1, lo=0.07, hi=0.13).sentence


def rule_said(mean: float, lo: float, hi: float, *, opens: int = 2) -> str:
    results = sample_results()
    results["twin"]["rule"]["open_weeks"] = [opens] * 7
    for row in results["twin"]["links"]:
        if row["other"] == "pull_prompt" and row["measure"] == "M1" and row["delay_days"] == 0:
            row.update(mean=mean, lo=lo, hi=hi)
    for row in results["twin"]["paired_prompt"]:
        if row["delay_days"] == 0:
            row.update(mean=0.13, lo=0.08, hi=0.18)
    return next(panel for panel in words.dial(results) if panel.delay_days == 0).rule.replace("\u00a0", " ")


RULE = "the program's own rule (quotes held for 2 days, a schedule frozen for 2 weeks, a right to withdraw for 7 days)"


@pytest.mark.parametrize(
    ("cost", "said"),
    [
        ((0.04, 0.03, 0.05), f"; 4.0 % points of that (95 % interval 3.0 to 5.0 %) are the price of {RULE}."),
        ((0.01, -0.01, 0.03), f"; nothing measurable of that is the price of {RULE}."),
        ((-0.04, -0.05, -0.03), f", and would lose more without {RULE}."),
    ],
)
def test_what_the_rule_costs_pull_follows_its_interval(cost: tuple[float, float, float], said: str) -> None:
    assert rule_said(*cost) == (
        f"Pull loses 6.0 % of those who want a car{said}"
        " If orders could be built in the very next week, M1 would read: pull is better by 13.0 % points"
        " (95 % interval 8.0 to 18.0 %)."
    )


def test_a_program_that_builds_in_the_next_week_has_no_rule_to_pay_for() -> None:
    assert rule_said(0.04, 0.03, 0.05, opens=1) == ""


def test_worlds_without_a_comparison_say_so() -> None:
    results = sample_results()
    results["twin"]["paired"] = []
    assert {row.verdict for panel in words.dial(results) for row in panel.rows} == {"unknown"}


@pytest.mark.parametrize(
    ("gain", "interval", "said"),
    [
        (0.4, [0.25, 0.54], "disappears"),
        (0.1, [-0.1, 0.3], "No measurable difference"),
        (-0.2, [-0.3, -0.1], "worse"),
    ],
)
def test_the_latency_headline_follows_its_interval(gain: float, interval: list[float], said: str) -> None:
    results: dict[str, Any] = sample_results()
    results["latency"] |= {"reduction_3_to_1": gain, "reduction_interval_95": interval}
    card = words.latency_card(results)
    assert card is not None
    assert said in card.sentence


def test_books_that_do_not_balance_are_not_hidden() -> None:
    results = sample_results()
    assert "balance: over all accounts" in words.books_sentence(results)
    results["finance"]["trial_balance_minor"] = 5
    assert words.books_sentence(results) == "The books do NOT balance: they are off by 0.05\u00a0yuan."


def test_a_run_without_orders_is_no_division_by_zero() -> None:
    results = sample_results()
    results["launch"] |= {"reservations": 0, "handed_over": 0}
    card = words.launch_card(results)
    assert card is not None
    assert card.sentence.startswith("cars handed over from 0 reservations.")


@pytest.mark.parametrize(
    ("unit", "shown"),
    [("", "1,234\u00a0yuan"), ("minor per unit", "1,234\u00a0yuan"), ("CNY per unit of demand", "123,400\u00a0yuan")],
)
def test_money_is_minor_unless_its_unit_names_the_currency(unit: str, shown: str) -> None:
    assert scale_of("M7", unit, sample_results()).show(123_400) == shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (number(1234567), "1,234,567"),
        (number(-0.5), "\u22120.500"),
        (number(-0.0001, 1), "0.0"),
        (number(float("nan")), "–"),
        (number(None), "–"),
        (percent(0.4007), "40.1\u00a0%"),
        (percent(0), "0\u00a0%"),
        (money(4_990_000, "CNY"), "49,900\u00a0yuan"),
        (money(20, "CNY"), "0.20\u00a0yuan"),
        (money(49_900, "JPY"), "49,900\u00a0yen"),
        (money(49_900, "KWD"), "49.900\u00a0KWD"),
        (plural("car"), "cars"),
        (plural("battery"), "batteries"),
        (plural("box"), "boxes"),
    ],
)
def test_numbers_are_written_for_people(text: str, expected: str) -> None:
    assert text == expected
