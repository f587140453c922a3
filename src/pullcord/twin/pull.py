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
        return forecast + np.where(safety > 0, within(np.maximum(safety, 0), room), safety)

    def call_off(self, day: int, called: Ints, committed: Ints) -> Ints:
        """int[case, replication, variant]: kits to call off now; accepted orders are always covered."""
        rates = self.rates(day)
        wanted = self.target(rates) + self._orders.known(day) - called
        firm = committed - called
        return np.maximum(np.maximum(np.floor(wanted + 0.5).astype(np.int64), firm), 0)


class SlotBook:
    """Weekly build slots: how many are free, and who holds those that are taken, in order of promise."""

    def __init__(self, given: TwinInput, cases: int, replications: int) -> None:
        self.capacity = given.planned_capacity
        self.horizon_weeks = given.quote_horizon_weeks
        self.weeks = given.weeks + given.quote_horizon_weeks + 2
        shape = (cases, replications, self.weeks)
        self.free = np.full(shape, self.capacity, dtype=np.int64)
        self.next_free = np.broadcast_to(np.arange(self.weeks), shape).copy()
        self.holder = np.full((*shape, self.capacity), NOBODY, dtype=np.int32)
        self._held = np.zeros(shape, dtype=np.int64)

    def build_day(self, s: Ints, r: Ints, week: Ints) -> Ints:
        """Day on which the next order would be built if it took a slot in the first free week from `week` on."""
        slot = self.next_free[s, r, week]
        return 7 * slot + 7 * (self.capacity - self.free[s, r, slot]) // self.capacity

    def take(self, s: Ints, r: Ints, week: Ints, place: int) -> None:
        """Give one slot of `week` to the shopper in `place`; each (case, replication) occurs once."""
        self.holder[s, r, week, self._held[s, r, week]] = place
        self._held[s, r, week] += 1
        self.free[s, r, week] -= 1
        self._close(s, r, week)

    def give_way(self, week: int, slipped: Ints) -> None:
        """Take slots from `week` on for orders that slipped: int[case, replication]."""
        due = slipped.copy()
        while due.any() and week < self.weeks:
            used = np.minimum(due, self.free[:, :, week])
            self.free[:, :, week] -= used
            due -= used
            s, r = np.nonzero(used)
            self._close(s, r, np.full(s.size, week))
            week += 1

    def _close(self, s: Ints, r: Ints, week: Ints) -> None:
        full = self.free[s, r, week] == 0
        if full.any():
            # Look up the next free week afresh where one has filled up: the last week always counts as free.
            s, r = s[full], r[full]
            weeks = np.arange(self.weeks)
            open_weeks = np.where(self.free[s, r] > 0, weeks, self.weeks - 1)
            self.next_free[s, r] = np.minimum.accumulate(open_weeks[:, ::-1], axis=1)[:, ::-1]


def _patience_beyond(given: TwinInput, days: int) -> Floats:
    """float[days + 1]: share of shoppers who would wait that many days, as the seller knows it."""
    normal = NormalDist(log(given.patience_median_days), given.patience_sigma)
    return np.array([1.0] + [1 - normal.cdf(log(d)) for d in range(1, days + 1)])


def pull_world(given: TwinInput, line: Queue, wants: News, luck: Luck, cases: Sequence[Case]) -> Outcome:
    """What becomes of everybody in `line` when units are quoted, ordered and then built."""
    S, R, V = len(cases), line.shopper.shape[1], len(given.variants)
    days, weeks, lead = given.days, given.weeks, given.kit_lead_weeks
    _, cost, kit_cost, margin = economics(given)
    transit = np.array([region.transit_days for region in given.regions])
    first_day, last_day = given.measured_days
    launch = np.broadcast_to(launch_rates(given), (S, R, V))

    orders = News(days, launch, cases)
    planner = PullPlanner(given, wants, orders, cases)
    slots = SlotBook(given, S, R)

    # Opening: as many kits as the launch plan's own target says, a week's need of them due in each week of the lead.
    # `supply` counts kits that can be used by a week, `called` those called off so far, `committed` those promised.
    called = np.floor(planner.target(launch) + orders.known(0) + 0.5).astype(np.int64)
    supply = np.zeros((S, R, V, slots.weeks), dtype=np.int64)
    weekly_need = np.minimum(np.floor(7 * launch + 0.5).astype(np.int64), called // (lead + 1))
    for week in range(lead + 1):
        supply[..., week:] += (called - lead * weekly_need if week == 0 else weekly_need)[..., None]
    committed = np.zeros((S, R, V), dtype=np.int64)
    used = np.zeros((S, R, V), dtype=np.int64)
    accepted = np.zeros((S, R, V), dtype=np.int64)
    ready = np.zeros((S, R, V), dtype=np.int64)
    air_left = np.zeros((S, R), dtype=np.int64)

    places = line.day.size
    bought = np.full((places, S, R), NOBODY, dtype=np.int8)
    promised = np.zeros((places, S, R), dtype=np.int16)
    delivered = np.zeros((places, S, R), dtype=np.int16)
    by_air = np.zeros((places, S, R), dtype=np.bool_)
    slot_week = np.zeros((places, S, R), dtype=np.int16)
    slot_day = np.zeros((places, S, R), dtype=np.int16)
    slipping = np.full((S, R, 0), NOBODY, dtype=np.int32)
    moving_days, kit_days = np.zeros((S, R)), np.zeros((S, R))
    built_weekly = np.zeros((S, R, weeks), dtype=np.int64)
    backlog_weekly = np.zeros((S, R, weeks), dtype=np.int64)
    kits_weekly = np.zeros((S, R, weeks), dtype=np.int64)

    would_wait = _patience_beyond(given, 7 * slots.weeks + 100)
    case, rep = np.arange(S)[:, None], np.arange(R)[None, :]
    case_3, rep_3 = case[..., None], rep[..., None]
    longest = 7.0 * given.quote_horizon_weeks

    for day in range(days):
        week, weekday = divmod(day, 7)
        if weekday == 0:
            # A late delivery is known on the Monday on which it should have come: those kits count a week later.
            due_now = supply[..., week] - (supply[..., week - 1] if week else 0)
            if week:
                supply[..., week] -= np.where(luck.kit_late[None, :, :, week], due_now, 0)
            earliest = week + 1
            ready[...] = _ready_week(supply, committed, earliest, lead)
            air_left[...] = int(given.expedite_share_max * given.capacity_per_week)
            air_week = np.full((S, R), earliest + given.expedite_lead_weeks)

        for k in range(line.first_place[day], line.first_place[day + 1]):
            way = transit[line.region[k]]
            days_needed = slots.build_day(case_3, rep_3, ready) + way[None, :, None] - day
            days_by_air = slots.build_day(case, rep, air_week) + way - day
            # Parts go by air where the margin they save, at the known spread of patience, is worth their cost.
            saved = margin * (would_wait[days_by_air][..., None] - would_wait[days_needed])
            air = (saved > given.expedite_cost) & (air_left > 0)[..., None]
            wait = np.where(air, days_by_air[..., None], days_needed)
            patience = np.minimum(line.patience_days[k], longest)
            value = np.where(wait <= patience[None, :, None], line.utility[k], -np.inf)
            pick = value.argmax(axis=2)
            buys = value.max(axis=2) > line.outside[k]
            if not buys.any():
                continue
            s, r = np.nonzero(buys)
            v = pick[s, r]
            flown = air[s, r, v]
            slot = slots.next_free[s, r, np.where(flown, air_week[s, r], ready[s, r, v])]
            bought[k, s, r] = v
            promised[k, s, r] = day + wait[s, r, v]
            by_air[k, s, r] = flown
            slot_week[k, s, r] = slot
            slot_day[k, s, r] = promised[k, s, r] - way[r]
            slots.take(s, r, slot, k)
            air_left[s, r] -= flown
            accepted[s, r, v] += 1
            s, r, v = s[~flown], r[~flown], v[~flown]
            committed[s, r, v] += 1
            short = np.ones(s.size, dtype=np.bool_)
            while short.any():
                short = (supply[s, r, v, ready[s, r, v]] <= committed[s, r, v]) & (ready[s, r, v] < week + 1 + lead)
                ready[s, r, v] += short

        orders.at_end_of(day)[...] = committed
        if weekday != 6:
            continue

        # The week's build: orders that slipped come first, then those promised for this week.
        due = np.concatenate([slipping, slots.holder[:, :, week]], axis=2)
        open_order = due != NOBODY
        place = np.where(open_order, due, 0)
        variant = np.where(open_order, bought[place, case_3, rep_3], NOBODY)
        flown_in = by_air[place, case_3, rep_3] & open_order
        has_kit = flown_in.copy()
        for v in range(V):
            needs = (variant == v) & ~flown_in
            has_kit |= needs & (np.cumsum(needs, axis=2) <= (supply[..., v, week] - used[..., v])[..., None])
        made = has_kit & (np.cumsum(has_kit, axis=2) <= luck.capacity[None, :, week, None])
        s, r, i = np.nonzero(made)
        k, v = place[s, r, i], variant[s, r, i]
        np.add.at(used, (s, r, v), (~flown_in[s, r, i]).astype(np.int64))
        built_on = slot_day[k, s, r] + 7 * (week - slot_week[k, s, r])
        on_the_road = np.maximum(transit[line.region[k, r]] + line.transit_noise_days[k, r], 1)
        delivered[k, s, r] = built_on + on_the_road
        inside = (line.day[k] >= first_day) & (line.day[k] < last_day)
        np.add.at(moving_days, (s, r), on_the_road * cost[v] * inside)
        built_weekly[..., week] = made.sum(axis=2)

        # Whoever cannot wait another week cancels now, before the build, and leaves the kit to the next.
        late = open_order & ~made
        s, r, i = np.nonzero(late)
        k = place[s, r, i]
        next_day = slot_day[k, s, r] + 7 * (week + 1 - slot_week[k, s, r]) + transit[line.region[k, r]]
        leaves = next_day - line.day[k] > np.minimum(line.patience_days[k, r], longest + 7 * 4)
        late[s[leaves], r[leaves], i[leaves]] = False
        gone_s, gone_r, gone_k = s[leaves], r[leaves], k[leaves]
        gone_v = bought[gone_k, gone_s, gone_r].astype(np.int64)
        flown = by_air[gone_k, gone_s, gone_r]
        np.add.at(committed, (gone_s, gone_r, gone_v), -(~flown).astype(np.int64))
        np.add.at(called, (gone_s, gone_r, gone_v), flown.astype(np.int64))
        left_over = flown[:, None] & (np.arange(slots.weeks) > week)
        np.add.at(supply, (gone_s, gone_r, gone_v), left_over.astype(np.int64))
        np.add.at(accepted, (gone_s, gone_r, gone_v), -1)
        bought[gone_k, gone_s, gone_r] = NOBODY
        slipping = _keep(place, late)
        slots.give_way(week + 1, late.sum(axis=2))

        called_now = planner.call_off(day + 1, called, committed)
        called += called_now
        supply[..., week + 1 + lead :] += called_now[..., None]
        on_hand = supply[..., week] - used
        kits_weekly[..., week] = on_hand.sum(axis=-1)
        backlog_weekly[..., week] = accepted.sum(axis=-1) - built_weekly[..., : week + 1].sum(axis=-1)
        if first_day <= day < last_day:
            kit_days += 7 * (on_hand * kit_cost).sum(axis=-1)

    return Outcome(
        bought=bought,
        promised_day=promised,
        delivered_day=delivered,
        marked_down=np.zeros_like(by_air),
        expedited=by_air,
        unsold=np.zeros((S, R)),
        standing_value_days=np.zeros((S, R)),
        moving_value_days=moving_days,
        kit_value_days=kit_days,
        built=built_weekly,
        stock=np.zeros((S, R, weeks), dtype=np.int64),
        backlog=backlog_weekly,
        kits=kits_weekly,
    )


def _ready_week(supply: Ints, committed: Ints, earliest: int, lead: int) -> Ints:
    """int[case, replication, variant]: first week in which the next order's kit can be used.

    Parts called off at the end of this week can be used `lead` weeks after the earliest week at the latest.
    """
    ahead = supply[..., earliest : earliest + lead] <= committed[..., None]
    return np.minimum(earliest + ahead.sum(axis=-1), earliest + lead)


def _keep(place: Ints, kept: Bools) -> Ints:
    """The kept orders of each (case, replication), in their order, filled up with nobody."""
    longest = int(kept.sum(axis=2).max(initial=0))
    first = np.argsort(~kept, axis=2, kind="stable")[:, :, :longest]
    orders = np.take_along_axis(np.where(kept, place, NOBODY), first, axis=2)
    return orders.astype(np.int32)
