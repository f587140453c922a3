"""The launch's customers: when they reserve, what they want, how long they wait. Chance from named streams only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np

from pullcord.base import CityId, OrderId, PersonId, VariantId, stream
from pullcord.program import Program

SHOP_OPENS_HOUR, SHOP_CLOSES_HOUR = 8, 24  # local time; reservations spread evenly over these hours of a day


@dataclass(frozen=True, slots=True)
class Customer:
    """One person of the launch and what they will do when asked."""

    order_id: OrderId
    person_id: PersonId
    variant_id: VariantId
    plan: str
    city_id: CityId
    reserves_at: datetime  # UTC
    asks_after: timedelta | None  # from reservation to asking for a date; None: never asks
    patience_days: float  # the longest wait, from the quote to the date shown, that this person accepts
    pays_after: timedelta  # from the quote to the deposit
    locks_after: timedelta  # from the deposit to the lock, or to the change of mind
    changes_mind: bool  # cancels after the deposit instead of locking


def reservations_by_day(launch: Sequence[tuple[date, int]]) -> list[tuple[date, int]]:
    """Reservations of each day from cumulative counts, with the days between two counts sharing evenly.

    `launch`: (day, cumulative reservations at its end), in order. The first day's count is that day's own. What an
    even share leaves over goes to the earlier days.
    """
    days: list[tuple[date, int]] = []
    counted = 0
    for day, cumulative in launch:
        first = days[-1][0] + timedelta(days=1) if days else day
        span = (day - first).days + 1
        share, left_over = divmod(cumulative - counted, span)
        days += [(first + timedelta(days=i), share + (1 if i < left_over else 0)) for i in range(span)]
        counted = cumulative
    return days


def draw_customers(
    program: Program, variant_shares: Mapping[str, float], plan_shares: Mapping[str, float], seed: int
) -> list[Customer]:
    """The launch's customers in the order of their reservations.

    `variant_shares` and `plan_shares` each add up to one. Cities are drawn in proportion to their population.
    """
    per_day = reservations_by_day([(row.day, row.reservations_cumulative) for row in program.launch])
    count = sum(n for _, n in per_day)
    value = {key: assumption.value for key, assumption in program.assumptions.items()}
    offset = timedelta(hours=program.utc_offset_hours)

    arrivals = stream(seed, "launch.arrivals")
    open_hours = SHOP_CLOSES_HOUR - SHOP_OPENS_HOUR
    reserves_at: list[datetime] = []
    for day, reservations in per_day:
        opening = datetime.combine(day, time(SHOP_OPENS_HOUR), UTC) - offset
        seconds = np.sort(arrivals.uniform(0, open_hours * 3600, reservations))
        reserves_at += [opening + timedelta(seconds=int(s)) for s in seconds]

    def choose(name: str, shares: Mapping[str, float]) -> list[str]:
        names = list(shares)
        weights = np.array([shares[n] for n in names])
        picks = stream(seed, name).choice(len(names), size=count, p=weights / weights.sum())
        return [names[i] for i in picks]

    variants = choose("launch.variant", variant_shares)
    plans = choose("launch.plan", plan_shares)
    cities = choose("launch.city", {city.city_id: float(city.population) for city in program.cities})
    asks = stream(seed, "launch.asks").uniform(size=count) < value["reservation_to_order_share"]
    patience = stream(seed, "launch.patience").lognormal(
        np.log(value["patience_median_days"]), value["patience_sigma"], count
    )
    changes = stream(seed, "launch.changes_mind").uniform(size=count) < value["cancel_after_deposit_share"]
    delays = stream(seed, "launch.delays").exponential(1.0, (count, 3))
    hours = np.array([value["ask_delay_hours"], value["pay_delay_hours"], value["lock_delay_hours"]])
    hour_delays = delays * hours
    digits = len(str(count))
    return [
        Customer(
            order_id=OrderId(f"o-{i + 1:0{digits}d}"),
            person_id=PersonId(f"p-{i + 1:0{digits}d}"),
            variant_id=VariantId(variants[i]),
            plan=plans[i],
            city_id=CityId(cities[i]),
            reserves_at=reserves_at[i],
            asks_after=timedelta(seconds=int(hour_delays[i, 0] * 3600)) if asks[i] else None,
            patience_days=float(patience[i]),
            pays_after=timedelta(seconds=int(hour_delays[i, 1] * 3600)),
            locks_after=timedelta(seconds=int(hour_delays[i, 2] * 3600)),
            changes_mind=bool(changes[i]),
        )
        for i in range(count)
    ]
