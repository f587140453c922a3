"""The records of a demand report: they add up, they are what the models say, and the same input gives the same."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import ceil
from pathlib import Path

import numpy as np
import pytest

from pullcord.base import Money, NotFound, stream
from pullcord.choice import load_dataset, willingness_to_pay
from pullcord.demand import draw_shares, update_level
from pullcord.insight import DemandReport, Estimate, demand_report, fieller
from pullcord.insight.observations import level_by_orders, level_by_reservations, price_scale
from pullcord.insight.splits import imagined_orders
from pullcord.insight.unknowns import after_reservations
from pullcord.outlook import Outlook
from pullcord.program import read_program
from pullcord.survey import fit_survey

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("peoples_car", "projector")


@cache
def outlook(name: str) -> Outlook:
    return Outlook(read_program(ROOT / "programs" / name))


@cache
def told(name: str) -> DemandReport:
    return demand_report(outlook(name))


@pytest.mark.parametrize("name", PROGRAMS)
def test_cells_add_up_to_cities_and_cities_to_the_whole(name: str) -> None:
    report = told(name)
    whole = report.market.units.mean
    assert whole == pytest.approx(outlook(name).prediction.units_mean, rel=1e-6)
    assert sum(city.units.mean for city in report.cities) == pytest.approx(whole, rel=1e-5)
    assert sum(row.units.mean for row in report.segments) == pytest.approx(whole, rel=1e-5)
    for city in report.cities:
        assert sum(part.mean for part in city.by_segment) == pytest.approx(city.units.mean, abs=0.01)
    for family in {row.family_id for row in report.take_rates}:
        rates = [row.rate.mean for row in report.take_rates if row.family_id == family]
        assert sum(rates) == pytest.approx(1, abs=1e-5)
    assert sum(row.fraction for row in report.substitutes) == pytest.approx(1, abs=1e-5)
    assert [city.units.mean for city in report.cities] == sorted((c.units.mean for c in report.cities), reverse=True)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_estimate_lies_within_its_interval(name: str) -> None:
    report = told(name)
    estimates: list[Estimate] = [report.market.units, *(row.rate for row in report.take_rates)]
    estimates += [e for city in report.cities for e in (city.units, *city.by_segment)]
    estimates += [e for row in report.segments for e in (row.units, row.share)]
    for estimate in estimates:
        assert estimate.low <= estimate.mean <= estimate.high
    for row in report.price_points:
        assert row.everything.low <= row.tastes.low <= row.share <= row.tastes.high <= row.everything.high


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_market_and_the_curve_are_those_of_the_outlook(name: str) -> None:
    report, said = told(name), outlook(name).prediction
    assert report.market.share == round(said.share, 6)
    assert report.market.share_all.high == round(said.tastes_and_constant.high, 6)
    shares = [row.share for row in report.price_points]
    assert shares == sorted(shares, reverse=True)
    prices = [row.price.minor for row in report.price_points]
    assert prices[0] < report.market.effective_price.minor < prices[-1]
    assert all(prices[0] <= plan.price.minor <= prices[-1] for plan in report.plan_points)
    near = outlook(name).share_at(report.price_points[3].price)
    assert report.price_points[3].share == round(near.share, 6)


def test_two_programs_and_the_same_code() -> None:
    car, projector = told("peoples_car"), told("projector")
    assert [row.segment for row in car.segments] == ["rental", "owned"]
    assert [row.segment for row in projector.segments] == ["owned"]
    assert projector.segments[0].share == Estimate(1, 1, 1)
    assert car.map_attribute == "range_km"
    assert projector.map_attribute == "brightness_lumen"
    assert "roof" not in {row.family_id for row in car.take_rates}, "one roof is no choice"
    assert not car.ledger_given
    assert car.releases == car.budgets == car.learned_from == ()
    assert car.market.now is None


def test_the_same_program_gives_the_same_report() -> None:
    again = demand_report(Outlook(read_program(ROOT / "programs" / "projector")))
    assert again == told("projector")


def test_another_seed_draws_others_and_the_means_stay() -> None:
    program = outlook("projector").program
    other = demand_report(Outlook(replace(program, seed=program.seed + 1)))
    mine = told("projector")
    assert other.market.share == mine.market.share
    assert other.take_rates[0].rate.mean == mine.take_rates[0].rate.mean
    assert other.take_rates[0].rate.low != mine.take_rates[0].rate.low
    assert other.take_rates[0].rate.low == pytest.approx(mine.take_rates[0].rate.low, abs=0.03)


def test_a_report_is_for_a_party_of_the_program() -> None:
    assert told("peoples_car").facts.partner == "GAC Aion"
    with pytest.raises(NotFound, match="`acme` is no party"):
        demand_report(outlook("projector"), partner="acme")


def test_take_rates_before_any_order_are_those_of_a_flat_dirichlet() -> None:
    """White stands on 4 of 9 variants: a beta of 4 and 5."""
    rate = next(row for row in told("peoples_car").take_rates if row.option_id == "white")
    assert rate.variants == 4
    assert rate.rate.mean == pytest.approx(4 / 9, abs=1e-6)
    draws = stream(1, "test.beta").beta(4, 5, 200_000)
    assert rate.rate.low == pytest.approx(np.quantile(draws, 0.025), abs=0.02)
    assert rate.rate.high == pytest.approx(np.quantile(draws, 0.975), abs=0.02)


def test_segments_are_as_sure_as_the_assumption_says() -> None:
    """plan_share_rental is 0.6, from 0.3 to 0.85: the interval is about as wide."""
    rental = told("peoples_car").segments[0].share
    assert rental.mean == pytest.approx(0.6)
    assert rental.high - rental.low == pytest.approx(0.85 - 0.3, abs=0.04)
    worth = imagined_orders(outlook("peoples_car").program)
    assert worth == pytest.approx(0.6 * 0.4 / ((0.85 - 0.3) / 3.92) ** 2 - 1, rel=1e-3)


def test_fiellers_interval_holds_the_ratio_as_often_as_it_says() -> None:
    rng = stream(7, "test.fieller")
    a, b, ea, eb = 0.108, 0.045, 0.038, 0.012
    held = unbounded = 0
    for x, y in zip(rng.normal(a, ea, 4000), rng.normal(b, eb, 4000), strict=True):
        _, low, high = fieller(x, y, ea, eb)
        if low is None or high is None:
            unbounded += 1
        else:
            held += low <= a / b <= high
    assert unbounded > 50, "a slope this unsure may as well be zero now and then"
    assert 0.94 < held / (4000 - unbounded) < 0.97


def test_worth_in_money_is_taste_over_price_taste_in_their_steps() -> None:
    (row,) = told("peoples_car").willingness
    assert row.value == Money(round(0.10829 / 0.04498 * 10_000 * 100), "CNY")
    assert row.low is not None
    assert row.high is not None
    assert 0 < row.low.minor < row.value.minor < row.high.minor
    assert told("peoples_car").willingness_source.startswith("tastes.csv of the program (Helveston")
    brightness = next(row for row in told("projector").willingness if row.attribute == "brightness_lumen")
    assert brightness.value == Money(100_00, "CNY"), "100 lumen are worth 100 CNY, says the table"
    vague = fieller(0.3, 0.3, 0.15, 0.2)
    assert vague == (pytest.approx(1.0), None, None)


def test_the_survey_at_hand_tells_every_term_in_money_of_today(data_dir: Path) -> None:
    program = outlook("peoples_car").program
    survey = fit_survey(program, load_dataset("cars-china", data_dir=data_dir))
    report = demand_report(Outlook(replace(program, tastes=survey.tastes)), survey=survey)
    assert report.willingness_source.startswith("the survey cars-china, fitted here: 448 persons, 6,720 choices")
    by_name = {row.attribute: row for row in report.willingness}
    assert not by_name["range_km"].surveyed
    assert "price" not in by_name
    assert len([row for row in report.willingness if row.surveyed]) == 15
    fit = survey.fit
    # 1,000 USD of 2012 are 6,370 yuan of then, and 7,771 of 2025.
    assert float(by_name["opCost"].value.major) == pytest.approx(-fit["opCost"] / fit["price"] * 6370 * 1.22, rel=1e-3)
    table = willingness_to_pay(fit, "price", unit=7771.4, intervals="fieller", covariance="clustered")
    lower = table["opCost"].lower
    assert lower is not None
    assert by_name["opCost"].low is not None
    assert float(by_name["opCost"].low.major) == pytest.approx(lower, rel=1e-3)
    assert by_name["opCost"].per == "1 of US cents per mile"


def test_the_own_constant_is_the_tornados_widest_bar() -> None:
    report = told("peoples_car")
    first = report.unknowns[0]
    assert first.key == "constant"
    assert first.at_low < report.market.units_middle < first.at_high
    # What the constant alone does is nearly what constant and tastes do together: tastes are known well.
    assert first.at_low == pytest.approx(report.market.units.low, rel=0.05)
    assert first.at_high == pytest.approx(report.market.units.high, rel=0.05)
    assert [row.swing for row in report.unknowns] == sorted((r.swing for r in report.unknowns), reverse=True)


def test_a_taste_moves_the_forecast_as_a_new_calibration_says() -> None:
    row = next(row for row in told("peoples_car").unknowns if row.key == "taste range_km")
    program = outlook("peoples_car").program
    taste = next(t for t in program.tastes if t.attribute == "range_km")
    higher = replace(taste, mean=taste.mean + 1.96 * taste.standard_error)
    other = Outlook(replace(program, tastes=tuple(higher if t is taste else t for t in program.tastes)))
    assert row.at_high == pytest.approx(other.prediction.share * other.market.units_per_month, rel=1e-3)
    assert row.at_low < row.base < row.at_high, "ours goes further than most: who likes range likes it"


def test_conversions_move_what_reservations_are_worth() -> None:
    report, seen = told("peoples_car"), outlook("peoples_car")
    row = next(row for row in report.unknowns if row.key == "reservation_to_order_share")
    assert row.base == pytest.approx(after_reservations(seen), abs=0.001)
    assert row.at_low < row.base < row.at_high
    assert report.reservations == 30_000
    shown = after_reservations(seen, {"signal_relative_error": 0.0})
    assert shown < row.base, "were all known, 30,000 reservations would say: far fewer than forecast"


def test_three_times_the_shape_in_orders_halves_the_deviation() -> None:
    seen = outlook("peoples_car")
    level = seen.level
    row = level_by_orders(seen)
    assert row.count == ceil(3 * level.shape)
    exposure = 3 * level.rate  # in which 3 x shape orders are expected
    after = update_level(level, [], exposure)
    after = replace(after, shape=after.shape + 3 * level.shape)
    assert after.mean == pytest.approx(level.mean)
    assert after.deviation == pytest.approx(level.deviation / 2)


@pytest.mark.parametrize(("error", "enough"), [(0.5, False), (0.4, True), (0.2, True)])
def test_no_number_of_reservations_beats_the_error_of_their_conversion(error: float, enough: bool) -> None:
    program = outlook("peoples_car").program
    changed = replace(program.assumptions["signal_relative_error"], value=error)
    seen = Outlook(replace(program, assumptions={**program.assumptions, "signal_relative_error": changed}))
    row = level_by_reservations(seen)
    assert (row.count is not None) is enough
    level, share = seen.level, program.assumed("reservation_to_order_share")
    count = row.count or 10**7
    exposure = count * share / level.mean
    after = update_level(level, [], exposure, relative_error=error)
    gained = count * share / (1 + error**2 * level.mean * exposure)
    deviation = np.sqrt(after.shape + gained) / after.rate
    assert bool(deviation <= level.deviation / 2 * 1.001) is enough


def test_orders_at_two_prices_tell_the_price_taste_as_fast_as_a_logit_can() -> None:
    """The information of a shopper at two offers, by numerical differentiation of the likelihood."""
    seen = outlook("projector")
    shares = draw_shares(seen.market, seen.newcomer, seed=seen.program.seed)
    drawn = shares.point
    halve, scale = price_scale(seen, shares)
    taste = next(t for t in seen.program.tastes if t.attribute == "price_cny")
    step = 0.05 * float(seen.newcomer.price.major) / taste.step
    utility = np.log(drawn / (1 - drawn))

    def likelihood(beta: float, bought: np.ndarray, offer: np.ndarray) -> float:
        v = utility + beta * offer
        return float(np.sum(bought * v - np.log1p(np.exp(v))))

    offers = np.array([step, -step])
    information = 0.0
    for offer in offers:
        for bought, chance in ((1.0, drawn), (0.0, 1 - drawn)):
            h, args = 1e-4, (np.array([bought]), np.array([offer]))
            second = likelihood(h, *args) - 2 * likelihood(0.0, *args) + likelihood(-h, *args)
            information -= 0.5 * chance * second / h**2
    shoppers = 3 / taste.standard_error**2 / information
    assert halve.count == pytest.approx(shoppers * drawn, rel=0.01)
    assert scale.count == pytest.approx(1.96**2 / taste.mean**2 / information * drawn, rel=0.01)


def test_shares_followed_to_their_end_halve_an_assumed_range() -> None:
    row = next(o for o in told("peoples_car").observations if o.key == "reservation_to_order_share")
    assert row.count is not None
    deviation = (0.6 - 0.1) / 3.92
    learned = np.sqrt(1 / (1 / deviation**2 + row.count / (0.35 * 0.65)))
    assert learned == pytest.approx(deviation / 2, rel=0.02)
    plain, private = (
        next(o for o in told("peoples_car").observations if o.key == key) for key in ("take rate", "take rate, private")
    )
    assert plain.count is not None
    assert private.count is not None
    assert plain.count == 3 * (9 + 1)
    assert private.count > plain.count, "noise has its price"
