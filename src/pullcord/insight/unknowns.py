"""What would change our mind, first half: how far each thing that nobody knows moves the forecast."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import numpy as np

from pullcord import demand
from pullcord.demand import Level, ShareDraws, Signal, Taste
from pullcord.outlook import TAKEN_BEFORE, WEEKS_PER_MONTH, Outlook
from pullcord.program import Assumption

from .level import Believed, ToldOrders, learn
from .model import SegmentUnits, TakeRate, Unknown
from .splits import NORMAL_95

LOW_AND_HIGH = "assumptions.csv, low and high"
LAUNCH = (
    ("launch_first_week_multiple", "demand of the launch week"),
    ("launch_decay_weeks", "weeks until the launch fades"),
    ("signal_relative_error", "error of profile and conversions"),
)
MINUS = "\u2212"
POINT_DRAWS = 100  # where only the point is asked for, the draws do not matter


def unknowns(
    outlook: Outlook,
    drawn: ShareDraws,
    segments: tuple[SegmentUnits, ...],
    rates: tuple[TakeRate, ...],
    *,
    orders: ToldOrders | None = None,
    learned: Believed | None = None,
) -> tuple[Unknown, ...]:
    """Every unknown, the one that moves most units first; all others are held at their middle.

    Before any order is told of, the whole hangs on the own constant and the tastes, and on how reservations convert;
    after that on how much of the long run the orders stand for.
    """
    if orders is not None and learned is not None:
        base = learned.mean
        found = _after_orders(outlook, orders, learned)
    else:
        base = drawn.point * outlook.market.units_per_month
        found = [_constant(outlook, drawn)]
        found += [_taste(outlook, drawn, taste) for taste in outlook.program.tastes if taste.standard_error > 0]
        found += conversions(outlook)
    found += [row for row in (_widest_rate(base, rates), _widest_segment(base, segments)) if row is not None]
    return tuple(sorted(found, key=lambda row: (-row.swing, row.key)))


def _after_orders(outlook: Outlook, orders: ToldOrders, learned: Believed) -> list[Unknown]:
    """What moves the whole once orders are counted: what is left of the belief, and what the counting rests on."""
    low, high = np.quantile(learned.draws, [0.025, 0.975])
    made = [
        Unknown(
            "level", f"long-run demand, {orders.total:,} orders counted", "all units",
            round(learned.mean, 3), round(float(low), 3), round(float(high), 3), "2.5 %", "97.5 %",
            "belief before the launch, and released orders",
        )
    ]  # fmt: skip
    draws = len(learned.draws)
    for key, name in LAUNCH:
        row = outlook.program.assumptions[key]
        ends = [learn(outlook, orders, draws, other={key: value}) for value in (row.low, row.high)]
        at = [learned.mean if end is None else end.mean for end in ends]
        made.append(
            Unknown(
                key, name, "all units", round(learned.mean, 3), round(at[0], 3), round(at[1], 3),
                f"{row.low:g}", f"{row.high:g}", LOW_AND_HIGH,
            )
        )  # fmt: skip
    return [row for row in made if row.swing > 0]


def _constant(outlook: Outlook, drawn: ShareDraws) -> Unknown:
    """The newcomer's own constant: everything about it that no column says."""
    size, low, high = outlook.market.units_per_month, *np.quantile(drawn.surprise, [0.025, 0.975])
    at = [_moved(drawn.point, float(shift)) * size for shift in (low, high)]
    return Unknown(
        "constant",
        f"own constant of {outlook.newcomer.name}",
        "all units",
        round(drawn.point * size, 3),
        round(at[0], 3),
        round(at[1], 3),
        f"{low:+.2f} utility".replace("-", MINUS),
        f"{high:+.2f} utility",
        f"spread of {drawn.known} rivals' constants" + (f", {drawn.censored} censored" if drawn.censored else ""),
    )


def _moved(share: float, utility: float) -> float:
    """A share after its utility has changed, all others as they were. Source: Train (2009), eq. 3.6."""
    odds = share / (1 - share) * np.exp(utility)
    return float(odds / (1 + odds))


def _taste(outlook: Outlook, drawn: ShareDraws, taste: Taste) -> Unknown:
    """A taste at the ends of its interval: the rivals are calibrated anew, for their constants hang on it too."""
    size = outlook.market.units_per_month
    at, ends = [], []
    for sign in (-1, 1):
        mean = taste.mean + sign * NORMAL_95 * taste.standard_error
        program = outlook.program
        tastes = tuple(replace(t, mean=mean) if t is taste else t for t in program.tastes)
        other = Outlook(replace(program, tastes=tastes))
        point = demand.draw_shares(other.market, other.newcomer, seed=program.seed, draws=POINT_DRAWS).point
        at.append(round(point * size, 3))
        ends.append(f"{mean:.4f} per {taste.unit}".replace("-", MINUS))
    name = "price" if taste.attribute.startswith("price_") else taste.attribute.replace("_", " ")
    base = round(drawn.point * size, 3)
    return Unknown(
        f"taste {taste.attribute}", f"taste for {name}", "all units", base, at[0], at[1], ends[0], ends[1],
        "tastes.csv, mean and standard error",
    )  # fmt: skip


def _widest_rate(units: float, rates: tuple[TakeRate, ...]) -> Unknown | None:
    """The option whose take rate is least certain: it moves its own units, not the whole."""
    if not rates:
        return None
    row = max(rates, key=lambda r: (r.rate.high - r.rate.low, r.family_id, r.option_id))
    return Unknown(
        "take rate", f"take rate of {row.option}", f"units with {row.option}",
        round(units * row.rate.mean, 3), round(units * row.rate.low, 3), round(units * row.rate.high, 3),
        percent(row.rate.low), percent(row.rate.high), f"{row.variants} variants on sale, and what was released",
    )  # fmt: skip


def _widest_segment(units: float, segments: tuple[SegmentUnits, ...]) -> Unknown | None:
    """The plan whose share is least certain."""
    open_ = [row for row in segments if row.share.high > row.share.low]
    if not open_:
        return None
    row = max(open_, key=lambda r: (r.share.high - r.share.low, r.segment))
    return Unknown(
        "segment", f"share of plan {row.segment}", f"units under {row.segment}",
        round(units * row.share.mean, 3), round(units * row.share.low, 3), round(units * row.share.high, 3),
        percent(row.share.low), percent(row.share.high), "assumptions.csv, and what was released",
    )  # fmt: skip


def conversions(outlook: Outlook) -> list[Unknown]:
    """How reservations turn into orders: what the published count of them would then make of the forecast."""
    if not outlook.program.launch:
        return []
    base = after_reservations(outlook)
    made = []
    for key, name in (
        ("reservation_to_order_share", "reservations that ask for a date"),
        ("cancel_after_deposit_share", "buyers who change their minds"),
    ):
        row = outlook.program.assumptions[key]
        at = [after_reservations(outlook, {key: value}) for value in (row.low, row.high)]
        ends, source = (percent(row.low), percent(row.high)), LOW_AND_HIGH
        moves, units = "all units, once the reservations are counted", [round(value, 3) for value in (base, *at)]
        made.append(Unknown(key, name, moves, units[0], units[1], units[2], *ends, source))
    return [row for row in made if row.swing > 0]


def after_reservations(outlook: Outlook, other: dict[str, float] | None = None) -> float:
    """Units a month in the long run, as believed once the published reservations are counted.

    The belief is learned as the outlook learns it; `other` replaces assumptions by name.
    """
    program = outlook.program
    assumed = {key: row.value for key, row in program.assumptions.items()} | (other or {})
    taken = TAKEN_BEFORE * (1 - assumed["cancel_after_deposit_share"])
    last = program.launch[-1]
    signal = Signal("reservation", last.reservations_cumulative, assumed["reservation_to_order_share"])
    after = demand.update_level(
        Level(outlook.level.shape, outlook.level.rate * taken),
        (signal,),
        outlook.exposure(datetime.combine(last.day, time()) + timedelta(days=1)),
        relative_error=assumed["signal_relative_error"],
    )
    return after.mean * taken * WEEKS_PER_MONTH


def percent(share: float) -> str:
    """0.35 reads 35 %."""
    return f"{share * 100:.0f} %"


def range_deviation(row: Assumption) -> float:
    """The standard deviation that an assumption's range amounts to, read as 95 %."""
    return (row.high - row.low) / (2 * NORMAL_95)
