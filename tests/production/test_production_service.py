"""Slots, build orders and the weekly plan through a real ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_problems import MONDAY, week

from pullcord.base import (
    BuildOrderId,
    CityId,
    CommandId,
    Conflict,
    FamilyId,
    FixedClock,
    InvalidInput,
    Money,
    NotFound,
    OptionId,
    PartId,
    PartyId,
    PlantId,
    ProgramId,
    VariantId,
)
from pullcord.production import (
    BUILD_ORDER,
    BUILD_SLOT,
    OPTION_LOAD,
    PROJECTION,
    SCHEDULE_CELL,
    BuildOrder,
    BuildPlanned,
    BuildUnplanned,
    OptionLimit,
    PlanPolicy,
    PlanRequest,
    Plant,
    Schedule,
    SchedulePublished,
    VehicleBuilt,
    cancel_build_order,
    due_counts,
    earliest_due_first,
    free_slots,
    open_build_order,
    open_slots,
    plan,
    planned_orders,
    release_slot,
    report_built,
    take_slot,
    vehicles_per_week,
)
from pullcord.solvers import Status
from pullcord.store import Command, Ledger, Transaction

GZ = PlantId("GZ")
WHITE = ("colour", "white")
RED = ("colour", "red")
OPTIONS = {VariantId("a"): (WHITE, ("roof", "steel")), VariantId("b"): (RED,)}
WHITE_LIMIT = OptionLimit(GZ, FamilyId("colour"), OptionId("white"), 2)
POLICY = PlanPolicy(
    late_cost=Money(100, "CNY"),
    early_cost=Money(10, "CNY"),
    unbuilt_cost=Money(1_000, "CNY"),
    weeks=6,
    freeze_weeks=1,
    early_weeks_max=1,
)
Do = Callable[[Callable[[Transaction], Any]], Any]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    clock = FixedClock(datetime(2025, 12, 1, 8, tzinfo=UTC))
    url = f"sqlite:///{tmp_path}/ledger.db"
    with Ledger.open(url, ProgramId("test"), clock=clock, projections=[PROJECTION]) as opened:
        yield opened


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


def bid(number: int) -> BuildOrderId:
    return BuildOrderId(f"b{number:02}")


def free(tx: Transaction, *options: tuple[str, str]) -> list[int]:
    return [slot.free_vehicles for slot in free_slots(tx, MONDAY, options)]


def test_a_plant_yields_what_its_takt_allows_and_ramps_up() -> None:
    plant = Plant(GZ, "Guangzhou", CityId("guangzhou"), 53, 80, 0.9, share=0.5, ramp_up_weeks=3)
    assert [vehicles_per_week(plant, number) for number in (-1, 0, 1, 2, 3, 9)] == [0, 611, 1222, 1833, 2445, 2445]
    with pytest.raises(InvalidInput, match=r"plant `GZ` cannot have takt_seconds 0, share 1.5"):
        Plant(GZ, "Guangzhou", CityId("guangzhou"), 0, 80, 0.9, share=1.5)


def test_slots_count_vehicles_and_their_limited_options(do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(0), 3), (week(1), 3)], [WHITE_LIMIT]))
    assert do(lambda tx: (free(tx), free(tx, WHITE), free(tx, RED))) == ([3, 3], [2, 2], [3, 3])
    do(lambda tx: take_slot(tx, GZ, week(0), "o1", [WHITE, ("roof", "steel")]))
    do(lambda tx: take_slot(tx, GZ, week(0), "o1", [WHITE]))  # asked again: one place is enough
    do(lambda tx: take_slot(tx, GZ, week(0), "o2", [WHITE]))
    assert do(lambda tx: (free(tx), free(tx, WHITE), free(tx, RED))) == ([1, 3], [0, 2], [1, 3])
    with pytest.raises(Conflict, match="no more colour=white in the week of 2025-12-01: all 2 are taken"):
        do(lambda tx: take_slot(tx, GZ, week(0), "o3", [WHITE]))
    do(lambda tx: take_slot(tx, GZ, week(0), "o3", [RED]))
    with pytest.raises(Conflict, match="all 3 places of plant `GZ` in the week of 2025-12-01 are taken"):
        do(lambda tx: take_slot(tx, GZ, week(0), "o4", [RED]))
    do(lambda tx: release_slot(tx, GZ, week(0), "o1"))
    assert do(lambda tx: (free(tx), free(tx, WHITE))) == ([1, 3], [1, 2])
    with pytest.raises(NotFound, match="`o1` holds no place"):
        do(lambda tx: release_slot(tx, GZ, week(0), "o1"))
    with pytest.raises(NotFound, match="has not opened the week of 2026-02-09"):
        do(lambda tx: take_slot(tx, GZ, week(10), "o5"))


def test_free_slots_begin_after_the_day_asked_for(do: Do) -> None:
    assert do(lambda tx: free_slots(tx, MONDAY)) == []
    do(lambda tx: open_slots(tx, GZ, [(week(t), 1) for t in range(3)]))
    do(lambda tx: open_slots(tx, PlantId("CS"), [(week(2), 5)]))
    found = do(lambda tx: free_slots(tx, date(2025, 12, 2)))
    assert [(slot.plant_id, slot.week_start) for slot in found] == [("GZ", week(1)), ("CS", week(2)), ("GZ", week(2))]


def test_capacity_can_change_but_not_below_what_is_taken(do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(0), 3)], [WHITE_LIMIT]))
    for holder in ("o1", "o2"):
        do(partial(take_slot, plant_id=GZ, week_start=week(0), holder=holder, options=[WHITE]))
    do(lambda tx: open_slots(tx, GZ, [(week(0), 5)], [WHITE_LIMIT]))
    assert do(lambda tx: (free(tx), free(tx, WHITE))) == ([3], [0])
    with pytest.raises(Conflict, match="2 places taken"):
        do(lambda tx: open_slots(tx, GZ, [(week(0), 1)]))
    with pytest.raises(Conflict, match="promised 2 vehicles with colour=white"):
        do(lambda tx: open_slots(tx, GZ, [(week(0), 5)], [OptionLimit(GZ, FamilyId("colour"), OptionId("white"), 1)]))
    with pytest.raises(InvalidInput, match="2025-12-02 is no Monday"):
        do(lambda tx: open_slots(tx, GZ, [(date(2025, 12, 2), 5)]))


def test_the_table_refuses_to_oversell_even_if_the_code_does(ledger: Ledger, do: Do) -> None:
    from pullcord.production import SlotTaken

    do(lambda tx: open_slots(tx, GZ, [(week(0), 1)]))
    with pytest.raises(Exception, match="CHECK"):
        do(lambda tx: [tx.emit(f"slot/{n}", SlotTaken(GZ, week(0), f"o{n}")) for n in range(2)])
    with ledger.reader() as reader:
        assert reader.get(BUILD_SLOT, GZ, week(0)).free_vehicles == 1  # type: ignore[union-attr]


def ask_for(tx: Transaction, *wanted: tuple[int, str, int]) -> None:
    for number, variant, due in wanted:
        open_build_order(tx, bid(number), VariantId(variant), GZ, week(due))


def planned(ledger: Ledger) -> dict[str, date | None]:
    with ledger.reader() as reader:
        return {order.build_order_id: order.planned_week for order in reader.select(BUILD_ORDER)}


def request(run_id: str, as_of: date = MONDAY, **changes: Any) -> PlanRequest:
    return replace(PlanRequest(run_id, GZ, as_of, POLICY), **changes)


def test_the_plan_gives_weeks_to_the_earliest_promised_first(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(t), 2) for t in range(6)]))
    do(lambda tx: ask_for(tx, (3, "a", 0), (1, "a", 0), (2, "a", 0), (4, "b", 2)))
    schedule: Schedule = do(lambda tx: plan(tx, request("r1")))
    assert schedule.objective == 100.0
    assert planned(ledger) == {"b01": week(0), "b02": week(0), "b03": week(1), "b04": week(2)}
    (published,) = ledger.events(kinds=[SchedulePublished])
    assert [(c.variant_id, c.week_start, c.vehicles) for c in published.body.cells] == [
        ("a", week(0), 2),
        ("a", week(1), 1),
        ("b", week(2), 1),
    ]
    assert [(p.constraint, p.week_start) for p in published.body.shadow_prices] == [("capacity", week(0))]
    assert {event.cause for event in ledger.events(kinds=[BuildPlanned])} == {published.seq}
    with ledger.reader() as reader:
        assert len(reader.select(SCHEDULE_CELL)) == 3


def test_a_second_plan_tells_only_what_moved_and_keeps_the_frozen_week(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(t), 2) for t in range(6)]))
    do(lambda tx: ask_for(tx, (1, "a", 0), (2, "a", 0), (3, "a", 1), (4, "b", 2)))
    do(lambda tx: plan(tx, request("r1")))
    told = ledger.head()
    do(lambda tx: cancel_build_order(tx, bid(1)))
    do(lambda tx: ask_for(tx, (5, "a", 0)))  # too late for the frozen week, though it has room again
    do(lambda tx: plan(tx, request("r2")))
    moved = [(e.body.build_order_id, e.body.week_start) for e in ledger.events(told, kinds=[BuildPlanned])]
    assert moved == [("b05", week(1))]
    assert planned(ledger) == {"b01": None, "b02": week(0), "b03": week(1), "b04": week(2), "b05": week(1)}


def test_what_is_built_this_week_uses_its_capacity_up(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(t), 2) for t in range(6)], [WHITE_LIMIT]))
    do(lambda tx: ask_for(tx, (1, "a", 0), (2, "a", 0)))
    do(lambda tx: plan(tx, request("r1", options=OPTIONS)))
    assert do(lambda tx: report_built(tx, GZ, date(2025, 12, 3), [bid(1)])) == ["PC-b01"]
    do(lambda tx: ask_for(tx, (3, "b", 0)))
    unfrozen = replace(POLICY, freeze_weeks=0)
    do(lambda tx: plan(tx, request("r2", date(2025, 12, 3), policy=unfrozen, options=OPTIONS)))
    left = {name: at for name, at in planned(ledger).items() if name != "b01"}
    assert sorted(left.values()) == [week(0), week(1)]  # type: ignore[type-var]


def test_options_and_parts_limit_the_plan(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(t), 9) for t in range(6)], [WHITE_LIMIT]))
    do(lambda tx: ask_for(tx, *((n, "a", 0) for n in range(3)), *((n, "b", 0) for n in range(3, 6))))
    usage = {VariantId("b"): {PartId("pack"): 1}}
    supply = {PartId("pack"): (1.0, 0.0, *[float("inf")] * 4)}
    schedule = do(lambda tx: plan(tx, request("r1", options=OPTIONS, usage=usage, parts_supply=supply)))
    weeks = planned(ledger)
    assert [weeks[f"b{n:02}"] for n in range(6)] == [week(0), week(0), week(1), week(0), week(2), week(2)]
    assert {(p.constraint, p.week_start) for p in schedule.prices} == {
        ("option colour=white", week(0)),
        ("part pack", week(0)),
        ("part pack", week(1)),
    }
    with pytest.raises(InvalidInput, match="part `pack` has a supply for 1 weeks, and the plan 6"):
        do(lambda tx: plan(tx, request("r2", parts_supply={PartId("pack"): (1.0,)})))


def test_an_impossible_plan_is_published_with_its_reason_and_moves_nobody(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(t), 2) for t in range(6)]))
    do(lambda tx: ask_for(tx, (1, "a", 0), (2, "a", 0)))
    do(lambda tx: plan(tx, request("r1")))
    do(lambda tx: open_slots(tx, GZ, [(week(0), 1)]))
    schedule = do(lambda tx: plan(tx, request("r2")))
    assert schedule.status == Status.INFEASIBLE
    last = list(ledger.events(kinds=[SchedulePublished]))[-1].body
    assert last.status == "infeasible"
    assert last.conflicts == ("week 2025-12-01: plant GZ capacity 1 vehicles against 2 frozen",)
    assert last.cells == ()
    assert planned(ledger) == {"b01": week(0), "b02": week(0)}


def test_a_fence_that_cannot_hold_is_thawed_where_the_policy_says_so(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(t), 2) for t in range(6)]))
    do(lambda tx: ask_for(tx, (1, "a", 0), (2, "a", 0)))
    do(lambda tx: plan(tx, request("r1")))
    do(lambda tx: open_slots(tx, GZ, [(week(0), 1)]))
    schedule = do(lambda tx: plan(tx, request("r2", policy=replace(POLICY, thaw=True))))
    assert schedule.status == Status.OPTIMAL
    assert schedule.conflicts == ("week 2025-12-01: plant GZ capacity 1 vehicles against 2 frozen",)
    assert planned(ledger) == {"b01": week(0), "b02": week(1)}


def test_a_plant_may_build_more_than_it_has_offered(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(0), 1)]))
    do(lambda tx: ask_for(tx, (1, "a", 0), (2, "a", 0), (3, "a", 0)))
    do(lambda tx: plan(tx, request("r1", capacity={week(0): 2, week(1): 9})))
    assert planned(ledger) == {"b01": week(0), "b02": week(0), "b03": week(1)}


def test_what_was_built_and_what_is_overdue_is_counted(do: Do) -> None:
    do(lambda tx: ask_for(tx, (1, "a", 0), (2, "a", 1), (3, "b", 1), (4, "b", 2)))
    do(lambda tx: report_built(tx, GZ, week(1), [bid(1), bid(2)]))
    assert do(lambda tx: due_counts(tx, GZ, week(0))) == ({week(0): 1, week(1): 1}, 0)
    assert do(lambda tx: due_counts(tx, GZ, week(2))) == ({}, 1)


def test_an_order_that_loses_its_week_is_told(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(5), 1)]))
    do(lambda tx: ask_for(tx, (2, "a", 5)))
    do(lambda tx: plan(tx, request("r1")))
    do(lambda tx: ask_for(tx, (1, "a", 4)))
    do(lambda tx: plan(tx, request("r2")))
    assert planned(ledger) == {"b01": week(5), "b02": None}
    assert [e.body.build_order_id for e in ledger.events(kinds=[BuildUnplanned])] == ["b02"]


def test_forecast_takes_what_firm_orders_leave(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(t), 3) for t in range(6)]))
    do(lambda tx: ask_for(tx, (1, "a", 0), (2, "b", 0)))
    schedule = do(lambda tx: plan(tx, request("r1", forecast={(VariantId("a"), week(0)): 2})))
    assert schedule.builds is not None
    assert schedule.builds[:, 0, :2].tolist() == [[1, 0], [1, 0], [1, 1]]
    (published,) = ledger.events(kinds=[SchedulePublished])
    assert [(c.variant_id, c.week_start, c.vehicles) for c in published.body.cells] == [
        ("a", week(0), 2),
        ("a", week(1), 1),
        ("b", week(0), 1),
    ]


def test_build_orders_say_no_to_what_cannot_be(do: Do) -> None:
    do(lambda tx: ask_for(tx, (1, "a", 0)))
    do(lambda tx: ask_for(tx, (1, "a", 0)))  # the same words: nothing more happens
    with pytest.raises(Conflict, match="already stands for a from plant GZ"):
        do(lambda tx: ask_for(tx, (1, "b", 0)))
    with pytest.raises(NotFound, match="no build order `b09`"):
        do(lambda tx: cancel_build_order(tx, bid(9)))
    with pytest.raises(Conflict, match="is for plant GZ, not CS"):
        do(lambda tx: report_built(tx, PlantId("CS"), MONDAY, [bid(1)]))
    do(lambda tx: report_built(tx, GZ, MONDAY, [bid(1)]))
    with pytest.raises(Conflict, match="was built on 2025-12-01 as PC-b01"):
        do(lambda tx: cancel_build_order(tx, bid(1)))
    with pytest.raises(Conflict, match="is built and cannot be built"):
        do(lambda tx: report_built(tx, GZ, MONDAY, [bid(1)]))
    with pytest.raises(InvalidInput, match="no Monday"):
        do(lambda tx: open_build_order(tx, bid(2), VariantId("a"), GZ, date(2025, 12, 2)))


def test_the_week_s_orders_are_built_and_told(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(t), 2) for t in range(6)]))
    do(lambda tx: ask_for(tx, (1, "a", 0), (2, "b", 0), (3, "b", 1)))
    do(lambda tx: plan(tx, request("r1")))
    due = do(lambda tx: planned_orders(tx, GZ, week(0)))
    do(lambda tx: report_built(tx, GZ, week(1), [order.build_order_id for order in due]))
    built = [event.body for event in ledger.events(kinds=[VehicleBuilt])]
    assert [(body.vehicle_id, body.variant_id, body.built_on) for body in built] == [
        ("PC-b01", "a", week(1)),
        ("PC-b02", "b", week(1)),
    ]


ORDERS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 5)), max_size=25).map(
    lambda drawn: [BuildOrder(bid(n), VariantId(v), GZ, week(due), "open") for n, (v, due) in enumerate(drawn)]
)
PLANNED = st.dictionaries(
    st.tuples(st.sampled_from([VariantId("a"), VariantId("b")]), st.integers(0, 5).map(week)), st.integers(0, 6)
)


@given(ORDERS, PLANNED)
def test_assignment_conserves_vehicles_and_never_overtakes(
    orders: list[BuildOrder], cells: dict[tuple[VariantId, date], int]
) -> None:
    assigned = earliest_due_first(orders, cells)
    by_id = {order.build_order_id: order for order in orders}
    used = Counter((by_id[name].variant_id, at) for name, at in assigned.items())
    assert all(count <= cells[cell] for cell, count in used.items())
    for variant in ("a", "b"):
        queue = sorted((o for o in orders if o.variant_id == variant), key=lambda o: (o.due_week, o.build_order_id))
        room = sum(count for (name, _), count in cells.items() if name == variant)
        weeks = [assigned[o.build_order_id] for o in queue if o.build_order_id in assigned]
        assert len(weeks) == min(len(queue), room)
        assert weeks == sorted(weeks)
        assert [o.build_order_id in assigned for o in queue] == sorted(
            (o.build_order_id in assigned for o in queue), reverse=True
        )


def test_option_rooms_are_kept_by_week(ledger: Ledger, do: Do) -> None:
    do(lambda tx: open_slots(tx, GZ, [(week(t), 9) for t in range(2)], [WHITE_LIMIT]))
    do(lambda tx: take_slot(tx, GZ, week(1), "o1", [WHITE]))
    with ledger.reader() as reader:
        rooms = {row.week_start: row.free_vehicles for row in reader.select(OPTION_LOAD)}
    assert rooms == {week(0): 2, week(1): 1}
