"""An order's story as the ledger tells it: what has happened, and what is still to come and when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from pullcord import logistics, orders, production, promising
from pullcord.base import OrderId
from pullcord.catalogue import Catalogue
from pullcord.orders import OrderRow, State
from pullcord.store import Event, LedgerReader

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timeline. `key` names its sentence; `values` fill it in; `seq` is the event in the ledger.

    `at` is a UTC instant for what has happened; `on` a day for what is to come. Values that are dates, amounts or ids
    of records stay what they are: whoever prints them knows the language.
    """

    key: str
    values: Values = field(default_factory=dict)
    at: datetime | None = None
    on: date | None = None
    seq: int | None = None
    kind: str = "done"  # done | now | next | bad


def order_events(ledger: LedgerReader, row: OrderRow) -> list[Event[Any]]:
    """Everything that the ledger holds about an order, its promise, its build and its vehicle, in order."""
    order_id = OrderId(row.order_id)
    streams = [f"order/{order_id}", f"promise/{order_id}", f"build/{orders.build_order_id(order_id)}"]
    if row.vehicle_id:
        streams.append(f"vehicle/{row.vehicle_id}")
    found = [event for stream in streams for event in ledger.events(stream=stream)]
    return sorted(found, key=lambda event: event.seq)


def past(events: Iterable[Event[Any]]) -> list[Step]:
    """What has happened, one line for each event that means something to a customer, oldest first."""
    steps = [step for event in events for step in _told(event)]
    # A build order gets its week anew with every plan; only a change of the week is news.
    told: list[Step] = []
    week: date | None = None
    for step in steps:
        if step.key == "event.planned":
            if step.values["week"] == week:
                continue
            week = step.values["week"]
        told.append(step)
    return told


def _told(event: Event[Any]) -> Iterator[Step]:
    body, at, seq = event.body, event.recorded_at, event.seq

    def step(key: str, kind: str = "done", **values: Any) -> Step:
        return Step(f"event.{key}", values, at=at, seq=seq, kind=kind)

    match body:
        case orders.OrderReserved():
            yield step("reserved")
        case orders.OrderQuoted():
            yield step("quoted", day=body.deliver_on, price=body.price, until=body.valid_until)
        case orders.OrderRefused():
            yield step("refused", "bad", why=body.why)
        case orders.QuoteLapsed():
            yield step("lapsed", "bad")
        case orders.OrderDeposited():
            yield step("deposited", amount=body.amount, day=body.deliver_on)
        case orders.OrderLocked():
            yield step("locked", day=body.deliver_on)
        case orders.OrderCancelled():
            yield step("cancelled", "bad")
        case orders.DepositRefunded():
            yield step("refunded", amount=body.amount)
        case orders.DepositForfeited():
            yield step("forfeited", "bad", amount=body.amount)
        case orders.OrderHandedOver():
            yield step("handed_over", day=body.delivered_on, promised=body.promised_on)
        case production.BuildPlanned():
            yield step("planned", week=body.week_start)
        case production.VehicleBuilt():
            yield step("built", day=body.built_on, vehicle=body.vehicle_id, plant=body.plant_id)
        case logistics.LegDeparted():
            yield step("departed", city=body.to_place, day=body.due_on, km=body.km)
        case logistics.LegArrived():
            yield step("arrived", city=body.to_place, day=body.arrived_on)
        case promising.PromiseMoved():
            later = body.deliver_on > body.from_deliver_on
            key = "later" if later else "earlier"
            yield step(key, "bad" if later else "done", before=body.from_deliver_on, day=body.deliver_on)
        case promising.PromiseInDoubt():
            yield step("in_doubt", "bad", day=body.deliver_on)
        case _:
            return  # of no use to a customer, or told by another line


def to_come(row: OrderRow, house: Catalogue, planned_week: date | None) -> list[Step]:
    """What is still to come, the next first, each with the day it is expected on where one is known."""
    if row.state in (State.CANCELLED, State.HANDED_OVER):
        return []
    lock_hours = house.program.policies.lock_hours
    lock_at = row.deposited_at + timedelta(hours=lock_hours) if row.deposited_at else None
    stages: Sequence[tuple[State, Step]] = (
        (State.QUOTED, Step("next.quoted")),
        (State.DEPOSITED, Step("next.deposited", {"until": row.valid_until} if row.valid_until else {})),
        (State.LOCKED, Step("next.locked", {"at": lock_at} if lock_at else {}, on=_day(house, lock_at))),
        (State.BUILT, Step("next.built", {"week": planned_week} if planned_week else {}, on=planned_week)),
        (State.SHIPPED, Step("next.shipped", {"city": row.city_id})),
        (State.HANDED_OVER, Step("next.handed_over", {"city": row.city_id}, on=row.deliver_on)),
    )
    done = list(State).index(row.state)
    open_stages = [step for state, step in stages if list(State).index(state) > done]
    first = [Step(s.key, s.values, on=s.on, kind="now") for s in open_stages[:1]]
    return first + [Step(s.key, s.values, on=s.on, kind="next") for s in open_stages[1:]]


def _day(house: Catalogue, at: datetime | None) -> date | None:
    return house.local_time(at).date() if at else None


def planned_week(reader: Any, row: OrderRow) -> date | None:
    """The Monday of the week in which the vehicle is to be built: as planned, else as promised."""
    build = reader.get(production.BUILD_ORDER, orders.build_order_id(OrderId(row.order_id)))
    if build is not None and build.planned_week is not None:
        week: date = build.planned_week
        return week
    kept = promising.find_promise(reader, OrderId(row.order_id))
    return kept.week_start if kept is not None else None
