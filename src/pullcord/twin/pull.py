"""The pull world: quote a date, build to order, call parts off from what shoppers want.

A shopper is quoted, for every variant, the earliest date that the first week open to promises, plant slots and parts
allow, and takes the best variant whose date lies within the shopper's own patience, if it beats leaving. Orders are
built in the week that was promised; where plant or parts fall short they slip week by week, and a customer whose
patience ends cancels before the build. Parts are called off weekly, a lead time ahead, from news as old as the delay:
one set for each variant, and a last one that all variants share. A unit needs both.
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
    """Decides each week's call-offs of parts from what is known by then. The last set of parts is the shared one."""

    def __init__(self, given: TwinInput, wants: News, orders: News, cases: Sequence[Case]) -> None:
        self._given, self._wants, self._orders = given, wants, orders
        self._informed = np.array([case.informed for case in cases])[:, None, None]
        _, _, kit, margin = economics(given)
        # A set short costs parts by air or the customer, whichever is less; a set over is held for a week.
        least_margin = np.append(margin, margin @ [variant.share for variant in given.variants])
        short = np.minimum(least_margin, given.expedite_cost) if given.expedite_cost > 0 else least_margin
        over = np.append(kit, given.common_cost) * capital_rate(given) * 7
        self._z = service_quantile(short, over, given.pull_service)
        # From the last known day until the next call-off's parts are there: all of it is cover, none of it lead. What
        # no order can use before the first promised week need not be there earlier (advance demand information).
        delays = np.array([case.delay_days for case in cases], dtype=np.float64)
        spared = min(given.open_weeks) - 1
        self._cover = delays[:, None] + 7.0 * np.maximum(lead_weeks(given) + 1 - spared, 0)
        self._spread = level_spread(given, np.zeros_like(self._cover), self._cover)

    def rates(self, day: int) -> Floats:
        """float[case, replication, set]: orders expected a day, never more than the plant can build."""
        launch = launch_rates(self._given)
        level = known_level(self._wants, day)
        usual = shares(launch, np.full(launch.shape, 1 / launch.size))
        heard = shares(self._wants.over(day, MIX_DAYS) + 7 * launch, usual)
        each = within(level * np.where(self._informed, heard, usual), self._given.planned_capacity / 7)
        return with_all(each)

    def target(self, rates: Floats) -> Floats:
        """float[case, replication, set]: sets that should be there or on order, beyond all orders heard of.

        They must last from the day of the news until the next call-off's parts are there, and no longer than the
        plant at full rate would take to use them.
        """
        forecast = rates * self._cover[:, None, :]
        safety = safety_units(rates, self._cover, self._spread, self._z)
        most = self._given.planned_capacity / 7 * self._cover[:, None, :]
        own = slice(None, -1)
        room = np.maximum(most[..., :1] - forecast[..., own].sum(axis=-1, keepdims=True), 0)
        safety[..., own] = np.minimum(safety[..., own], within(np.maximum(safety[..., own], 0), room))
        safety[..., -1] = np.minimum(safety[..., -1], np.maximum(most - forecast, 0)[..., -1])
        return np.asarray(forecast + safety)

    def call_off(self, day: int, called: Ints, committed: Ints) -> Ints:
        """int[case, replication, set]: sets of parts to call off now; accepted orders are always covered."""
        wanted = self.target(self.rates(day)) + self._orders.known(day) - called
        firm = committed - called
        return np.asarray(np.maximum(np.maximum(np.floor(wanted + 0.5).astype(np.int64), firm), 0))


def lead_weeks(given: TwinInput) -> Ints:
    """int[set]: weeks from call-off to the plant; the shared set comes last."""
    return np.array([given.kit_lead_weeks] * len(given.variants) + [given.common_lead_weeks], dtype=np.int64)


def with_all(each: Floats) -> Floats:
    """What is counted by variant, with the sum over variants as a last column."""
    return np.concatenate([each, each.sum(axis=-1, keepdims=True)], axis=-1)


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
    L, P, days, weeks, lead = S * R, V + 1, given.days, given.weeks, lead_weeks(given)
    _, cost, kit_cost, margin = economics(given)
    set_cost = np.append(kit_cost, given.common_cost)
    worth = kit_cost @ [variant.share for variant in given.variants] + given.common_cost  # of all parts of a unit
    transit = np.array([region.transit_days for region in given.regions])
    first_day, last_day = given.measured_days
    launch = np.broadcast_to(with_all(launch_rates(given)), (S, R, P))

    orders = News(days, launch, cases)
    planner = PullPlanner(given, wants, orders, cases)
    slots = SlotBook(given, L)

    # Opening: as many sets as the launch plan's own target says, a week's need of them due in each week of the lead.
    # `supply` counts sets that can be used by a week, `called` those called off so far, `committed` those promised.
    called = np.floor(planner.target(launch) + orders.known(0) + 0.5).astype(np.int64).reshape(L, P)
    weekly_need = np.minimum(np.floor(7 * launch + 0.5).astype(np.int64).reshape(L, P), called // (lead + 1))
    due_by = np.minimum(np.arange(slots.weeks), lead[:, None])  # [set, week]
    supply = (called - lead * weekly_need)[..., None] + weekly_need[..., None] * due_by
    committed, used = np.zeros((L, P), dtype=np.int64), np.zeros((L, P), dtype=np.int64)
    accepted = np.zeros(L, dtype=np.int64)

    places = line.day.size
    bought = np.full((places, L), NOBODY, dtype=np.int8)
    promised, delivered, slot_week, slot_day = (np.zeros((places, L), dtype=np.int16) for _ in range(4))
    by_air = np.zeros((places, L), dtype=np.bool_)
    slipping = np.full((L, 0), NOBODY, dtype=np.int32)
    moving_days, kit_days = np.zeros(L), np.zeros(L)
    built_weekly, backlog_weekly = np.zeros((L, weeks), dtype=np.int64), np.zeros((L, weeks), dtype=np.int64)
    kits_weekly = np.zeros((L, weeks))

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
                # Late parts are known on the Monday on which they should have come; they count a week later.
                due_now = supply[..., week] - supply[..., week - 1]
                supply[..., week] -= np.where(luck.kit_late[rep, :, week], due_now, 0)
            air_left = np.full(L, int(given.expedite_share_max * given.capacity_per_week))
            ready = _ready_week(supply, committed, week + 1, lead)  # [lane, set], first week with parts for one more
            ready_cells = ready.reshape(-1)
        open_week = week + given.open_weeks[weekday]
        air_week = max(week + 1 + given.expedite_lead_weeks, open_week)

        for k in range(line.first_place[day], line.first_place[day + 1]):
            parts_in = np.maximum(np.maximum(ready[:, :V], ready[:, V:]), open_week).reshape(S, R, V)
            wait = slots.build_day(lane_start[..., None] + parts_in) + (way[k] - day)[:, None]
            air = None
            if (parts_in > air_week).any():
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
            asked = np.where(flown, air_week, parts_in.reshape(-1)[cell])
            slot = slots.next_free[lanes, asked]
            waits = wait.reshape(-1)[cell]
            bought[k, lanes] = v
            promised[k, lanes] = day + waits
            slot_week[k, lanes] = slot
            slot_day[k, lanes] = day + waits - way[k, rep[lanes]]
            slots.take(lanes, slot, k)
            accepted[lanes] += 1
            if air is not None:
                by_air[k, lanes] = flown
                air_left[lanes] -= flown
                lanes, v = lanes[~flown], v[~flown]
            cell = np.concatenate([lanes * P + v, lanes * P + V])  # the variant's own set, and the shared one
            promised_sets = committed.reshape(-1)[cell] + 1
            committed.reshape(-1)[cell] = promised_sets
            while cell.size:
                at = ready_cells[cell]
                enough = supply.reshape(-1)[cell * slots.weeks + at] > promised_sets
                short = ~enough & (at < week + 1 + lead[cell % P])
                ready_cells[cell] += short
                cell, promised_sets = cell[short], promised_sets[short]

        orders.at_end_of(day)[...] = committed.reshape(S, R, P)
        if weekday != 6:
            continue

        # The week's build: orders that slipped come first, then those promised for this week.
        due = np.concatenate([slipping, slots.holder[:, week]], axis=1)
        open_order = due != NOBODY
        place = np.where(open_order, due, 0)
        variant = np.where(open_order, bought[place, lane[:, None]], NOBODY)
        flown_in = by_air[place, lane[:, None]] & open_order
        on_hand = supply[..., week] - used
        has_own = np.zeros_like(flown_in)
        for kind in range(V):
            has_own |= _first(on_hand[:, kind], (variant == kind) & ~flown_in)
        made = _first(luck.capacity[rep, week], flown_in | _first(on_hand[:, V], has_own))
        at, i = np.nonzero(made)
        who, v = place[at, i], variant[at, i]
        from_stock = (~flown_in[at, i]).astype(np.int64)
        for part_set in (v, np.full_like(v, V)):
            np.add.at(used, (at, part_set), from_stock)
        on_the_road = np.maximum(way[who, rep[at]] + line.transit_noise_days[who, rep[at]], 1)
        delivered[who, at] = slot_day[who, at] + 7 * (week - slot_week[who, at]) + on_the_road
        inside = (line.day[who] >= first_day) & (line.day[who] < last_day)
        np.add.at(moving_days, at, on_the_road * cost[v] * inside)
        built_weekly[:, week] = made.sum(axis=1)

        # Whoever cannot wait another week cancels now, before the build, and leaves the parts to the next.
        late = open_order & ~made
        at, i = np.nonzero(late)
        who = place[at, i]
        next_day = slot_day[who, at] + 7 * (week + 1 - slot_week[who, at]) + way[who, rep[at]]
        leaves = next_day - line.day[who] > line.patience_days[who, rep[at]]
        late[at[leaves], i[leaves]] = False
        who, at = who[leaves], at[leaves]
        v, flown = bought[who, at].astype(np.int64), by_air[who, at]
        np.add.at(accepted, at, -1)
        for part_set in (v, np.full_like(v, V)):
            np.add.at(committed, (at, part_set), -(~flown).astype(np.int64))
            np.add.at(called, (at, part_set), flown.astype(np.int64))
            np.add.at(supply, (at, part_set), (flown[:, None] & (np.arange(slots.weeks) > week)).astype(np.int64))
        bought[who, at] = NOBODY
        slipping = _keep(place, late)
        slots.give_way(week + 1, late.sum(axis=1))

        called_now = planner.call_off(day + 1, called.reshape(S, R, P), committed.reshape(S, R, P)).reshape(L, P)
        called += called_now
        supply += called_now[..., None] * (np.arange(slots.weeks) > week + lead[:, None])
        value = ((supply[..., week] - used) * set_cost).sum(axis=1)
        kits_weekly[:, week] = value / worth
        backlog_weekly[:, week] = accepted - built_weekly[:, : week + 1].sum(axis=1)
        if first_day <= day < last_day:
            kit_days += 7 * value

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


def _ready_week(supply: Ints, committed: Ints, earliest: int, lead: Ints) -> Ints:
    """int[lane, set]: first week in which the next order's parts can be used.

    Parts called off at the end of this week can be used `lead` weeks after the earliest week at the latest.
    """
    ahead = supply[..., earliest : earliest + int(lead.max())] <= committed[..., None]
    return np.asarray(earliest + np.minimum(ahead.sum(axis=-1), lead))


def _first(number: Ints, of: Bools) -> Bools:
    """The first `number` (int[lane]) marked ones of each lane: bool[lane, order]."""
    return of & (np.cumsum(of, axis=1) <= number[:, None])


def _keep(place: Ints, kept: Bools) -> NDArray[np.int32]:
    """int32[lane, order]: the kept orders of each lane, in their order, filled up with nobody."""
    longest = int(kept.sum(axis=1).max(initial=0))
    first = np.argsort(~kept, axis=1, kind="stable")[:, :longest]
    return np.take_along_axis(np.where(kept, place, NOBODY), first, axis=1).astype(np.int32)
