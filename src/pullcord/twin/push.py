"""The push world: forecast, freeze, build, distribute, and sell what stands there.

Every four weeks the planner fixes production of a four-week bucket that begins after a three-month freeze. Units go to
the stocks of the regions; a shopper takes the best unit that stands there, is on its way there, or can be fetched from
another region, and that beats leaving. Aged units are marked down, which draws shoppers to them, some of whom would not
have bought otherwise. Where this page had to choose, it chose in favour of push: docs/concepts/twin.md lists how.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pullcord.mismatch import UNSOLD_AFTER_DAYS, unsold_of_cohorts

from .inputs import TwinInput
from .planning import (
    MIX_DAYS,
    Case,
    News,
    Outcome,
    capital_rate,
    economics,
    known_level,
    launch_rates,
    level_spread,
    safety_units,
    service_quantile,
    shares,
    whole_units,
    within,
)
from .shoppers import NOBODY, Floats, Ints, Luck, Queue

Counts = NDArray[np.int32]

# Where a unit came from: the shopper's own region, at the posted or the reduced price; the road to it; another region.
STOCK, REDUCED, ROAD, AFAR = 0, 1, 2, 3
MIDWEEK = 3  # units leave the plant all through the week: on average in its middle
LEAST_IN_STOCK = 0.25  # sales are corrected for days out of stock, at most fourfold


class PushPlanner:
    """Decides each bucket from what is known by then."""

    def __init__(self, given: TwinInput, wants: News, sales: News, in_stock: News, cases: Sequence[Case]) -> None:
        self._given, self._wants, self._sales, self._in_stock = given, wants, sales, in_stock
        self._delays = np.array([case.delay_days for case in cases], dtype=np.int64)
        self._informed = np.array([case.informed for case in cases])[:, None, None]
        self._cover: Floats = np.full((len(cases), 1), 7.0 * given.bucket_weeks)
        age = 7.0 * given.freeze_weeks + self._delays.astype(np.float64)[:, None]
        self._spread = level_spread(given, age, self._cover)
        price, cost, _, margin = economics(given)
        # A unit short loses its margin; a unit over is held for a bucket, and has an even chance to age into markdown.
        over = cost * capital_rate(given) * 7 * given.bucket_weeks + price * given.markdown_share / 2
        self._z = service_quantile(margin, over, given.push_service)

    def rates(self, day: int) -> Floats:
        """float[case, replication, variant]: expected sales a day, from news as old as the delay."""
        launch = launch_rates(self._given)
        level = known_level(self._wants, day)
        there = np.maximum(self._in_stock.over(day, MIX_DAYS) / MIX_DAYS, LEAST_IN_STOCK)
        # One week of the launch plan is added, so that a variant that was never there is not forgotten for ever.
        sold = np.maximum(self._sales.over(day, MIX_DAYS), 0) / there + 7 * launch
        heard = np.where(self._informed, self._wants.over(day, MIX_DAYS), sold)
        rates: Floats = level * shares(heard, shares(launch, np.full(launch.shape, 1 / launch.size)))
        return rates

    def safety(self, rates: Floats) -> Floats:
        """float[case, replication, variant]: units to hold beyond a bucket's forecast."""
        return safety_units(rates, self._cover, self._spread, self._z)

    def bucket(self, day: int, built: Floats, frozen: Floats) -> Ints:
        """int[case, replication, variant, week of the bucket]: production of the bucket behind the freeze.

        Stock is rolled forward through the frozen weeks, never below nothing: a sale that was lost is not made good.

        Parameters
        ----------
        built : float[case, replication, variant], all units built so far, the opening stock included
        frozen : float[case, replication, variant, week], plans that can no longer be changed
        """
        rates = self.rates(day)
        stock = built - self._sales.known(day) - rates * self._delays[:, None, None]
        stock = np.maximum(stock, 0)
        for week in range(frozen.shape[-1]):
            stock = np.maximum(stock + frozen[..., week] - 7 * rates, 0)
        weeks = self._given.bucket_weeks
        wanted = np.maximum(7 * weeks * rates + self.safety(rates) - stock, 0)
        weekly = within(wanted / weeks, float(self._given.planned_capacity))
        return whole_units(np.repeat(weekly[..., None], weeks, axis=-1))


def push_world(given: TwinInput, line: Queue, wants: News, luck: Luck, cases: Sequence[Case]) -> Outcome:
    """What becomes of everybody in `line` when units are built on forecast and sold from stock.

    All cases of all replications advance together; one case of one replication is a lane.
    """
    S, R, V, G = len(cases), line.shopper.shape[1], len(given.variants), len(given.regions)
    days, weeks = given.days, given.weeks
    price, cost, _, margin = economics(given)
    region_share = np.array([region.share for region in given.regions])
    transit = [region.transit_days for region in given.regions]
    first_day, last_day = given.measured_days
    launch = np.broadcast_to(launch_rates(given), (S, R, V))

    sales = News(days, launch, cases)
    in_stock = News(days, np.ones((S, R, V)), cases)
    planner = PushPlanner(given, wants, sales, in_stock, cases)

    # Opening: two weeks of the launch plan and its safety in stock, the launch plan in every frozen week.
    opening = whole_units(14 * launch + planner.safety(launch))
    plan = np.zeros((S, R, V, weeks + given.freeze_weeks + given.bucket_weeks), dtype=np.int64)
    plan[..., : given.freeze_weeks] = whole_units(
        np.repeat(within(7 * launch, float(given.planned_capacity))[..., None], given.freeze_weeks, axis=-1)
    )
    arriving = np.zeros((days + max(transit) + 7, S, R, G, V), dtype=np.int32)
    arriving[0] = whole_units(np.moveaxis(opening[:, :, None, :] * region_share[:, None], -2, -1)).swapaxes(-2, -1)
    built_all = arriving[0].sum(axis=2).astype(np.float64)
    built_by_region = np.zeros((weeks, S, R, G, V))
    carried = np.zeros((S, R, V), dtype=np.int64)
    stock = np.zeros((S, R, G, V), dtype=np.int64)
    arrived, aged_arrivals, on_the_way = np.zeros_like(stock), np.zeros_like(stock), np.zeros_like(stock)
    owed = np.zeros_like(stock)  # sold while on the way
    sold_by_region = np.zeros((days, S, R, G, V), dtype=np.int32)

    bought = np.full((line.day.size, S, R), NOBODY, dtype=np.int8)
    source = np.zeros((line.day.size, S, R), dtype=np.int8)
    standing_days, moving_days = np.zeros((S, R)), np.zeros((S, R))
    built_weekly = np.zeros((S, R, weeks), dtype=np.int64)
    stock_weekly = np.zeros((S, R, weeks), dtype=np.int64)

    bonus = given.price_sensitivity * given.markdown_share * price
    worth_fetching = margin > given.expedite_cost
    fetchable = (line.patience_days >= given.transfer_days)[..., None] & worth_fetching  # [place, rep, variant]
    can_await = line.patience_days >= _road_days(given)[line.region]
    leaving = np.where(line.patience_days >= given.stock_delivery_days, line.outside, np.inf)
    first_row = G * np.arange(S * R).reshape(S, R)  # of each lane, where region and variant are its inner axes
    stock_rows, stock_cells, owed_cells = stock.reshape(-1, V), stock.reshape(-1), owed.reshape(-1)

    for day in range(days):
        week, weekday = divmod(day, 7)
        if weekday == 0:
            if week % given.bucket_weeks == 0:
                begin = week + given.freeze_weeks
                frozen = plan[..., week:begin].astype(np.float64)
                plan[..., begin : begin + given.bucket_weeks] = planner.bucket(day, built_all, frozen)
            due = plan[..., week] + carried
            can_build = luck.capacity[None, :, week, None].astype(np.float64)
            made = np.minimum(whole_units(within(due.astype(np.float64), can_build)), due)
            carried = due - made
            built_all += made
            built_weekly[..., week] = made.sum(axis=-1)
            shipped = _distribute(made, stock + on_the_way - owed, region_share)
            built_by_region[week] = shipped
            on_the_way += shipped
            for g in range(G):
                arriving[day + MIDWEEK + transit[g], :, :, g] += shipped[:, :, g].astype(np.int32)
        new = arriving[day].astype(np.int64)
        handed_on = np.minimum(new, owed)
        stock += new - handed_on
        owed -= handed_on
        arrived += new
        if day > 0:
            on_the_way -= new
        if day >= given.markdown_after_days:
            aged_arrivals += arriving[day - given.markdown_after_days]
        aged = np.maximum(aged_arrivals - (arrived - stock + owed), 0)
        moving = on_the_way - owed  # on the way and nobody's
        there = (stock + moving > 0).astype(np.float64)
        in_stock.at_end_of(day)[...] = in_stock.at_end_of(day - 1) + np.einsum("srgv,g->srv", there, region_share)
        total = stock.sum(axis=2)
        total_cells, aged_cells, moving_cells = total.reshape(-1), aged.reshape(-1), moving.reshape(-1)
        aged_rows, moving_rows = aged.reshape(-1, V), moving.reshape(-1, V)

        for k in range(line.first_place[day], line.first_place[day + 1]):
            rows = first_row + line.region[k]
            own = stock_rows.take(rows, axis=0)
            utility = line.utility[k]
            coming = (moving_rows.take(rows, axis=0) > 0) & can_await[k, :, None]
            elsewhere = (total > own) & fetchable[k]
            reduced = utility + (aged_rows.take(rows, axis=0) > 0) * bonus
            value = np.where(own > 0, reduced, np.where(coming | elsewhere, utility, -np.inf))
            lanes = np.flatnonzero(value.max(axis=2) > leaving[k])
            if not lanes.size:
                continue
            v = value.argmax(axis=2).reshape(-1)[lanes]
            cell = rows.reshape(-1)[lanes] * V + v
            near = stock_cells[cell] > 0
            awaited = coming.reshape(-1)[lanes * V + v] & ~near
            afar = ~(near | awaited)
            if afar.any():
                richest = stock.reshape(-1, G, V)[lanes[afar], :, v[afar]].argmax(axis=1)
                cell[afar] = (lanes[afar] * G + richest) * V + v[afar]
            bought[k].reshape(-1)[lanes] = v
            source[k].reshape(-1)[lanes] = np.where(near, np.where(aged_cells[cell] > 0, REDUCED, STOCK), ROAD + afar)
            stands, rolls = cell[~awaited], cell[awaited]
            stock_cells[stands] -= 1
            total_cells[(lanes * V + v)[~awaited]] -= 1
            aged_cells[stands] -= aged_cells[stands] > 0
            owed_cells[rolls] += 1
            moving_cells[rolls] -= 1

        sold = arrived - stock + owed
        sold_by_region[day] = sold
        sales.at_end_of(day)[...] = sold.sum(axis=2)
        if first_day <= day < last_day:
            standing_days += (stock.sum(axis=2) * cost).sum(axis=-1)
            moving_days += (on_the_way.sum(axis=2) * cost).sum(axis=-1)
        if weekday == 6:
            stock_weekly[..., week] = (stock + on_the_way - owed).sum(axis=(2, 3))

    promised, delivered = _dates(given, line, source)
    return Outcome(
        bought=bought,
        promised_day=promised,
        delivered_day=delivered,
        marked_down=source == REDUCED,
        expedited=source == AFAR,
        unsold=_unsold(given, arriving[0], built_by_region, sold_by_region),
        standing_value_days=standing_days,
        moving_value_days=moving_days,
        kit_value_days=np.zeros((S, R)),
        built=built_weekly,
        stock=stock_weekly,
        backlog=np.zeros((S, R, weeks), dtype=np.int64),
        kits=np.zeros((S, R, weeks)),
    )


def _road_days(given: TwinInput) -> Ints:
    """int[region]: the longest that a unit on the way can still need, from the plant to the customer."""
    return np.array([region.transit_days for region in given.regions]) + MIDWEEK + given.stock_delivery_days


def _dates(given: TwinInput, line: Queue, source: NDArray[np.int8]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """int16[place, case, replication], twice: the day promised by where a unit came from, and the day it came.

    What stands there comes when it was said to; what is on a road has that road's luck.
    """
    road = _road_days(given)[line.region].astype(np.int16)[:, None, :]
    noise = line.transit_noise_days.astype(np.int16)[:, None, :]
    near = source <= REDUCED
    wait = np.where(near, np.int16(given.stock_delivery_days), np.where(source == ROAD, road, given.transfer_days))
    day = line.day.astype(np.int16)[:, None, None]
    promised = (day + wait).astype(np.int16)
    return promised, np.where(near, promised, np.maximum(promised + noise, day + 1)).astype(np.int16)


def _distribute(made: Ints, position: Ints, region_share: Floats) -> Ints:
    """int[case, replication, region, variant]: new units sent where cover is thinnest for a region's share."""
    after = position.sum(axis=2) + made
    wanted = np.maximum(region_share[:, None] * after[:, :, None, :] - position, 0.0)
    in_all = wanted.sum(axis=2, keepdims=True)
    amounts = wanted * made[:, :, None, :] / np.where(in_all > 0, in_all, 1.0)
    return whole_units(amounts.swapaxes(-2, -1)).swapaxes(-2, -1)


def _unsold(given: TwinInput, opening: Counts, built: Floats, sold: Counts) -> Floats:
    """float[case, replication]: units built in measured weeks and unsold 30 days later, the oldest sold first."""
    first = given.warm_up_weeks
    weeks = np.arange(first + given.measured_weeks)
    judged_on = 7 * weeks + MIDWEEK + UNSOLD_AFTER_DAYS
    cohorts = np.concatenate([opening[None].astype(np.float64), built[weeks]])
    by_then = np.concatenate([sold[0][None], sold[judged_on]])
    total: Floats = unsold_of_cohorts(cohorts, by_then)[1 + first :].sum(axis=(0, 3, 4))
    return total
