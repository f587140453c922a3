"""The tables of promises, of what they use, and of what changed of late; and how events write them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from hashlib import blake2b

import sqlalchemy as sa

from pullcord.base import CityId, OrderId, PartId, PlantId, VariantId
from pullcord.production import BUILD_ORDER, SchedulePublished, SlotReleased, SlotsOpened, SlotTaken, VehicleBuilt
from pullcord.store import METADATA, Event, Json, Projection, Rows, Table, program_key

from .model import (
    EVERY_UNIT,
    CustomerTold,
    OrderPromised,
    PromiseInDoubt,
    PromiseMoved,
    PromiseReleased,
    SparePartsCounted,
)


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """The promise in force for an order."""

    order_id: OrderId
    variant_id: VariantId
    plant_id: PlantId
    week_start: date
    build_date: date
    deliver_on: date
    released: bool
    event_seq: int
    city_id: CityId | None = None
    moved_later: bool = False
    in_doubt: bool = False


PROMISE = Table(
    sa.Table(
        "promise",
        METADATA,
        program_key(),
        sa.Column("order_id", sa.String, primary_key=True),
        sa.Column("variant_id", sa.String, nullable=False),
        sa.Column("plant_id", sa.String, nullable=False),
        sa.Column("week_start", sa.Date, nullable=False, comment="Monday of the build week, plant's calendar"),
        sa.Column("build_date", sa.Date, nullable=False, comment="ready at the latest, plant's calendar"),
        sa.Column("deliver_on", sa.Date, nullable=False, comment="customer's calendar"),
        sa.Column("released", sa.Boolean, nullable=False, comment="the slot was given back"),
        sa.Column("event_seq", sa.BigInteger, nullable=False, comment="the event that made this promise"),
        sa.Column("city_id", sa.String, comment="where it goes; empty for promises of old"),
        sa.Column("moved_later", sa.Boolean, nullable=False, comment="than first agreed: it may be ended for nothing"),
        sa.Column("in_doubt", sa.Boolean, nullable=False, comment="no week of the horizon can keep it at present"),
        sa.CheckConstraint("deliver_on >= build_date", name="promise_delivered_after_build"),
        sa.CheckConstraint("build_date >= week_start", name="promise_built_in_its_week"),
        comment="One row for each order: the date promised last.",
    ),
    PromiseRow,
)


@dataclass(frozen=True, slots=True)
class AllowanceRow:
    """Pieces of a part that promises for a plant may use, as the latest plan counted them."""

    plant_id: PlantId
    part_id: PartId
    first_week: date
    pieces: list[int]
    orderable_from: date | None
    per_week: int | None


ALLOWANCE = Table(
    sa.Table(
        "part_allowance",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("part_id", sa.String, primary_key=True),
        sa.Column("first_week", sa.Date, nullable=False, comment="Monday of the first week counted"),
        sa.Column("pieces", Json, nullable=False, comment="by week, cumulative; those of given promises among them"),
        sa.Column("orderable_from", sa.Date, comment="Monday from which what is ordered now is there; empty: never"),
        sa.Column("per_week", sa.Integer, comment="the most that can come in each week from then on; empty: no limit"),
        comment="What is in stock, on order or within a supplier's limit, part by part.",
    ),
    AllowanceRow,
)


@dataclass(frozen=True, slots=True)
class PromisedRow:
    """Units of a variant that are promised for a week of a plant, and how many of them are built."""

    plant_id: PlantId
    week_start: date
    variant_id: VariantId
    units: int
    built: int


PROMISED = Table(
    sa.Table(
        "promised_units",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True, comment="Monday of the promised week, plant's calendar"),
        sa.Column("variant_id", sa.String, primary_key=True),
        sa.Column("units", sa.Integer, nullable=False, comment="promised and not released"),
        sa.Column("built", sa.Integer, nullable=False, comment="vehicles built for this week, whenever that was"),
        comment="What promises use of the parts, by the week they are for.",
    ),
    PromisedRow,
)


@dataclass(frozen=True, slots=True)
class LaneRow:
    """Units promised for a week of a plant that go to one city."""

    plant_id: PlantId
    city_id: CityId
    week_start: date
    units: int


LANE = Table(
    sa.Table(
        "promised_lane",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("city_id", sa.String, primary_key=True),
        sa.Column("week_start", sa.Date, primary_key=True, comment="Monday of the build week, plant's calendar"),
        sa.Column("units", sa.Integer, nullable=False, comment="promised and not released"),
        comment="What promises use of each lane, by the week in which they are built and leave the plant.",
    ),
    LaneRow,
)

CHANGES = 256  # of late; who is further behind reads everything anew


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change of what can be promised: where to look again."""

    place: int
    number: int
    mark: int
    plant_id: str
    week_start: date | None
    variant_id: str


CHANGE = Table(
    sa.Table(
        "capacity_change",
        METADATA,
        program_key(),
        sa.Column("place", sa.Integer, primary_key=True, comment="number modulo the size of this table; -1: the last"),
        sa.Column("number", sa.BigInteger, nullable=False, comment="changes since the ledger began"),
        sa.Column("mark", sa.BigInteger, nullable=False, comment="a hash over all changes up to this one"),
        sa.Column("plant_id", sa.String, nullable=False, comment="empty: everything changed"),
        sa.Column("week_start", sa.Date),
        sa.Column("variant_id", sa.String, nullable=False, comment="empty: the places of the week, and no parts"),
        comment="The latest changes of what can be promised, so that arrays in memory follow row by row.",
    ),
    ChangeRow,
)
LAST = -1


@dataclass(frozen=True, slots=True)
class BidPriceRow:
    """What one more unit of each scarce thing of a plant would have saved in its latest plan."""

    plant_id: PlantId
    run_id: str
    event_seq: int
    prices: dict[str, dict[str, float]]


BID_PRICE = Table(
    sa.Table(
        "bid_price",
        METADATA,
        program_key(),
        sa.Column("plant_id", sa.String, primary_key=True),
        sa.Column("run_id", sa.String, nullable=False, comment="the plan that they are shadow prices of"),
        sa.Column("event_seq", sa.BigInteger, nullable=False),
        sa.Column("prices", Json, nullable=False, comment="scarce thing -> week -> minor units for one more"),
        comment="The latest plan's shadow prices, at hand for every quote.",
    ),
    BidPriceRow,
)


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """What a customer was told about an order."""

    order_id: OrderId
    seq: int
    about: str
    english: str
    chinese: str


NOTICE = Table(
    sa.Table(
        "customer_notice",
        METADATA,
        program_key(),
        sa.Column("order_id", sa.String, primary_key=True),
        sa.Column("seq", sa.BigInteger, primary_key=True, comment="of the event that told it"),
        sa.Column("about", sa.String, nullable=False, comment="kind of the event that made it necessary"),
        sa.Column("english", sa.String, nullable=False),
        sa.Column("chinese", sa.String, nullable=False),
        comment="Sentences for customers, without a word about the person; kept once told.",
    ),
    NoticeRow,
)


def _note(rows: Rows, seq: int, plant_id: str, week_start: date | None, variant_id: str) -> None:
    """Remember where something changed; the mark tells two histories of one length apart."""
    last = rows.get(CHANGE, LAST)
    number, before = (last.number + 1, last.mark) if last else (1, 0)
    said = f"{before} {seq} {plant_id} {week_start} {variant_id}".encode()
    mark = int.from_bytes(blake2b(said, digest_size=8).digest(), "big") >> 1
    rows.put(CHANGE, ChangeRow(number % CHANGES, number, mark, plant_id, week_start, variant_id))
    rows.put(CHANGE, ChangeRow(LAST, number, mark, plant_id, week_start, variant_id))


def _use(
    rows: Rows,
    seq: int,
    plant_id: PlantId,
    week_start: date,
    variant_id: VariantId,
    city_id: CityId | None,
    units: int,
) -> None:
    if city_id is not None:
        lane = rows.get(LANE, plant_id, city_id, week_start)
        rows.put(LANE, LaneRow(plant_id, city_id, week_start, (lane.units if lane else 0) + units))
    row = rows.get(PROMISED, plant_id, week_start, variant_id)
    used, built = (row.units, row.built) if row else (0, 0)
    rows.put(PROMISED, PromisedRow(plant_id, week_start, variant_id, used + units, built))
    _note(rows, seq, plant_id, week_start, variant_id)


def _promised(rows: Rows, event: Event[OrderPromised]) -> None:
    body = event.body
    rows.put(
        PROMISE,
        PromiseRow(
            body.order_id,
            body.variant_id,
            body.plant_id,
            body.week_start,
            body.build_date,
            body.deliver_on,
            False,
            event.seq,
            body.city_id,
        ),
    )
    _use(rows, event.seq, body.plant_id, body.week_start, body.variant_id, body.city_id, 1)


def _released(rows: Rows, event: Event[PromiseReleased]) -> None:
    row = rows.get(PROMISE, event.body.order_id)
    if row is not None and not row.released:
        rows.put(PROMISE, replace(row, released=True))
        _use(rows, event.seq, row.plant_id, row.week_start, row.variant_id, row.city_id, -1)


def _moved(rows: Rows, event: Event[PromiseMoved]) -> None:
    body = event.body
    row = rows.get(PROMISE, body.order_id)
    if row is None or row.released:
        return
    rows.put(
        PROMISE,
        replace(
            row,
            week_start=body.week_start,
            build_date=body.build_date,
            deliver_on=body.deliver_on,
            moved_later=row.moved_later or body.deliver_on > body.from_deliver_on,
            in_doubt=False,
        ),
    )
    _use(rows, event.seq, row.plant_id, row.week_start, row.variant_id, row.city_id, -1)
    _use(rows, event.seq, row.plant_id, body.week_start, row.variant_id, row.city_id, 1)


def _doubted(rows: Rows, event: Event[PromiseInDoubt]) -> None:
    row = rows.get(PROMISE, event.body.order_id)
    if row is not None:
        rows.put(PROMISE, replace(row, in_doubt=True))


def _counted(rows: Rows, event: Event[SparePartsCounted]) -> None:
    body = event.body
    if body.weeks:
        first = body.weeks[0].week_start
        if all(part.part_id != EVERY_UNIT for part in body.parts):
            rows.delete(ALLOWANCE, body.plant_id, EVERY_UNIT)
        for part in body.parts:
            rows.put(
                ALLOWANCE,
                AllowanceRow(body.plant_id, part.part_id, first, list(part.pieces), part.orderable_from, part.per_week),
            )
    _note(rows, event.seq, "", None, "")


def _built(rows: Rows, event: Event[VehicleBuilt]) -> None:
    body = event.body
    order = rows.get(BUILD_ORDER, body.build_order_id)
    row = rows.get(PROMISED, body.plant_id, order.due_week, body.variant_id) if order else None
    if row is not None:  # production also builds for others than those who were promised something
        rows.put(PROMISED, replace(row, built=row.built + 1))


def _slot_moved(rows: Rows, event: Event[SlotTaken] | Event[SlotReleased]) -> None:
    _note(rows, event.seq, event.body.plant_id, event.body.week_start, "")


def _slots_opened(rows: Rows, event: Event[SlotsOpened]) -> None:
    _note(rows, event.seq, "", None, "")


def _planned(rows: Rows, event: Event[SchedulePublished]) -> None:
    body = event.body
    prices: dict[str, dict[str, float]] = {}
    for price in body.shadow_prices:
        prices.setdefault(price.constraint, {})[price.week_start.isoformat()] = price.value_minor
    rows.put(BID_PRICE, BidPriceRow(body.plant_id, body.run_id, event.seq, prices))


def _told(rows: Rows, event: Event[CustomerTold]) -> None:
    body = event.body
    rows.put(NOTICE, NoticeRow(body.order_id, event.seq, body.about, body.english, body.chinese))


PROJECTION = Projection(
    "promising",
    (PROMISE, ALLOWANCE, PROMISED, LANE, CHANGE, BID_PRICE, NOTICE),
    {
        OrderPromised: _promised,
        PromiseReleased: _released,
        PromiseMoved: _moved,
        PromiseInDoubt: _doubted,
        SparePartsCounted: _counted,
        VehicleBuilt: _built,
        SchedulePublished: _planned,
        SlotsOpened: _slots_opened,
        SlotTaken: _slot_moved,
        SlotReleased: _slot_moved,
        CustomerTold: _told,
    },
    version=2,
)
