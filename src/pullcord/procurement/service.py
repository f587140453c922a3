"""Procurement's use cases: from a plan to call-offs, from call-offs to stock, from stock into vehicles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby

import numpy as np
import sqlalchemy as sa

from pullcord.base import Conflict, InvalidInput, Money, PartId, PlantId, SupplierId, VariantId, monday_of
from pullcord.store import Reader, Transaction

from .calloffs import Outlook, call_offs, weekly_supply
from .model import (
    CallOffIssued,
    Part,
    PartQuantity,
    PartsConsumed,
    PartsReceived,
    ReceivedLine,
    RequirementLine,
    RequirementsComputed,
    StockAdjusted,
)
from .pegging import Build, Lot, Pegging, peg
from .requirements import Counts, Requirements, gross_requirements, net_requirements, week_reached
from .store import CALL_OFF, CALL_OFF_LINE, PART_STOCK, REQUIREMENT, REQUIREMENT_RUN, CallOffLineRow

STOCK = "stock"  # the source of parts that no call-off of this ledger brought


def plan_parts(
    tx: Transaction,
    run_id: str,
    plant_id: PlantId,
    as_of: date,
    builds: Mapping[tuple[VariantId, date], int],
    usage: Mapping[VariantId, Mapping[PartId, int]],
    parts: Mapping[PartId, Part],
    safety_stock: Mapping[PartId, int] | None = None,
    release_days: int | None = 7,
) -> Requirements:
    """A plan turned into requirements, and what cannot wait for the next run called off from the suppliers."""
    requirements = run_requirements(tx, run_id, plant_id, as_of, builds, usage, parts, safety_stock)
    issue_call_offs(tx, run_id, plant_id, requirements, release_days)
    return requirements


def run_requirements(
    tx: Transaction,
    run_id: str,
    plant_id: PlantId,
    as_of: date,
    builds: Mapping[tuple[VariantId, date], int],
    usage: Mapping[VariantId, Mapping[PartId, int]],
    parts: Mapping[PartId, Part],
    safety_stock: Mapping[PartId, int] | None = None,
) -> Requirements:
    """The requirements of a plan, netted against stock and open call-offs, and published.

    `builds`: planned vehicles by (variant, week); `usage`: units of each purchased part in one vehicle, all levels
    exploded; `safety_stock`: units of a part that are always kept. Weeks run from that of `as_of` to the plan's last,
    or to that of the last open call-off.
    """
    start = monday_of(as_of)
    last = max((week for _, week in builds), default=start)
    # Open call-offs due after the plan's end still count: what is on order must not be ordered again.
    last = max([last, *(line.due_on + timedelta(days=6) for line in open_lines(tx, plant_id))])
    weeks = [start + timedelta(weeks=w) for w in range(max(0, (last - start).days // 7) + 1)]
    used = {part_id for variant_id, _ in builds for part_id in usage.get(variant_id, {})}
    if unknown := sorted(used - set(parts)):
        raise InvalidInput(f"nobody supplies {', '.join(unknown)}", "add them to parts")
    wanted = sorted(used | {part_id for part_id in (safety_stock or {}) if part_id in parts})
    on_hand, on_order = _positions(tx, plant_id, wanted, weeks)
    requirements = net_requirements(
        [parts[part_id] for part_id in wanted],
        weeks,
        as_of,
        gross_requirements(builds, usage, wanted, weeks),
        on_hand,
        on_order,
        np.array([(safety_stock or {}).get(part_id, 0) for part_id in wanted], dtype=np.int64),
    )
    lines = tuple(
        RequirementLine(wanted[m], weeks[t], int(requirements.gross[m, t]), int(requirements.net[m, t]))
        for m, t in zip(*np.nonzero(requirements.gross + requirements.net), strict=True)
    )
    tx.emit(f"requirements/{plant_id}", RequirementsComputed(run_id, plant_id, lines))
    return requirements


def issue_call_offs(
    tx: Transaction, run_id: str, plant_id: PlantId, requirements: Requirements, release_days: int | None = 7
) -> list[CallOffIssued]:
    """One call-off for each supplier that must hear now; the open ones were netted off already, so only the change."""
    issued: list[CallOffIssued] = []
    for call_off in call_offs(requirements, release_days):
        calloff_id = f"{run_id}-{plant_id}-{call_off.supplier_id}"
        if tx.get(CALL_OFF, calloff_id) is not None:
            raise Conflict(f"call-off `{calloff_id}` was issued already", "give each run an id of its own")
        body = CallOffIssued(calloff_id, call_off.supplier_id, plant_id, run_id, call_off.lines)
        tx.emit(f"calloff/{calloff_id}", body)
        issued.append(body)
    return issued


def receive_due(tx: Transaction, on_date: date, plant_id: PlantId | None = None) -> list[PartsReceived]:
    """The call-off lines due on or before a day and not received yet, received on that day, call-off by call-off."""
    where = CALL_OFF_LINE.sql.c
    conditions = [where.received_on.is_(None), where.due_on <= on_date]
    if plant_id is not None:
        conditions.append(where.plant_id == plant_id)
    due = tx.select(CALL_OFF_LINE, *conditions)
    received: list[PartsReceived] = []
    for calloff_id, group in groupby(due, key=lambda line: line.calloff_id):
        lines = list(group)
        first = lines[0]
        amount = Money(sum(line.quantity * line.unit_cost_minor for line in lines), first.currency)
        body = PartsReceived(
            calloff_id,
            first.supplier_id,
            first.plant_id,
            amount,
            on_date,
            tuple(ReceivedLine(line.line, line.part_id, line.quantity) for line in lines),
        )
        tx.emit(f"calloff/{calloff_id}", body)
        received.append(body)
    return received


def delivered_by(reader: Reader, day: date) -> dict[SupplierId, int]:
    """What each supplier has delivered up to the end of a day, in minor units of the call-offs' currency."""
    columns = CALL_OFF_LINE.sql.c
    rows = reader.query(
        sa.select(columns.supplier_id, sa.func.sum(sa.cast(columns.quantity, sa.BigInteger) * columns.unit_cost_minor))
        .where(columns.program_id == reader.program_id, columns.received_on <= day)
        .group_by(columns.supplier_id)
        .order_by(columns.supplier_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def adjust_stock(tx: Transaction, plant_id: PlantId, quantities: Mapping[PartId, int], reason: str) -> None:
    """Add counted or opening quantities to the stock; raises Conflict where less than nothing would be left."""
    _refuse_short(tx, plant_id, {part_id: -quantity for part_id, quantity in quantities.items()})
    if lines := _quantities(quantities):
        tx.emit(f"stock/{plant_id}", StockAdjusted(plant_id, lines, reason))


def consume_parts(tx: Transaction, plant_id: PlantId, usage: Mapping[PartId, int], for_ref: str) -> None:
    """Take parts out of stock for vehicles; raises Conflict naming every part that is short, and takes none then."""
    if negative := sorted(part_id for part_id, quantity in usage.items() if quantity < 0):
        raise InvalidInput(f"a negative quantity of {', '.join(negative)} cannot be used", "adjust the stock instead")
    _refuse_short(tx, plant_id, usage)
    if lines := _quantities(usage):
        tx.emit(f"stock/{plant_id}", PartsConsumed(plant_id, lines, for_ref))


def stock_on_hand(reader: Reader, plant_id: PlantId) -> dict[PartId, int]:
    """Units of each part at a plant."""
    return {row.part_id: row.on_hand for row in reader.select(PART_STOCK, PART_STOCK.sql.c.plant_id == plant_id)}


def open_lines(reader: Reader, plant_id: PlantId) -> list[CallOffLineRow]:
    """A plant's call-off lines that have not arrived, by call-off."""
    where = CALL_OFF_LINE.sql.c
    return reader.select(CALL_OFF_LINE, where.plant_id == plant_id, where.received_on.is_(None))


def parts_supply(
    reader: Reader, plant_id: PlantId, as_of: date, weeks: int, parts: Iterable[Part]
) -> dict[PartId, tuple[float, ...]]:
    """Units of each part that a plan from `as_of` may count on, week by week; what `production.plan` takes."""
    on_hand = stock_on_hand(reader, plant_id)
    due: dict[PartId, dict[date, int]] = {}
    for line in open_lines(reader, plant_id):
        days = due.setdefault(line.part_id, {})
        days[line.due_on] = days.get(line.due_on, 0) + line.quantity
    return {
        part.part_id: weekly_supply(part, as_of, weeks, on_hand.get(part.part_id, 0), due.get(part.part_id, {}))
        for part in parts
    }


def parts_outlook(reader: Reader, plant_id: PlantId, as_of: date, weeks: int = 26) -> Outlook:
    """Uncommitted parts week by week: stock and open call-offs less what the latest plan needs."""
    starts = tuple(monday_of(as_of) + timedelta(weeks=w) for w in range(weeks))
    parts = sorted(row.part_id for row in reader.select(PART_STOCK, PART_STOCK.sql.c.plant_id == plant_id))
    on_hand, on_order = _positions(reader, plant_id, parts, starts)
    committed = np.zeros((len(parts), weeks), dtype=np.int64)
    run = reader.get(REQUIREMENT_RUN, plant_id)
    if run is not None:
        where = REQUIREMENT.sql.c
        row, column = {p: m for m, p in enumerate(parts)}, {week: t for t, week in enumerate(starts)}
        for need in reader.select(REQUIREMENT, where.plant_id == plant_id, where.run_id == run.run_id):
            if need.part_id in row and need.week_start in column:
                committed[row[need.part_id], column[need.week_start]] += need.gross
    return Outlook.of(tuple(parts), starts, on_hand[:, None] + (on_order - committed).cumsum(axis=1))


def peg_orders(
    reader: Reader,
    plant_id: PlantId,
    builds: Sequence[Build],
    usage: Mapping[VariantId, Mapping[PartId, int]],
    as_of: date,
) -> Pegging:
    """Which call-off serves which of the builds to come, and the way back.

    What is in stock is traced to the call-offs that brought it: parts leave first in, first out, so what is left are
    the latest arrivals; stock that no call-off explains is `stock`.
    """
    where = CALL_OFF_LINE.sql.c
    lots: list[Lot] = []
    left = stock_on_hand(reader, plant_id)
    arrived = reader.select(
        CALL_OFF_LINE,
        where.plant_id == plant_id,
        where.received_on.is_not(None),
        order_by=(where.received_on.desc(), where.due_on.desc(), where.calloff_id.desc(), where.line.desc()),
    )
    for line in arrived:
        quantity = min(line.quantity, left.get(line.part_id, 0))
        if quantity and line.received_on is not None:
            lots.append(Lot(min(line.received_on, as_of), line.calloff_id, line.part_id, quantity))
            left[line.part_id] -= quantity
    lots += [Lot(date.min, STOCK, part_id, quantity) for part_id, quantity in left.items() if quantity]
    lots += [Lot(line.due_on, line.calloff_id, line.part_id, line.quantity) for line in open_lines(reader, plant_id)]
    return peg(lots, builds, usage)


def _positions(
    reader: Reader, plant_id: PlantId, parts: Sequence[PartId], weeks: Sequence[date]
) -> tuple[Counts, Counts]:
    """On hand int64[part] and on order int64[part, week]; a delivery counts from the first week that begins after."""
    row = {part_id: m for m, part_id in enumerate(parts)}
    on_hand = np.zeros(len(parts), dtype=np.int64)
    on_order = np.zeros((len(parts), len(weeks)), dtype=np.int64)
    for part_id, quantity in stock_on_hand(reader, plant_id).items():
        if part_id in row:
            on_hand[row[part_id]] = quantity
    for line in open_lines(reader, plant_id):
        at = week_reached(line.due_on, weeks[0])
        if line.part_id in row and at < len(weeks):
            on_order[row[line.part_id], at] += line.quantity
    return on_hand, on_order


def _quantities(quantities: Mapping[PartId, int]) -> tuple[PartQuantity, ...]:
    return tuple(PartQuantity(part_id, quantities[part_id]) for part_id in sorted(quantities) if quantities[part_id])


def _refuse_short(tx: Transaction, plant_id: PlantId, taken: Mapping[PartId, int]) -> None:
    short: list[str] = []
    for part_id, quantity in sorted(taken.items()):
        stock = tx.get(PART_STOCK, plant_id, part_id)
        on_hand = stock.on_hand if stock else 0
        if quantity > on_hand:
            short.append(f"{part_id} ({on_hand} of {quantity})")
    if short:
        raise Conflict(
            f"plant `{plant_id}` is short of {', '.join(short)}", "receive what is due first, or build fewer vehicles"
        )
