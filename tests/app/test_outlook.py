"""What a program expects to sell: what it may know when it starts, and how its customers' doings move it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from pullcord.base import InvalidInput, Money
from pullcord.demand import Forecast
from pullcord.outlook import Counts, Outlook
from small_house import small_program

START = datetime(2025, 6, 3, tzinfo=UTC)  # a Tuesday, local time
NOBODY = Counts(reserved=0, asked=0, accepted=0, declined=0, locked={})


@pytest.fixture(scope="module")
def outlook() -> Outlook:
    return Outlook(small_program())


def test_only_months_that_were_published_before_the_start_are_used(outlook: Outlook) -> None:
    assert outlook.months == (date(2025, 2, 1), date(2025, 3, 1), date(2025, 4, 1))
    a_day_earlier = Outlook(replace(small_program(), starts_on=date(2025, 5, 30)))
    assert a_day_earlier.months == (date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)), "April is not known yet"
    with pytest.raises(InvalidInput, match="no month with rivals' sales"):
        Outlook(replace(small_program(), starts_on=date(2025, 2, 28)))


def test_the_market_before_the_launch_is_reproduced_without_the_newcomer(outlook: Outlook) -> None:
    market = outlook.market
    assert [rival.product_id for rival in market.rivals] == ["rival-a", "rival-b", "rival-c"]
    assert market.predicted_shares() == pytest.approx(market.shares, abs=1e-9)


def test_a_higher_price_sells_less(outlook: Outlook) -> None:
    shares = [outlook.share_at(Money.of(price, "CNY")).share for price in (249, 299, 349, 399)]
    assert shares == sorted(shares, reverse=True)
    assert outlook.prediction.share == pytest.approx(shares[1])
    assert outlook.newcomer.price == Money.of(299, "CNY"), "at the lowest price of its card"


def test_the_first_forecast_is_the_market_s_answer_spread_over_variants_cities_and_weeks(outlook: Outlook) -> None:
    found = outlook.forecast(START - timedelta(days=40), 8)
    per_week = outlook.prediction.units_mean / (365.25 / 12 / 7)
    assert found.total == pytest.approx(per_week * sum(outlook.profile(8)), rel=1e-6)
    assert found.weeks[0] == date(2025, 6, 2), "nobody orders before the launch"
    assert len(found.weeks) == 8
    assert outlook.daily_profile(8)[0] > outlook.daily_profile(8)[7] > 1, "a launch is front-loaded"


def test_more_people_who_ask_raise_the_forecast_and_those_who_leave_lower_it(outlook: Outlook) -> None:
    def total(counts: Counts) -> float:
        return outlook.forecast(START + timedelta(days=3), 8, counts).total

    some = Counts(reserved=0, asked=100, accepted=50, declined=50, locked={})
    assert total(replace(some, asked=200, accepted=100, declined=100)) > total(some) > total(replace(some, asked=0))
    assert total(replace(some, accepted=90, declined=10)) > total(some) > total(replace(some, accepted=10, declined=90))
    assert total(replace(some, reserved=200)) > total(some)


def test_what_is_ordered_where_moves_the_mix_and_not_the_level(outlook: Outlook) -> None:
    today = START + timedelta(days=3)
    asked = Counts(reserved=0, asked=100, accepted=60, declined=40, locked={})
    ordered = replace(asked, locked={("black-tripod", "harbin"): 60})
    before, after = outlook.forecast(today, 4, asked), outlook.forecast(today, 4, ordered)
    assert after.total == pytest.approx(before.total)

    def share(found: Forecast, name: str) -> float:
        axis = found.variants.index(name)
        return float(found.units[axis].sum() / found.units.sum())

    assert share(before, "black-tripod") == pytest.approx(1 / 3)
    assert share(after, "black-tripod") > 0.5


def test_news_before_the_start_is_no_news(outlook: Outlook) -> None:
    early = START - timedelta(days=1)
    assert outlook.forecast(early, 4, NOBODY).total == outlook.forecast(early, 4).total


def test_nobody_counted_changes_nothing(outlook: Outlook) -> None:
    assert outlook.forecast(START, 4, NOBODY).total == pytest.approx(outlook.forecast(START, 4).total)


def test_a_launch_late_in_its_week_leaves_it_few_days() -> None:
    sunday = Outlook(replace(small_program(), starts_on=date(2025, 6, 8)))
    first, second, *_ = sunday.profile(3)
    assert first == pytest.approx(sunday.daily_profile(1)[0] / 7)
    assert second > 5 * first


def test_time_that_has_not_passed_is_no_evidence(outlook: Outlook) -> None:
    assert outlook.exposure(START - timedelta(days=1)) == outlook.exposure(START) == 0
    noon, night = outlook.exposure(START + timedelta(hours=12)), outlook.exposure(START + timedelta(days=1))
    assert 0 < noon == pytest.approx(night / 2)
    assert night == pytest.approx(outlook.daily_profile(1)[0] / 7)
    assert outlook.exposure(START + timedelta(days=20)) == pytest.approx(sum(outlook.daily_profile(20)) / 7)


def test_a_strong_first_day_raises_the_forecast(outlook: Outlook) -> None:
    """Many reservations in one day must not look weak because the week is not over."""
    expected_asks = outlook.level.mean / (0.5 * (1 - small_program().assumed("cancel_after_deposit_share")))
    a_day_of_demand = round(expected_asks * outlook.exposure(START + timedelta(days=1)))
    share = small_program().assumed("reservation_to_order_share")

    def after_a_day(times: float) -> float:
        counts = replace(NOBODY, reserved=round(times * a_day_of_demand / share))
        return outlook.forecast(START + timedelta(days=1), 8, counts).total

    assert after_a_day(3) > after_a_day(1)
    assert after_a_day(1) == pytest.approx(outlook.forecast(START, 8).total, rel=0.02)
