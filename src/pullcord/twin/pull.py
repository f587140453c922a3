"""The pull world: quote a date, build to order, call parts off from what shoppers want.

A shopper is quoted, for every variant, the earliest date that plant slots and parts allow, and takes the best variant
whose date lies within the shopper's own patience, if it beats leaving. Orders are built in the week that was promised;
where plant or parts fall short they slip week by week, and a customer whose patience ends cancels before the build.
Parts that only one variant needs are called off weekly, a lead time ahead, from news as old as the delay.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

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
    within,
)
from .shoppers import NOBODY, Bools, Floats, Ints, Luck, Queue


class PullPlanner:
    """Decides each week's call-offs of parts from what is known by then."""

    def __init__(self, given: TwinInput, wants: News, orders: News, cases: Sequence[Case]) -> None:
        self._given, self._wants, self._orders = given, wants, orders
        self._informed = np.array([case.informed for case in cases])[:, None, None]
        _, _, kit, margin = economics(given)
        # A kit short costs parts by air or the customer, whichever is less; a kit over is held for a week.
        short = np.minimum(margin, given.expedite_cost) if given.expedite_cost > 0 else margin
        self._z = service_quantile(short, kit * capital_rate(given) * 7, given.pull_service)
        # From the last known day until the next call-off's parts are there: all of it is cover, none of it lead.
        self._cover = np.array([case.delay_days + 7.0 * (given.kit_lead_weeks + 1) for case in cases])
        self._spread = level_spread(given, np.zeros(len(cases)), self._cover)

    def rates(self, day: int) -> Floats:
        """float[case, replication, variant]: orders expected a day, never more than the plant can build."""
        launch = launch_rates(self._given)
        level = known_level(self._wants, day)
        usual = shares(launch, np.full(launch.shape, 1 / launch.size))
        heard = shares(self._wants.over(day, MIX_DAYS) + 7 * launch, usual)
        return within(level * np.where(self._informed, heard, usual), self._given.planned_capacity / 7)

    def target(self, rates: Floats) -> Floats:
        """float[case, replication, variant]: kits that should be there or on order, beyond all orders heard of.

        They must last from the day of the news until the next call-off's parts are there, and no longer than the
        plant at full rate would take to use them.
        """
        cover = self._cover[:, None, None]
        forecast = rates * cover
        safety = safety_units(rates, self._cover, self._spread, self._z)
        most = self._given.planned_capacity / 7 * cover
        room = np.maximum(most - forecast.sum(axis=-1, keepdims=True), 0)
        return np.asarray(forecast + np.where(safety > 0, within(np.maximum(safety, 0), room), safety))

    def call_off(self, day: int, called: Ints, committed: Ints) -> Ints:
        """int[case, replication, variant]: kits to call off now; accepted orders are always covered."""
        rates = self.rates(day)
        wanted = self.target(rates) + self._orders.known(day) - called
        firm = committed - called
        return np.asarray(np.maximum(np.maximum(np.floor(wanted + 0.5).astype(np.int64), firm), 0))


class SlotBook:
    """Weekly build slots of each lane: how many are free, and who holds the others, in order of promise.

    A lane is one case of one replication.
    """

    def __init__(self, given: TwinInput, lanes: int) -> None:
        self.capacity = given.planned_capacity
        self.weeks = given.weeks + given.quote_horizon_weeks + 2
        self.free = np.full((lanes, self.weeks), self.capacity, dtype=np.int64)
        self.next_free = np.tile(np.arange(self.weeks), (lanes, 1))  # first week from this one on with a free slot
        self.next_day = 7 * self.next_free  # on which the next order given a slot of this week would be built
        self.holder = np.full((lanes, self.weeks, self.capacity), NOBODY, dtype=np.int32)
        self._held = np.zeros((lanes, self.weeks), dtype=np.int64)

    def build_day(self, at: Ints) -> Ints:
        """Day on which an order would be built if it took a slot in the first free week from the one `at` on.

        `at` holds lane * weeks + week, in any shape.
        """
        slot = self.next_free.reshape(-1).take(at)
        return self.next_day.reshape(-1).take(at - at % self.weeks + slot)

    def take(self, lanes: Ints, week: Ints, place: int) -> None:
        """Give one slot of `week` to the shopper in `place`, in each of these lanes; no lane may occur twice."""
        held, free = self._held[lanes, week], self.free[lanes, week] - 1
        self.holder[lanes, week, held] = place
        self._held[lanes, week] = held + 1
        self._set_free(lanes, week, free)

    def give_way(self, week: int, slipped: Ints) -> None:
        """Take slots from `week` on for orders that slipped: int[lane]."""
        due = slipped.copy()
        while due.any() and week < self.weeks:
            used = np.minimum(due, self.free[:, week])
            due -= used
            lanes = np.flatnonzero(used)
            self._set_free(lanes, np.full(lanes.size, week), (self.free[:, week] - used)[lanes])
            week += 1

    def _set_free(self, lanes: Ints, week: Ints, free: Ints) -> None:
        self.free[lanes, week] = free
        self.next_day[lanes, week] = 7 * week + 7 * (self.capacity - free) // self.capacity
        if (free == 0).any():
            # Look up the next free week afresh where one has filled up: the last week always counts as free.
            lanes = lanes[free == 0]
            open_weeks = np.where(self.free[lanes] > 0, np.arange(self.weeks), self.weeks - 1)
            self.next_free[lanes] = np.minimum.accumulate(open_weeks[:, ::-1], axis=1)[:, ::-1]


def _patience_beyond(given: TwinInput, days: int) -> Floats:
    """float[days + 1]: share of shoppers who would wait that many days, as the seller knows it."""
    normal = NormalDist(log(given.patience_median_days), given.patience_sigma)
    return np.array([1.0] + [1 - normal.cdf(log(d)) for d in range(1, days + 1)])


def pull_world(given: TwinInput, line: Queue, wants: News, luck: Luck, cases: Sequence[Case]) -> Outcome:
    """What becomes of everybody in `line` when units are quoted, ordered and then built.

    All cases of all replications advance together; one case of one replication is a lane.
    """
    S, R, V = len(cases), line.shopper.shape[1], len(given.variants)
    L, days, weeks, lead = S * R, given.days, given.weeks, given.kit_lead_weeks
    _, cost, kit_cost, margin = economics(given)
    transit = np.array([region.transit_days for region in given.regions])
    first_day, last_day = given.measured_days
    launch = np.broadcast_to(launch_rates(given), (S, R, V))

    orders = News(days, launch, cases)
    planner = PullPlanner(given, wants, orders, cases)
    slots = SlotBook(given, L)

    # Opening: as many kits as the launch plan's own target says, a week's need of them due in each week of the lead.
    # `supply` counts kits that can be used by a week, `called` those called off so far, `committed` those promised.
    called = np.floor(planner.target(launch) + orders.known(0) + 0.5).astype(np.int64).reshape(L, V)
    weekly_need = np.minimum(np.floor(7 * launch + 0.5).astype(np.int64).reshape(L, V), called // (lead + 1))
    supply = np.repeat((called - lead * weekly_need)[..., None], slots.weeks, axis=2)
    for week in range(1, lead + 1):
        supply[..., week:] += weekly_need[..., None]
    committed, used, accepted = (np.zeros((L, V), dtype=np.int64) for _ in range(3))

    places = line.day.size
    bought = np.full((places, L), NOBODY, dtype=np.int8)
    promised, delivered, slot_week, slot_day = (np.zeros((places, L), dtype=np.int16) for _ in range(4))
    by_air = np.zeros((places, L), dtype=np.bool_)
    slipping = np.full((L, 0), NOBODY, dtype=np.int32)
    moving_days, kit_days = np.zeros(L), np.zeros(L)
    built_weekly, backlog_weekly, kits_weekly = (np.zeros((L, weeks), dtype=np.int64) for _ in range(3))

    would_wait = _patience_beyond(given, 7 * slots.weeks + 100)
    patience = np.minimum(line.patience_days, 7.0 * given.quote_horizon_weeks)
    way = transit[line.region]  # [place, replication]
    lane = np.arange(L)
    rep = lane % R
    lane_start = (lane * slots.weeks).reshape(S, R)

    for day in range(days):
        week, weekday = divmod(day, 7)
        if weekday == 0:
            if week:
                # Late kits are known on the Monday on which they should have come; they count a week later.
                due_now = supply[..., week] - supply[..., week - 1]
                supply[..., week] -= np.where(luck.kit_late[rep, :, week], due_now, 0)
            air_week = week + 1 + given.expedite_lead_weeks
            air_left = np.full(L, int(given.expedite_share_max * given.capacity_per_week))
            ready = lane_start[..., None] + _ready_week(supply, committed, week + 1, lead).reshape(S, R, V)
            ready_cells = ready.reshape(-1)  # of each variant: where its first week with a kit lies in the slot book

        for k in range(line.first_place[day], line.first_place[day + 1]):
            wait = slots.build_day(ready) + (way[k] - day)[:, None]
            air = None
            if (ready - lane_start[..., None] > air_week).any():
                # Parts go by air where the margin they save, at the known spread of patience, is worth their cost.
                wait_by_air = (slots.build_day(lane_start + air_week) + way[k] - day)[..., None]
                saved = margin * (would_wait.take(wait_by_air) - would_wait.take(wait))
                air = (saved > given.expedite_cost) & (air_left > 0).reshape(S, R, 1)
                wait = np.where(air, wait_by_air, wait)
            value = np.where(wait <= patience[k][:, None], line.utility[k], -np.inf)
            lanes = np.flatnonzero(value.max(axis=2) > line.outside[k])
            if not lanes.size:
                continue
            v = value.argmax(axis=2).reshape(-1)[lanes]
            cell = lanes * V + v
            flown = air.reshape(-1)[cell] if air is not None else np.zeros(lanes.size, dtype=np.bool_)
            asked = np.where(flown, air_week, ready_cells[cell] - lanes * slots.weeks)
            slot = slots.next_free[lanes, asked]
            waits = wait.reshape(-1)[cell]
            bought[k, lanes] = v
            promised[k, lanes] = day + waits
            slot_week[k, lanes] = slot
            slot_day[k, lanes] = day + waits - way[k, rep[lanes]]
            slots.take(lanes, slot, k)
            accepted.reshape(-1)[cell] += 1
            if air is not None:
                by_air[k, lanes] = flown
                air_left[lanes] -= flown
                lanes, v, cell = lanes[~flown], v[~flown], cell[~flown]
            promised_kits = committed.reshape(-1)[cell] + 1
            committed.reshape(-1)[cell] = promised_kits
            while lanes.size:
                at = ready_cells[cell] - lanes * slots.weeks
                short = (supply[lanes, v, at] <= promised_kits) & (at < week + 1 + lead)
                ready_cells[cell] += short
                lanes, v, cell, promised_kits = lanes[short], v[short], cell[short], promised_kits[short]

        orders.at_end_of(day)[...] = committed.reshape(S, R, V)
        if weekday != 6:
            continue

        # The week's build: orders that slipped come first, then those promised for this week.
        due = np.concatenate([slipping, slots.holder[:, week]], axis=1)
        open_order = due != NOBODY
        place = np.where(open_order, due, 0)
        variant = np.where(open_order, bought[place, lane[:, None]], NOBODY)
        flown_in = by_air[place, lane[:, None]] & open_order
        has_kit = flown_in.copy()
        for kind in range(V):
            needs = (variant == kind) & ~flown_in
            has_kit |= needs & (np.cumsum(needs, axis=1) <= (supply[:, kind, week] - used[:, kind])[:, None])
        made = has_kit & (np.cumsum(has_kit, axis=1) <= luck.capacity[rep, week][:, None])
        at, i = np.nonzero(made)
        who, v = place[at, i], variant[at, i]
        np.add.at(used, (at, v), (~flown_in[at, i]).astype(np.int64))
        on_the_road = np.maximum(way[who, rep[at]] + line.transit_noise_days[who, rep[at]], 1)
        delivered[who, at] = slot_day[who, at] + 7 * (week - slot_week[who, at]) + on_the_road
        inside = (line.day[who] >= first_day) & (line.day[who] < last_day)
        np.add.at(moving_days, at, on_the_road * cost[v] * inside)
        built_weekly[:, week] = made.sum(axis=1)

        # Whoever cannot wait another week cancels now, before the build, and leaves the kit to the next.
        late = open_order & ~made
        at, i = np.nonzero(late)
        who = place[at, i]
        next_day = slot_day[who, at] + 7 * (week + 1 - slot_week[who, at]) + way[who, rep[at]]
        leaves = next_day - line.day[who] > line.patience_days[who, rep[at]]
        late[at[leaves], i[leaves]] = False
        who, at = who[leaves], at[leaves]
        v, flown = bought[who, at].astype(np.int64), by_air[who, at]
        np.add.at(committed, (at, v), -(~flown).astype(np.int64))
        np.add.at(accepted, (at, v), -1)
        np.add.at(called, (at, v), flown.astype(np.int64))
        np.add.at(supply, (at, v), (flown[:, None] & (np.arange(slots.weeks) > week)).astype(np.int64))
        bought[who, at] = NOBODY
        slipping = _keep(place, late)
        slots.give_way(week + 1, late.sum(axis=1))

        called_now = planner.call_off(day + 1, called.reshape(S, R, V), committed.reshape(S, R, V)).reshape(L, V)
        called += called_now
        supply[..., week + 1 + lead :] += called_now[..., None]
        on_hand = supply[..., week] - used
        kits_weekly[:, week] = on_hand.sum(axis=1)
        backlog_weekly[:, week] = accepted.sum(axis=1) - built_weekly[:, : week + 1].sum(axis=1)
        if first_day <= day < last_day:
            kit_days += 7 * (on_hand * kit_cost).sum(axis=1)

    by_place, by_week = (places, S, R), (S, R, weeks)
    return Outcome(
        bought=bought.reshape(by_place),
        promised_day=promised.reshape(by_place),
        delivered_day=delivered.reshape(by_place),
        marked_down=np.zeros(by_place, dtype=np.bool_),
        expedited=by_air.reshape(by_place),
        unsold=np.zeros((S, R)),
        standing_value_days=np.zeros((S, R)),
        moving_value_days=moving_days.reshape(S, R),
        kit_value_days=kit_days.reshape(S, R),
        built=built_weekly.reshape(by_week),
        stock=np.zeros(by_week, dtype=np.int64),
        backlog=backlog_weekly.reshape(by_week),
        kits=kits_weekly.reshape(by_week),
    )


def _ready_week(supply: Ints, committed: Ints, earliest: int, lead: int) -> Ints:
    """int[lane, variant]: first week in which the next order's kit can be used.

    Parts called off at the end of this week can be used `lead` weeks after the earliest week at the latest.
    """
    ahead = supply[..., earliest : earliest + lead] <= committed[..., None]
    return np.asarray(np.minimum(earliest + ahead.sum(axis=-1), earliest + lead))


def _keep(place: Ints, kept: Bools) -> NDArray[np.int32]:
    """int32[lane, order]: the kept orders of each lane, in their order, filled up with nobody."""
    longest = int(kept.sum(axis=1).max(initial=0))
    first = np.argsort(~kept, axis=1, kind="stable")[:, :longest]
    return np.take_along_axis(np.where(kept, place, NOBODY), first, axis=1).astype(np.int32)
