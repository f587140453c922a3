"""From plan to call-off to stock to vehicle, through a real ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pullcord.base import (
    BuildOrderId,
    CommandId,
    Conflict,
    FixedClock,
    InvalidInput,
    Money,
    PartId,
    PartyId,
    PlantId,
    ProgramId,
    SupplierId,
    VariantId,
)
from pullcord.procurement import (
    CALL_OFF_LINE,
    PART_STOCK,
    PROJECTION,
    Build,
    CallOffIssued,
    Part,
    PartsReceived,
    adjust_stock,
    consume_parts,
    parts_outlook,
    parts_ready_on,
    parts_supply,
    peg_orders,
    plan_parts,
    receive_due,
)
from pullcord.store import Command, Ledger, Transaction

MONDAY = date(2025, 12, 1)
GZ = PlantId("GZ")
WHEEL, PACK = PartId("wheel"), PartId("pack")
BASE, TOP = VariantId("base"), VariantId("top")
PARTS = {
    WHEEL: Part(WHEEL, "Wheel", SupplierId("rim"), Money(20_000, "CNY"), lead_time_days=7, lot_size=10),
    PACK: Part(PACK, "Battery pack", SupplierId("cell"), Money(3_000_000, "CNY"), lead_time_days=14, lot_size=1),
}
USAGE = {BASE: {WHEEL: 4, PACK: 1}, TOP: {WHEEL: 5, PACK: 1}}
Do = Callable[[Callable[[Transaction], Any]], Any]


def week(number: int) -> date:
    return MONDAY + timedelta(weeks=number)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    clock = FixedClock(datetime(2025, 12, 1, 8, tzinfo=UTC))
    with Ledger.open(
        f"sqlite:///{tmp_path}/ledger.db", ProgramId("test"), clock=clock, projections=[PROJECTION]
    ) as one:
        yield one


@pytest.fixture
def do(ledger: Ledger) -> Do:
    numbers = count()

    def run(decide: Callable[[Transaction], Any]) -> Any:
        kept: list[Any] = []

        def command(tx: Transaction) -> None:
            kept[:] = [decide(tx)]

        number = next(numbers)
        ledger.execute(Command(CommandId(f"c{number}"), PartyId("maker"), "test", {"n": number}, command, type(None)))
        return kept[0]

    return run


def test_weekly_runs_call_off_only_the_difference(ledger: Ledger, do: Do) -> None:
    builds = {(BASE, week(2)): 10, (TOP, week(3)): 4}
    do(lambda tx: plan_parts(tx, "r1", GZ, week(0), builds, USAGE, PARTS, release_days=None))
    first = [event.body for event in ledger.events(kinds=[CallOffIssued])]
    assert [(body.supplier_id, [(x.part_id, x.quantity, x.due_on) for x in body.lines]) for body in first] == [
        ("cell", [(PACK, 10, week(2)), (PACK, 4, week(3))]),
        ("rim", [(WHEEL, 40, week(2)), (WHEEL, 20, week(3))]),
    ]
    # The same plan again: nothing to add. One more vehicle in week 3: its pack, for the wheels have a lot left over...
    do(lambda tx: plan_parts(tx, "r2", GZ, week(0), builds, USAGE, PARTS, release_days=None))
    more = builds | {(BASE, week(3)): 1}
    do(lambda tx: plan_parts(tx, "r3", GZ, week(0), more, USAGE, PARTS, release_days=None))
    later = [event.body for event in ledger.events(kinds=[CallOffIssued])][2:]
    assert [(body.calloff_id, [(x.part_id, x.quantity) for x in body.lines]) for body in later] == [
        ("r3-GZ-cell", [(PACK, 1)]),
        ("r3-GZ-rim", [(WHEEL, 10)]),  # ... 20 - 20 = 0 left, 4 needed: one lot
    ]


def test_only_what_cannot_wait_a_week_is_called_off(ledger: Ledger, do: Do) -> None:
    builds = {(BASE, week(t)): 5 for t in range(2, 6)}
    for number in range(4):
        do(
            partial(
                plan_parts,
                run_id=f"r{number}",
                plant_id=GZ,
                as_of=week(number),
                builds=builds,
                usage=USAGE,
                parts=PARTS,
            )
        )
    with ledger.reader() as reader:
        due = {(x.part_id, x.due_on): x.quantity for x in reader.select(CALL_OFF_LINE)}
    assert due == {
        **{(PACK, week(t)): 5 for t in range(2, 6)},
        **{(WHEEL, week(t)): 20 for t in range(2, 5)},
    }


def test_received_parts_are_owed_stocked_and_used(ledger: Ledger, do: Do) -> None:
    do(lambda tx: plan_parts(tx, "r1", GZ, week(0), {(BASE, week(2)): 3}, USAGE, PARTS, release_days=None))
    assert do(lambda tx: receive_due(tx, week(1))) == []
    got: list[PartsReceived] = do(lambda tx: receive_due(tx, week(2)))
    assert [(body.supplier_id, body.amount) for body in got] == [
        ("cell", Money(9_000_000, "CNY")),
        ("rim", Money(400_000, "CNY")),
    ]
    assert do(lambda tx: receive_due(tx, week(2))) == []  # nothing arrives twice
    do(lambda tx: consume_parts(tx, GZ, {WHEEL: 12, PACK: 3}, "batch-1"))
    with ledger.reader() as reader:
        stock = {row.part_id: (row.on_hand, row.on_order) for row in reader.select(PART_STOCK)}
    assert stock == {WHEEL: (8, 0), PACK: (0, 0)}


def test_a_vehicle_cannot_be_built_from_parts_that_are_not_there(ledger: Ledger, do: Do) -> None:
    do(lambda tx: adjust_stock(tx, GZ, {WHEEL: 10, PACK: 1}, "opening"))
    with pytest.raises(Conflict, match=r"short of pack \(1 of 2\), wheel \(10 of 12\)"):
        do(lambda tx: consume_parts(tx, GZ, {WHEEL: 12, PACK: 2}, "batch-1"))
    with pytest.raises(Conflict, match=r"short of pack \(1 of 3\)"):
        do(lambda tx: adjust_stock(tx, GZ, {PACK: -3}, "count"))
    with pytest.raises(InvalidInput, match="negative quantity of wheel"):
        do(lambda tx: consume_parts(tx, GZ, {WHEEL: -1}, "batch-1"))
    with ledger.reader() as reader:
        assert reader.get(PART_STOCK, GZ, WHEEL).on_hand == 10  # type: ignore[union-attr]


def test_the_outlook_sees_what_is_committed(ledger: Ledger, do: Do) -> None:
    do(lambda tx: adjust_stock(tx, GZ, {PACK: 6, WHEEL: 100}, "opening"))
    builds = {(BASE, week(1)): 4, (BASE, week(3)): 5}
    do(lambda tx: plan_parts(tx, "r1", GZ, week(0), builds, USAGE, PARTS))
    with ledger.reader() as reader:
        outlook = parts_outlook(reader, GZ, week(0), weeks=6)
        # Nine vehicles want six packs; the three missing ones need no call-off before next week: nothing is free.
        assert outlook.uncommitted.tolist() == [[0] * 6, [64] * 6]
        assert parts_ready_on({PACK: 1, WHEEL: 4}, PARTS, week(0), outlook) == week(2)
        assert parts_ready_on({WHEEL: 4}, PARTS, week(0), outlook) == week(0)
        assert parts_supply(reader, GZ, week(0), 4, PARTS.values()) == {
            WHEEL: (100.0, float("inf"), float("inf"), float("inf")),
            PACK: (6.0, 0.0, float("inf"), float("inf")),
        }


def test_orders_are_pegged_to_call_offs_even_after_the_parts_arrived(ledger: Ledger, do: Do) -> None:
    do(lambda tx: adjust_stock(tx, GZ, {PACK: 1}, "opening"))
    do(lambda tx: plan_parts(tx, "r1", GZ, week(0), {(BASE, week(2)): 3}, {BASE: {PACK: 1}}, PARTS))
    do(lambda tx: receive_due(tx, week(2)))
    do(lambda tx: plan_parts(tx, "r2", GZ, week(2), {(BASE, week(2)): 3, (BASE, week(4)): 1}, {BASE: {PACK: 1}}, PARTS))
    builds = [Build(week(2), BuildOrderId(f"b{n}"), BASE) for n in range(3)]
    builds.append(Build(week(4), BuildOrderId("b3"), BASE))
    with ledger.reader() as reader:
        pegging = peg_orders(reader, GZ, builds, {BASE: {PACK: 1}}, week(2))
    assert [(p.build_order_id, p.source, p.quantity) for p in pegging.all()] == [
        ("b0", "stock", 1),
        ("b1", "r1-GZ-cell", 1),
        ("b2", "r1-GZ-cell", 1),
        ("b3", "r2-GZ-cell", 1),
    ]
    assert [p.build_order_id for p in pegging.orders_of("r1-GZ-cell")] == ["b1", "b2"]


def test_a_run_cannot_be_issued_twice(do: Do) -> None:
    builds = {(BASE, week(2)): 1}
    do(lambda tx: plan_parts(tx, "r1", GZ, week(0), builds, USAGE, PARTS, release_days=None))
    with pytest.raises(Conflict, match="`r1-GZ-cell` was issued already"):
        do(lambda tx: plan_parts(tx, "r1", GZ, week(0), {(BASE, week(2)): 9}, USAGE, PARTS, release_days=None))
