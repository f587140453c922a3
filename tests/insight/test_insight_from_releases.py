"""What a report learns of orders: from private releases to its party, and from nothing else."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from made_releases import made_release

from pullcord.insight import DemandReport, Told, demand_report, told_to
from pullcord.insight.evidence import margin
from pullcord.insight.level import learn, quarter_days, told_orders
from pullcord.outlook import WEEKS_PER_MONTH, Outlook
from pullcord.privacy import Dimension, ReleaseRow
from pullcord.program import read_program
from small_house import small_house

ROOT = Path(__file__).resolve().parents[2]
PLAN = Dimension("plan", ("rental", "owned"))
COLOUR = Dimension("colour", ("white", "grey", "blue", "green"))
CELLS = [("rental", "white")] * 600 + [("owned", "white")] * 200 + [("owned", "grey")] * 190 + [("owned", "blue")] * 10


@cache
def outlook() -> Outlook:
    return Outlook(read_program(ROOT / "programs" / "peoples_car"))


def report(*rows: ReleaseRow) -> DemandReport:
    return demand_report(outlook(), told=Told(rows))


def rate(found: DemandReport, option: str) -> tuple[float, float]:
    row = next(r for r in found.take_rates if (r.family_id, r.option_id) == ("colour", option))
    return row.rate.mean, row.rate.high - row.rate.low


def test_a_ledger_without_releases_tells_forecasts_alone() -> None:
    found = report()
    assert found.ledger_given
    assert found.market.now is None
    assert found.take_rates == demand_report(outlook()).take_rates


def test_released_counts_move_take_rates_and_segments() -> None:
    found = report(made_release((PLAN, COLOUR), CELLS))
    assert rate(found, "white") == pytest.approx((804 / 1009, 0.05), abs=0.02)
    assert found.segments[0].share.mean == pytest.approx(0.6, abs=0.02)
    assert found.learned_from == ("r-1",)
    wrap = next(r for r in found.take_rates if r.option_id == "custom")
    assert wrap.rate == next(r for r in demand_report(outlook()).take_rates if r.option_id == "custom").rate


def test_noise_in_a_release_makes_the_interval_wider_not_the_answer_bolder() -> None:
    widths = [rate(report(made_release((COLOUR,), [(c,) for _, c in CELLS], epsilon_micro=e)), "white")[1]
              for e in (1_000_000_000, 50_000, 10_000)]  # fmt: skip
    assert widths[0] < widths[1] < widths[2]


def test_options_are_learned_from_variants_too() -> None:
    names = tuple(v.variant_id for v in outlook().program.variants)
    cells = [("white-wrap",)] * 700 + [("grey",)] * 300
    found = report(made_release((Dimension("variant", names),), cells))
    assert rate(found, "white")[0] == pytest.approx(704 / 1009, abs=0.01)
    assert next(r for r in found.take_rates if r.option_id == "custom").rate.mean == pytest.approx(0.7, abs=0.01)


def test_quarters_add_up_and_of_one_quarter_the_surest_counts() -> None:
    first = made_release((COLOUR,), [("white",)] * 100, name="a", seq=1)
    vague = made_release((PLAN, COLOUR), [("owned", "grey")] * 100, name="b", seq=2)
    later = made_release((COLOUR,), [("blue",)] * 50, name="c", period="2026Q1", as_of=date(2026, 2, 1), seq=3)
    found = margin((first, vague, later), "colour")
    assert found is not None
    assert dict(found.noisy) == {"white": 100, "grey": 0, "blue": 50, "green": 0}
    assert found.releases == ("a", "c")
    reserved = made_release((COLOUR,), [("green",)] * 400, name="d", counted="reserved", seq=4)
    assert margin((first, reserved), "colour") == margin((first,), "colour"), "who paid is worth more than who wished"
    assert margin((reserved,), "colour") is not None
    assert margin((first,), "city") is None


def test_released_orders_move_the_level_as_the_outlook_counts_signals() -> None:
    row = made_release((PLAN,), [("owned",)] * 3000)
    orders = told_orders((row,))
    assert orders is not None
    assert orders.total == 3000
    assert orders.spans == ((date(2025, 10, 1), date(2026, 1, 1)),)
    exposure = orders.exposure_weeks(outlook())
    assert exposure == pytest.approx(sum(outlook().daily_profile(53)) / 7), "from the launch to the quarter's end"
    found = report(row)
    assert found.market.now is not None
    assert found.market.now.mean < found.market.units.mean / 2, "3,000 orders are far fewer than forecast"
    level, error = outlook().level, outlook().program.assumed("signal_relative_error")
    dispersion = 1 + error**2 * level.mean * exposure
    mean = (level.shape + 3000 / dispersion) / (level.rate + exposure / dispersion)
    assert found.market.now.mean == pytest.approx(mean * WEEKS_PER_MONTH, rel=0.01)
    assert sum(city.units.mean for city in found.cities) == pytest.approx(found.market.now.mean, rel=1e-4)
    assert {row.key for row in found.unknowns} >= {"level", "signal_relative_error", "take rate"}
    assert found.observations[0].count is None, "more of the same says no more"


def test_more_orders_in_the_same_days_raise_the_level() -> None:
    few, many = (told_orders((made_release((PLAN,), [("owned",)] * n),)) for n in (1000, 60_000))
    assert few is not None
    assert many is not None
    lower, higher = learn(outlook(), few, 500), learn(outlook(), many, 500)
    assert lower is not None
    assert higher is not None
    assert lower.mean < higher.mean


def test_orders_from_before_the_launch_teach_nothing() -> None:
    row = made_release((PLAN,), [("owned",)] * 5, period="2025Q3", as_of=date(2025, 9, 1))
    orders = told_orders((row,))
    assert orders is not None
    assert learn(outlook(), orders, 100) is None
    assert report(row).market.now is None


def test_quarters_have_their_days() -> None:
    assert quarter_days("2025Q4") == (date(2025, 10, 1), date(2026, 1, 1))
    assert quarter_days("2026Q1") == (date(2026, 1, 1), date(2026, 4, 1))
    for quarter in range(1, 4):
        assert quarter_days(f"2025Q{quarter}")[1] == quarter_days(f"2025Q{quarter + 1}")[0]
    assert quarter_days("2024Q1")[1] - quarter_days("2024Q1")[0] == timedelta(days=91)


def test_small_cells_are_hidden_in_the_records() -> None:
    found = report(made_release((PLAN, COLOUR), CELLS)).releases[0]
    counts = {cell.path: cell.count for cell in found.cells}
    assert counts["owned",] == 400
    assert counts["owned", "blue"] == 10
    assert counts["owned", "green"] is None
    assert counts["rental", "green"] is None
    named = next(cell for cell in found.cells if cell.path == ("owned", "grey"))
    assert named.names == ("owned", "Grey")
    assert [r.path for r in found.rates] == [
        ("rental", "white"), ("owned", "white"), ("owned", "grey"), ("owned", "blue"),
    ]  # fmt: skip


def test_the_orders_themselves_are_never_looked_at(tmp_path: Path) -> None:
    """Two ledgers with the same releases and different customers give the same report, to the last digit."""
    reports = []
    for folder, city in (("a", "chengdu"), ("b", "harbin")):
        (tmp_path / folder).mkdir()
        with small_house(tmp_path / folder) as house:
            told_before = made_release(
                (Dimension("city", tuple(house.desk.house.cities)),), [("chengdu",)] * 30, period="2025Q2",
                as_of=date(2025, 6, 20),
            )  # fmt: skip
            for i in range(5):
                house.reserve(f"o-{i}", "black", city)
            with house.ledger.reader() as reader:
                assert told_to(reader, "maker") == Told()
            reports.append(demand_report(Outlook(house.program), told=Told((told_before,))))
    assert reports[0] == reports[1]


def test_a_party_sees_only_what_it_was_told(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        for i in range(30):
            house.reserve(f"o-{i}")
        for name, partner in (("a", "maker"), ("b", "optics"), ("c", "maker")):
            house.give(
                house.desk.release(name, partner, ["colour"], 300_000, period="2025Q2", counted="reserved")
            )  # fmt: skip
        with house.ledger.reader() as reader:
            maker, optics, carrier = (told_to(reader, party) for party in ("maker", "optics", "carrier"))
        assert [row.release_id for row in maker.releases] == ["a", "c"]
        assert [row.release_id for row in optics.releases] == ["b"]
        assert [row.spent_micro for row in (*maker.budgets, *optics.budgets)] == [600_000, 300_000]
        assert carrier == Told()
        found = demand_report(Outlook(house.program), partner="optics", told=optics)
    assert [row.release_id for row in found.releases] == ["b"]
    assert found.budgets[0].left == pytest.approx(0.7)
