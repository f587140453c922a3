"""What a program expects to sell: the market's answer before the launch, and how the orders since then move it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from pullcord import demand, offers
from pullcord.base import InvalidInput, Money, monday_of
from pullcord.demand import Forecast, Level, Market, Rival, SharePrediction, Signal
from pullcord.program import Program

WEEKS_PER_MONTH = 365.25 / 12 / 7
CALIBRATION_MONTHS = 3  # the latest months whose sales were published before the launch
PUBLICATION_DAYS = 30  # from the end of a month until its sales are known, at most
TAKEN_BEFORE = 0.5  # of those who are shown a date, how many take it, before anybody was shown one
HOLDING_MONTHS = 60  # over which a buyer weighs what a plan costs


@dataclass(frozen=True, slots=True)
class Counts:
    """What customers have done so far, each counted once."""

    reserved: int  # and never asked for a date
    asked: int  # for a date, whatever they did then
    accepted: int  # of them, who took the date and paid
    declined: int  # of them, who saw a date, or were refused one, and left without paying
    locked: Mapping[tuple[str, str], int]  # firm orders by (variant, city), built and delivered ones among them


class Outlook:
    """The demand model of one program, calibrated once; every forecast starts from it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.months = self._calibration_months()
        self.take_rates: dict[str, float] = {
            variant.variant_id: 1.0 / len(program.variants) for variant in program.variants
        }
        self.city_weights: dict[str, float] = {city.city_id: float(city.population) for city in program.cities}

    def _calibration_months(self) -> tuple[date, ...]:
        known_by = self.program.starts_on - timedelta(days=PUBLICATION_DAYS)
        with_sales = {row.month for row in self.program.rival_sales}
        months = sorted(
            row.month
            for row in self.program.market_totals
            if row.month in with_sales and _next_month(row.month) <= known_by
        )
        if not months:
            raise InvalidInput(
                f"{self.program.name} has no month with rivals' sales and a market total known by {known_by}",
                "add earlier months to rival_sales.csv and market_totals.csv",
            )
        return tuple(months[-CALIBRATION_MONTHS:])

    @cached_property
    def market(self) -> Market:
        """The rivals' market before the launch, reproduced exactly."""
        program = self.program
        rivals = [rival for rival in program.rivals if rival.product_id != program.new_product_id]
        return demand.calibrate(
            rivals,
            program.rival_sales,
            {row.month: row.units for row in program.market_totals},
            program.tastes,
            self.months,
            never_listed=program.never_listed,
            outside_good=f"every other {program.category} in the market total",
        )

    @cached_property
    def newcomer(self) -> Rival:
        """The new product as buyers weigh it: at the lowest price that its plans amount to over five years."""
        return self.newcomer_at(min(self.effective_prices.values(), key=lambda price: price.minor))

    def newcomer_at(self, price: Money) -> Rival:
        """The new product at another price."""
        program = self.program
        listed = next(rival for rival in program.rivals if rival.product_id == program.new_product_id)
        name = f"price_{program.currency.lower()}"
        attributes = tuple((a, float(price.major) if a == name else value) for a, value in listed.attributes)
        return replace(listed, price=price, attributes=attributes)

    @cached_property
    def effective_prices(self) -> Mapping[str, Money]:
        """What each plan amounts to in money of the first day, at the middle driver's mileage."""
        program = self.program
        km = int(program.assumed("km_per_month_median")) if "km_per_month_median" in program.assumptions else 0
        rate = Decimal(str(program.assumed("financing_rate_per_year")))
        cheapest: dict[str, Money] = {}
        for price in program.prices:
            amount = offers.effective_price(price, km, HOLDING_MONTHS, annual_rate=rate)
            if price.plan not in cheapest or amount < cheapest[price.plan]:
                cheapest[price.plan] = amount
        return cheapest

    @cached_property
    def prediction(self) -> SharePrediction:
        """The new product's share before anybody has ordered."""
        return demand.predict_share(self.market, self.newcomer, seed=self.program.seed)

    def share_at(self, price: Money) -> SharePrediction:
        """The share at another price, by the same draws."""
        return demand.predict_share(self.market, self.newcomer_at(price), seed=self.program.seed)

    @cached_property
    def level(self) -> Level:
        """Units a week in the long run, as believed before the launch."""
        return Level.from_moments(
            self.prediction.units_mean / WEEKS_PER_MONTH, self.prediction.units_deviation / WEEKS_PER_MONTH
        )

    def daily_profile(self, days: int) -> tuple[float, ...]:
        """Demand of each day from the launch on, as multiples of a day in the long run."""
        return demand.launch_profile(
            days,
            first_week=self.program.assumed("launch_first_week_multiple"),
            decay_weeks=7 * self.program.assumed("launch_decay_weeks"),
        )

    def profile(self, weeks: int) -> tuple[float, ...]:
        """Demand of each calendar week from the launch week on, as multiples of a long-run week.

        Days before the launch count nothing: a launch on a Sunday leaves its week one seventh.
        """
        silent = self.program.starts_on.weekday()
        daily = (0.0,) * silent + self.daily_profile(7 * weeks - silent)
        return tuple(sum(daily[7 * w : 7 * w + 7]) / 7 for w in range(weeks))

    def exposure(self, now: datetime) -> float:
        """Long-run weeks of demand between the launch and a local moment."""
        begun = datetime.combine(self.program.starts_on, time(), now.tzinfo)
        if now <= begun:
            return 0.0
        days, rest = divmod(now - begun, timedelta(days=1))
        daily = self.daily_profile(days + 1)
        return (sum(daily[:days]) + daily[days] * (rest / timedelta(days=1))) / 7

    def forecast(
        self,
        now: datetime,
        weeks: int,
        counts: Counts | None = None,
        *,
        conversions: Mapping[str, float] | None = None,
    ) -> Forecast:
        """Orders expected in each of `weeks` weeks from that of `now` on, or from the launch if that comes later.

        `now` is local. Demand is who will ask for a date; an order is who takes it and stays. The market's answer is
        in orders, so it is turned into people who ask first; how many of them take the date they are shown is then
        learned from those who were shown one, for long waits turn many away. `conversions` are shares of a signal that
        were estimated and stand in place of the assumed ones, by kind: "reservation". The forecast tells intervals.
        """
        launch_week = monday_of(self.program.starts_on)
        first = max(monday_of(now.date()), launch_week)
        elapsed = (first - launch_week).days // 7
        cells = len(self.take_rates) * len(self.city_weights)
        return demand.forecast_units(
            self.order_level(now, counts, conversions=conversions),
            self.take_rates,
            self.city_weights,
            first,
            self.profile(elapsed + weeks)[elapsed:],
            mix=None if counts is None else self._mix(counts.locked),
            mix_worth=float(cells + (0 if counts is None else sum(counts.locked.values()))),
        )

    def order_level(
        self, now: datetime, counts: Counts | None = None, *, conversions: Mapping[str, float] | None = None
    ) -> Level:
        """Orders of a week in the long run, as believed at a local moment after these counts.

        Takes the same time whatever was counted: this is what a single signal changes.
        """
        stays = 1 - self.program.assumed("cancel_after_deposit_share")
        asks = Level(self.level.shape, self.level.rate * TAKEN_BEFORE * stays)
        taken = TAKEN_BEFORE
        if counts is not None:
            error = self.program.assumed("signal_relative_error")
            asks = demand.update_level(
                asks, self._signals(counts, conversions or {}), self.exposure(now), relative_error=error
            )
            # Two imagined persons stand for what was believed before: it yields to the first real ones.
            taken = (counts.accepted + 2 * TAKEN_BEFORE) / (counts.accepted + counts.declined + 2)
        return Level(asks.shape, asks.rate / (taken * stays))

    def _signals(self, counts: Counts, conversions: Mapping[str, float]) -> Sequence[Signal]:
        share = conversions.get("reservation", self.program.assumed("reservation_to_order_share"))
        return (
            Signal("reservation", counts.reserved, share),
            Signal("ask", counts.asked, 1.0),
        )

    def _mix(self, locked: Mapping[tuple[str, str], int]) -> NDArray[np.float64]:
        prior = demand.prior_mix(self.take_rates, self.city_weights)
        row = {variant_id: i for i, variant_id in enumerate(sorted(self.take_rates))}
        column = {city_id: i for i, city_id in enumerate(sorted(self.city_weights))}
        counted: NDArray[np.float64] = np.zeros(prior.shape)
        for (variant_id, city_id), units in locked.items():
            counted[row[variant_id], column[city_id]] += units
        # The prior weighs as much as one order for each cell: a mix that nobody has stated yields to the first orders.
        return demand.update_mix(prior, float(prior.size), counted)


def _next_month(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)
