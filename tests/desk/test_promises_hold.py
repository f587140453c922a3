"""A date that was shown can be kept however long its customer takes: fence and lock leave room for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullcord.base import CityId, OrderId, PersonId, VariantId, monday_of
from pullcord.orders import ORDER, OrderDeposited, OrderLocked, OrderQuoted, State
from pullcord.production import VehicleBuilt
from pullcord.program import Program
from pullcord.study import Customer, LaunchReplay
from small_house import local, small_house, small_program


def with_policies(*, freeze: int, lock_hours: int, valid_hours: int, plan_days: int) -> Program:
    program = small_program()
    return replace(
        program,
        policies=replace(
            program.policies,
            freeze_weeks=freeze,
            lock_hours=lock_hours,
            quote_valid_hours=valid_hours,
            plan_every_days=plan_days,
        ),
    )


@pytest.mark.parametrize(
    ("freeze", "lock_hours", "valid_hours", "plan_days"),
    [(1, 48, 12, 3), (1, 6, 1, 7), (2, 168, 48, 1), (3, 24, 12, 1)],
)
def test_customers_who_take_all_their_time_get_their_vehicles_by_the_date_shown(
    tmp_path: Path, freeze: int, lock_hours: int, valid_hours: int, plan_days: int
) -> None:
    """One customer each six hours of two weeks, all as slow as the terms allow: nobody's date is missed."""
    program = with_policies(freeze=freeze, lock_hours=lock_hours, valid_hours=valid_hours, plan_days=plan_days)
    customers = [
        Customer(
            order_id=OrderId(f"slow-{number}"),
            person_id=PersonId(f"p-{number}"),
            variant_id=VariantId("white"),
            plan="owned",
            city_id=CityId("chengdu"),
            reserves_at=local(program, program.starts_on, 6 * number),
            asks_after=timedelta(minutes=1),
            patience_days=1000.0,
            pays_after=timedelta(hours=valid_hours),
            locks_after=timedelta(weeks=8),  # never by themselves: the time to withdraw runs out first
            changes_mind=False,
        )
        for number in range(4 * 14)
    ]
    with small_house(tmp_path, program) as house:
        LaunchReplay(house.app, house.clock, customers, lambda *_: None).run()
        with house.ledger.reader() as reader:
            rows = reader.select(ORDER)
        paid = {e.body.order_id: e.recorded_at for e in house.events(OrderDeposited)}
        quoted = {e.body.order_id: e.recorded_at for e in house.events(OrderQuoted)}
    assert {row.state for row in rows} == {State.HANDED_OVER}
    assert all(paid[order] - quoted[order] == timedelta(hours=valid_hours) for order in quoted)
    late = {row.order_id: (row.deliver_on, row.delivered_on) for row in rows if row.delivered_on > row.deliver_on}
    assert late == {}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.integers(0, 21 * 24 * 60),
    freeze=st.integers(1, 4),
    lock_hours=st.integers(1, 24 * 15),
    valid_hours=st.integers(1, 24 * 8),
    plan_days=st.integers(1, 7),
)
def test_the_first_promised_week_begins_when_the_order_is_locked_and_the_fence_leaves_it_open(
    tmp_path_factory: pytest.TempPathFactory,
    minutes: int,
    freeze: int,
    lock_hours: int,
    valid_hours: int,
    plan_days: int,
) -> None:
    program = with_policies(freeze=freeze, lock_hours=lock_hours, valid_hours=valid_hours, plan_days=plan_days)
    with small_house(tmp_path_factory.mktemp("house"), program) as house:
        house.wait(minutes=minutes)
        house.quoted("a", "black")
        (quoted,) = house.events(OrderQuoted)
    week = quoted.body.week_start
    begins = local(program, week)
    paid_by = quoted.recorded_at + timedelta(hours=valid_hours)
    assert quoted.body.valid_until == paid_by
    assert begins >= paid_by + timedelta(hours=lock_hours), "the order locks before its week begins"
    planned_by = (paid_by + timedelta(hours=program.utc_offset_hours, days=plan_days)).date()
    assert week >= monday_of(planned_by) + timedelta(weeks=freeze), "the plan that learns of it can still move it"
    assert begins - timedelta(weeks=1) < max(
        paid_by + timedelta(hours=lock_hours), local(program, monday_of(planned_by) + timedelta(weeks=freeze))
    ), "and no week before it would have done"


def test_nothing_is_built_before_its_order_is_locked(tmp_path: Path) -> None:
    """Customers who keep their orders open to the last moment, beside others who lock at once."""
    program = small_program()
    with small_house(tmp_path) as house:
        house.deposited("open", "black", "dongguan")
        house.locked("firm", "black", "dongguan")
        (week,) = {e.body.week_start for e in house.events(OrderDeposited)}
        house.at(program.starts_on, 2)
        planned = house.plan()
        assert planned.vehicles >= 2
        built = house.give(house.desk.build("shenzhen", week, ["b-open", "b-firm"]))
        assert (built.count, built.not_locked, built.short_of_parts) == (1, ("b-open",), ())
        house.wait(hours=program.policies.lock_hours)
        assert house.give(house.desk.lock_due("sweep")).count == 1
        later = house.give(house.desk.build("shenzhen", week + timedelta(days=1), ["b-open"]))
        assert (later.count, later.not_locked) == (1, ())
        locked = {e.body.order_id: e.seq for e in house.events(OrderLocked)}
        assert all(locked[e.body.build_order_id.removeprefix("b-")] < e.seq for e in house.events(VehicleBuilt))
