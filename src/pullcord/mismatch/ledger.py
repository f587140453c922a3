"""The measures of a live program, read from its events by kind and by field name.

This floor lies below the rooms that define the events, so it imports none of them. It relies on these kinds and
fields, and on nothing else; a kind that never occurs leaves its measure unmeasured (`None`), never zero.

order.reserved        order_id, person_id, variant_id        M1 demand, M2, L1
order.quoted          order_id, variant_id, deliver_on, price M1 demand, M3, M7
order.refused         order_id                               M1 demand and lost
order.deposited       order_id                               M3 (which quote was paid on), L1, L2
order.locked          order_id                               L1, L2 where no deposit came before
order.cancelled       order_id, reason                       M1 lost, L1
order.handed_over     order_id, vehicle_id, delivered_on, price   M1, M2, M3, M7
vehicle.built         vehicle_id, variant_id, built_on       M1, M2, M7
forecast.published    signal_seq                             L1
forecast.revised      signal_seq                             L1
build.planned         build_order_id                         L2
requirements.computed run_id, lines[].net                    L2, L3
calloff.issued        run_id                                 L3
stock.adjusted                                               L4
parts.spare                                                  L4 (all open promises are checked again with it)
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Protocol

import numpy as np

from .measures import (
    UNSOLD_AFTER_DAYS,
    Latency,
    configuration_mismatch,
    date_mismatch,
    latency,
    unit_mismatch,
)

SIGNALS = ("order.reserved", "order.deposited", "order.locked", "order.cancelled")
WAITED_TOO_LONG = "wait"  # a cancellation whose reason begins so is a customer lost for lack of a unit


class Recorded(Protocol):
    """What is read of an event of the ledger."""

    @property
    def seq(self) -> int: ...
    @property
    def recorded_at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def body(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class MoneyRates:
    """What a ledger does not say and M7 needs; shares of 1, of posted prices where nothing else is said."""

    holding_share_per_year: float  # of the variable cost of a unit
    financing_rate_per_year: float  # of the variable cost of a unit
    variable_margin_share: float  # of the posted price; the rest is the variable cost


@dataclass(frozen=True, slots=True)
class UnitMeasure:
    """M1 with its parts, in persons and units."""

    share: float
    unsold: int  # built, 30 days gone by, and not handed over within them
    lost: int  # persons refused, or cancelled for waiting, who hold no order that still stands
    demand: int  # persons who asked for a date: quoted or refused at least once
    judged: int  # units whose 30 days have gone by
    too_young: int  # units built less than 30 days before the end: neither good nor bad yet


@dataclass(frozen=True, slots=True)
class ConfigurationMeasure:
    """The share half of M2; what a buyer would have paid for the difference is not in a ledger."""

    differing_share: float
    handed_over: int


@dataclass(frozen=True, slots=True)
class DateMeasure:
    """M3, against the quote in force when the deposit was paid."""

    error_days: float
    late_share: float
    handed_over: int


@dataclass(frozen=True, slots=True)
class MoneyMeasure:
    """M7 per unit of demand, as in M1, in major units; a line that the ledger cannot show is None."""

    total: float  # of the lines that were measured
    holding: float | None
    markdown: float | None
    lost_margin: float | None
    expedite: float | None
    financing: float | None
    demand: int

    @property
    def not_measured(self) -> tuple[str, ...]:
        """Names of the lines that are missing from the total."""
        lines = ("holding", "markdown", "lost_margin", "expedite", "financing")
        return tuple(name for name in lines if getattr(self, name) is None)


@dataclass(frozen=True, slots=True)
class Measures:
    """What a ledger says about mismatch; None means not measured."""

    as_of: date | None
    m1: UnitMeasure | None
    m2: ConfigurationMeasure | None
    m3: DateMeasure | None
    m7: MoneyMeasure | None
    l1: Latency  # signal to forecast
    l2: Latency  # order to material requirement
    l3: Latency  # requirement to supplier notice
    l4: Latency  # change upstream to the promises that were checked against it, and whose customers were told


@dataclass(slots=True)
class _Story:
    """All that was noticed in one pass over the events."""

    last_at: datetime | None = None
    person: dict[str, str] = field(default_factory=dict)  # order -> person
    reserved: dict[str, str] = field(default_factory=dict)  # order -> variant
    quotes: dict[str, list[tuple[int, date, float, str]]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, int] = field(default_factory=dict)  # order -> seq of the last refusal
    deposited: dict[str, int] = field(default_factory=dict)  # order -> seq
    cancelled: dict[str, str] = field(default_factory=dict)  # order -> reason
    ordered: dict[str, tuple[int, datetime]] = field(default_factory=dict)  # order -> seq, when it was paid for or firm
    handed_over: dict[str, tuple[str, date, float]] = field(default_factory=dict)  # order -> vehicle, day, price
    built: dict[str, tuple[str, date]] = field(default_factory=dict)  # vehicle -> variant, day
    signals: list[tuple[int, datetime]] = field(default_factory=list)
    forecasts: list[tuple[int, datetime]] = field(default_factory=list)  # last signal seen so far, when
    planned: dict[str, int] = field(default_factory=dict)  # build order -> seq
    requirements: list[tuple[int, datetime, str, bool]] = field(default_factory=list)  # seq, at, run, nets
    calloffs: list[tuple[str, datetime]] = field(default_factory=list)
    upstream: list[tuple[int, datetime]] = field(default_factory=list)  # changes of stock while dates were promised
    checks: list[tuple[int, datetime]] = field(default_factory=list)


def _read(events: Iterable[Recorded]) -> _Story:
    told = _Story()
    seen_up_to = 0
    for event in events:
        kind, body = event.kind, event.body
        told.last_at = event.recorded_at
        if kind in SIGNALS:
            told.signals.append((event.seq, event.recorded_at))
        match kind:
            case "order.reserved":
                told.person[body.order_id] = body.person_id
                told.reserved[body.order_id] = body.variant_id
            case "order.quoted":
                price = float(body.price.major)
                told.quotes[body.order_id].append((event.seq, body.deliver_on, price, body.variant_id))
            case "order.refused":
                told.refused[body.order_id] = event.seq
            case "order.deposited":
                told.deposited.setdefault(body.order_id, event.seq)
                told.ordered.setdefault(body.order_id, (event.seq, event.recorded_at))
            case "order.locked":
                told.ordered.setdefault(body.order_id, (event.seq, event.recorded_at))
            case "order.cancelled":
                told.cancelled[body.order_id] = body.reason
            case "order.handed_over":
                told.handed_over[body.order_id] = (body.vehicle_id, body.delivered_on, float(body.price.major))
            case "vehicle.built":
                told.built[body.vehicle_id] = (body.variant_id, body.built_on)
            case "forecast.published" | "forecast.revised":
                seen_up_to = max(seen_up_to, body.signal_seq)
                told.forecasts.append((seen_up_to, event.recorded_at))
            case "build.planned":
                told.planned.setdefault(body.build_order_id, event.seq)
            case "requirements.computed":
                needs = any(line.net > 0 for line in body.lines)
                told.requirements.append((event.seq, event.recorded_at, body.run_id, needs))
            case "calloff.issued":
                told.calloffs.append((body.run_id, event.recorded_at))
            case "stock.adjusted":
                if told.quotes:
                    told.upstream.append((event.seq, event.recorded_at))
            case "parts.spare":
                told.checks.append((event.seq, event.recorded_at))
    return told


def read_measures(
    events: Iterable[Recorded], *, as_of: date | None = None, rates: MoneyRates | None = None
) -> Measures:
    """M1, M2 (its share), M3, M7 and L1 to L4 of one program, from its events in order of `seq`.

    `as_of` is the local date on which stock is judged, by default the UTC date of the last event. Without `rates`
    M7 has its markdown line only.
    """
    told = _read(events)
    day = as_of or (told.last_at.date() if told.last_at else None)
    lost = _lost_persons(told)
    return Measures(
        as_of=day,
        m1=_unit(told, day, lost),
        m2=_configuration(told),
        m3=_date(told),
        m7=_money(told, day, lost, rates),
        l1=_signal_to_forecast(told),
        l2=_order_to_requirement(told),
        l3=_requirement_to_supplier(told),
        l4=_change_to_promise(told),
    )


def _person_of(told: _Story, order: str) -> str:
    return told.person.get(order, order)  # an order reserved by nobody stands for a person of its own


def _lost_persons(told: _Story) -> dict[str, str]:
    """Each person lost for lack of a unit, with the order on which it happened.

    An order stands that was handed over, or was quoted after its last refusal and not cancelled since.
    """
    asked = set(told.quotes) | set(told.refused)
    turned_away = {
        order
        for order, refused_seq in told.refused.items()
        if order not in told.handed_over and not any(seq > refused_seq for seq, *_ in told.quotes.get(order, ()))
    }
    standing = {
        _person_of(told, order)
        for order in asked
        if order in told.handed_over or (order not in turned_away and order not in told.cancelled)
    }
    gone = [*turned_away]
    gone += [order for order, reason in told.cancelled.items() if reason.startswith(WAITED_TOO_LONG)]
    return {person: order for order in sorted(gone) if (person := _person_of(told, order)) not in standing}


def _asked(told: _Story) -> set[str]:
    """The persons who asked for a date: the demand that M1 and M7 are counted by."""
    return {_person_of(told, order) for order in set(told.quotes) | set(told.refused)}


def _unit(told: _Story, day: date | None, lost: dict[str, str]) -> UnitMeasure | None:
    demand = _asked(told)
    if day is None or not demand:
        return None
    delivered = {vehicle: on for vehicle, on, _ in told.handed_over.values()}
    grace = timedelta(days=UNSOLD_AFTER_DAYS)
    judged = {vehicle: on + grace for vehicle, (_, on) in told.built.items() if on + grace <= day}
    unsold = sum(1 for vehicle, until in judged.items() if delivered.get(vehicle, date.max) > until)
    share = float(unit_mismatch(unsold, len(lost), len(demand)))
    return UnitMeasure(share, unsold, len(lost), len(demand), len(judged), len(told.built) - len(judged))


def _configuration(told: _Story) -> ConfigurationMeasure | None:
    pairs = [
        (told.reserved[order], told.built[vehicle][0])
        for order, (vehicle, _, _) in told.handed_over.items()
        if order in told.reserved and vehicle in told.built
    ]
    if not pairs:
        return None
    wanted, got = np.array(pairs).T
    share, _ = configuration_mismatch(wanted, got, np.zeros(len(pairs)), np.ones(len(pairs), dtype=bool))
    return ConfigurationMeasure(float(share), len(pairs))


def _date(told: _Story) -> DateMeasure | None:
    promised: list[int] = []
    actual: list[int] = []
    for order, (_, delivered_on, _) in told.handed_over.items():
        paid_on = told.deposited.get(order)
        quotes = [on for seq, on, _, _ in told.quotes.get(order, ()) if paid_on is None or seq < paid_on]
        if quotes:
            promised.append(quotes[-1].toordinal())
            actual.append(delivered_on.toordinal())
    if not promised:
        return None
    error, late = date_mismatch(promised, actual, np.ones(len(promised), dtype=bool))
    return DateMeasure(float(error), float(late), len(promised))


def _money(told: _Story, day: date | None, lost: dict[str, str], rates: MoneyRates | None) -> MoneyMeasure | None:
    """Parts in stock and expedited parts leave no trace that this floor can price: `expedite` stays None."""
    units = len(_asked(told))
    if day is None or not told.handed_over or not units:
        return None
    posted = {order: quotes[-1][2] for order, quotes in told.quotes.items()}
    off_price = [
        max(posted[order] - price, 0.0) for order, (_, _, price) in told.handed_over.items() if order in posted
    ]
    markdown = sum(off_price) / units if off_price else None
    holding = financing = lost_margin = None
    if rates is not None and posted:
        usual = float(np.mean(list(posted.values())))
        sold = {vehicle: (on, posted.get(order, price)) for order, (vehicle, on, price) in told.handed_over.items()}
        cost_years = sum(
            sold.get(vehicle, (day, usual))[1]
            * (1 - rates.variable_margin_share)
            * max((min(sold.get(vehicle, (day, usual))[0], day) - on).days, 0)
            / 365
            for vehicle, (_, on) in told.built.items()
        )
        if told.built:
            # A live program builds to order: what waits on the way is both stored and financed until handed over.
            holding = cost_years * rates.holding_share_per_year / units
            financing = cost_years * rates.financing_rate_per_year / units
        prices_lost = [posted.get(order, usual) for order in lost.values()]
        lost_margin = sum(prices_lost) * rates.variable_margin_share / units
    lines = (holding, markdown, lost_margin, None, financing)
    total = sum(line for line in lines if line is not None)
    return MoneyMeasure(total, holding, markdown, lost_margin, None, financing, units)


def _signal_to_forecast(told: _Story) -> Latency:
    """L1: from each signal to the first forecast that has seen it."""
    if not told.forecasts:
        return latency([], waiting=len(told.signals))
    seen = [up_to for up_to, _ in told.forecasts]
    delays: list[float] = []
    for seq, at in told.signals:
        first = bisect_left(seen, seq)
        if first < len(seen):
            delays.append((told.forecasts[first][1] - at).total_seconds())
    return latency(delays, waiting=len(told.signals) - len(delays))


def _order_to_requirement(told: _Story) -> Latency:
    """L2: from each order, paid for or firm, to the first requirements run after its build was planned."""
    run_seqs = [seq for seq, _, _, _ in told.requirements]
    delays: list[float] = []
    for order, (ordered_seq, ordered_at) in told.ordered.items():
        planned_seq = told.planned.get(f"b-{order}")
        if planned_seq is None:
            continue
        first = bisect_left(run_seqs, max(planned_seq, ordered_seq))
        if first < len(run_seqs):
            delays.append((told.requirements[first][1] - ordered_at).total_seconds())
    return latency(delays, waiting=len(told.ordered) - len(delays))


def _requirement_to_supplier(told: _Story) -> Latency:
    """L3: from each requirements run to each call-off it led to; a run with net needs and no call-off is waiting."""
    computed = {run: at for _, at, run, _ in told.requirements}
    delays = [(at - computed[run]).total_seconds() for run, at in told.calloffs if run in computed]
    noticed = {run for run, _ in told.calloffs}
    waiting = sum(1 for _, _, run, needs in told.requirements if needs and run not in noticed)
    return latency(delays, waiting=waiting)


def _change_to_promise(told: _Story) -> Latency:
    """L4: from each change of stock to the first check of all promises after it; who is moved is told then."""
    checks = [seq for seq, _ in told.checks]
    delays: list[float] = []
    for seq, at in told.upstream:
        first = bisect_left(checks, seq)
        if first < len(checks):
            delays.append((told.checks[first][1] - at).total_seconds())
    return latency(delays, waiting=len(told.upstream) - len(delays))
