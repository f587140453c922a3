"""What must stay true of a whole run, read from its ledger: dates, slots, parts, money, and what is told of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from finished_launch import FinishedLaunch

from pullcord import orders
from pullcord.app import projections, table_sizes
from pullcord.base import ProgramId, monday_of
from pullcord.finance import ACCOUNT_BALANCE, Transferred
from pullcord.logistics import LegArrived, LegDeparted
from pullcord.orders import (
    DepositRefunded,
    OrderCancelled,
    OrderDeposited,
    OrderHandedOver,
    OrderLocked,
    OrderQuoted,
    State,
)
from pullcord.procurement import CallOffIssued, PartsConsumed, PartsReceived, StockAdjusted
from pullcord.production import SlotReleased, SlotsOpened, SlotTaken, VehicleBuilt
from pullcord.program import Program
from pullcord.store import verify
from small_house import small_program


@pytest.fixture(scope="module")
def program() -> Program:
    return small_program()


def test_the_run_meets_what_its_folder_is_made_for(launch: FinishedLaunch) -> None:
    """A run without refunds, call-offs or customers who walk away would prove nothing below."""
    told = launch.study.results["launch"]
    assert told["reservations"] == 300
    assert told["handed_over"] > 100
    assert told["cancelled"] > 50
    assert told["refunded_minor"] > 0
    assert launch.of(CallOffIssued)
    assert launch.of(PartsReceived)


# Orders


def test_every_locked_order_reaches_its_customer_or_is_withdrawn(launch: FinishedLaunch) -> None:
    locked = {e.body.order_id for e in launch.of(OrderLocked)}
    ended = {e.body.order_id for e in launch.of(OrderHandedOver)}
    withdrawn = {e.body.order_id for e in launch.of(OrderCancelled)} & locked
    assert ended | withdrawn == locked
    assert not ended & withdrawn
    assert launch.study.results["launch"]["open_at_end"] == 0


def test_no_deposit_precedes_a_date_and_it_is_paid_against_that_date(launch: FinishedLaunch) -> None:
    shown: dict[str, Any] = {}
    for event in launch.of(OrderQuoted, OrderDeposited):
        if isinstance(event.body, OrderQuoted):
            shown[event.body.order_id] = event.body
        else:
            quote = shown[event.body.order_id]
            assert event.body.deliver_on == quote.deliver_on
            assert event.recorded_at <= quote.valid_until
            assert event.body.amount == small_program().policies.deposit


def test_nothing_is_built_before_its_order_is_locked(launch: FinishedLaunch) -> None:
    locked = {e.body.order_id: e.recorded_at for e in launch.of(OrderLocked)}
    for built in launch.of(VehicleBuilt):
        assert locked[orders.order_of_build(built.body.build_order_id)] < built.recorded_at


def test_every_vehicle_comes_by_the_date_its_customer_was_shown(launch: FinishedLaunch) -> None:
    promised = {e.body.order_id: e.body.deliver_on for e in launch.of(OrderDeposited)}
    for handed in launch.of(OrderHandedOver):
        assert handed.body.promised_on == promised[handed.body.order_id]
        assert handed.body.delivered_on <= handed.body.promised_on


def test_a_vehicle_takes_the_time_that_the_road_takes(launch: FinishedLaunch, program: Program) -> None:
    built = {e.body.vehicle_id: e.body.built_on for e in launch.of(VehicleBuilt)}
    due = {e.body.vehicle_id: e.body.due_on for e in launch.of(LegDeparted)}
    assert set(due) == set(built), "every vehicle has a customer here"
    for arrived in launch.of(LegArrived):
        vehicle = arrived.body.vehicle_id
        assert arrived.body.arrived_on == due[vehicle] > built[vehicle]
        local = arrived.recorded_at + timedelta(hours=program.utc_offset_hours)
        assert local.date() == due[vehicle], "the ledger hears of it on the day"


def test_orders_lock_when_the_time_to_withdraw_is_over_and_not_before_their_customers_lock(
    launch: FinishedLaunch, program: Program
) -> None:
    paid = {e.body.order_id: e.recorded_at for e in launch.of(OrderDeposited)}
    waits = [e.recorded_at - paid[e.body.order_id] for e in launch.of(OrderLocked)]
    lock_after, sweep = timedelta(hours=program.policies.lock_hours), timedelta(hours=6)
    assert max(waits) <= lock_after + sweep
    assert any(lock_after <= wait for wait in waits), "some never locked by themselves"
    assert any(wait < lock_after for wait in waits)


def test_a_deposit_goes_back_until_the_lock_and_no_longer(launch: FinishedLaunch) -> None:
    refunds = Counter({e.body.order_id: e.body.amount.minor for e in launch.of(DepositRefunded)})
    cancelled = {e.body.order_id: e.body.was for e in launch.of(OrderCancelled)}
    deposit = small_program().policies.deposit.minor
    assert refunds == Counter({order: deposit for order, was in cancelled.items() if was is State.DEPOSITED})
    assert State.LOCKED in cancelled.values(), "some changed their minds too late"


# Slots and parts


def test_no_slot_is_ever_sold_twice(launch: FinishedLaunch, program: Program) -> None:
    capacity: dict[tuple[str, date], int] = {}
    limits = {(limit.family_id, limit.option_id): limit.vehicles_per_week for limit in program.option_limits}
    taken: dict[tuple[str, date], dict[str, Any]] = defaultdict(dict)
    for event in launch.of(SlotsOpened, SlotTaken, SlotReleased):
        body = event.body
        if isinstance(body, SlotsOpened):
            capacity |= {(body.plant_id, slot.week_start): slot.capacity_vehicles for slot in body.slots}
        elif isinstance(body, SlotTaken):
            week = taken[body.plant_id, body.week_start]
            assert body.holder not in week
            week[body.holder] = body.options
            assert len(week) <= capacity[body.plant_id, body.week_start]
            used = Counter((use.family_id, use.option_id) for options in week.values() for use in options)
            assert all(used[option] <= most for option, most in limits.items())
        else:
            del taken[body.plant_id, body.week_start][body.holder]
    handed_over = {e.body.order_id for e in launch.of(OrderHandedOver)}
    assert {holder for week in taken.values() for holder in week} == handed_over, "the others gave theirs back"


def test_no_week_builds_more_than_the_plant_can(launch: FinishedLaunch) -> None:
    built = Counter(monday_of(e.body.built_on) for e in launch.of(VehicleBuilt))
    (opened,) = launch.of(SlotsOpened)
    capacity = {slot.week_start: slot.capacity_vehicles for slot in opened.body.slots}
    assert all(count <= capacity[week] for week, count in built.items())


def test_parts_are_there_before_they_are_used_and_none_is_lost(launch: FinishedLaunch, program: Program) -> None:
    stock: Counter[str] = Counter()
    for event in launch.of(StockAdjusted, PartsReceived, PartsConsumed):
        sign = -1 if isinstance(event.body, PartsConsumed) else 1
        for line in event.body.lines:
            stock[line.part_id] += sign * line.quantity
        assert min(stock.values()) >= 0
    received = Counter(program.opening_stock)
    for event in launch.of(PartsReceived):
        received.update({line.part_id: line.quantity for line in event.body.lines})
    white = sum(e.body.variant_id == "white" for e in launch.of(VehicleBuilt))
    built = len(launch.of(VehicleBuilt))
    assert stock["lens"] == received["lens"] - built
    assert stock["fan"] == received["fan"] - 2 * built
    assert stock["housing_white"] == received["housing_white"] - white


def test_no_supplier_delivers_faster_than_it_can(launch: FinishedLaunch, program: Program) -> None:
    offset = timedelta(hours=program.utc_offset_hours)
    parts = {part.part_id: part for part in program.parts}
    weekly: Counter[tuple[str, date]] = Counter()
    for event in launch.of(CallOffIssued):
        for line in event.body.lines:
            part = parts[line.part_id]
            assert line.due_on >= (event.recorded_at + offset).date() + timedelta(days=part.lead_time_days)
            assert line.quantity % part.lot_size == 0
            weekly[line.part_id, monday_of(line.due_on)] += line.quantity
    for (part_id, _), quantity in weekly.items():
        most = parts[part_id].supply_per_week
        assert most is None or quantity <= most


# Money


def test_every_transfer_and_every_currency_is_balanced(launch: FinishedLaunch) -> None:
    for event in launch.of(Transferred):
        assert sum(line.minor for line in event.body.lines) == 0
        assert len(event.body.lines) >= 2
    assert launch.study.results["finance"]["trial_balance_minor"] == 0


def test_the_books_are_what_the_launch_says(launch: FinishedLaunch) -> None:
    with launch.ledger.reader() as reader:
        balance = {row.account: row.debit_minor - row.credit_minor for row in reader.select(ACCOUNT_BALANCE)}
    handed = launch.of(OrderHandedOver)
    takings = sum(e.body.price.minor for e in handed)
    deposits = len(launch.of(OrderDeposited)) * small_program().policies.deposit.minor
    refunds = sum(e.body.amount.minor for e in launch.of(DepositRefunded))
    kept = deposits - refunds - sum(e.body.deposit.minor for e in handed)
    held = -sum(minor for account, minor in balance.items() if account.startswith("shop/customer_deposits/"))
    assert held == 0, "nobody is waiting any more"
    assert -balance["shop/forfeits"] == kept > 0, "deposits of those who withdrew too late"
    cash = {account.split("/")[0]: minor for account, minor in balance.items() if account.endswith("/cash")}
    assert sum(cash.values()) == takings + kept, "money comes from customers only"
    assert cash["optics"] + cash["shells"] > 0, "suppliers were paid"
    owed_at_end = {a: m for a, m in balance.items() if a.startswith("shop/payable/") and m}
    assert owed_at_end == {}, "every party has its share when the launch is over"


def test_a_sale_is_shared_to_the_last_fen(launch: FinishedLaunch, program: Program) -> None:
    shares = {s.party_id: s.share for s in program.settlement}
    owed: Counter[str] = Counter()
    exact: dict[str, Fraction] = defaultdict(Fraction)
    sales = {f"t-{e.seq}": e.body.price.minor for e in launch.of(OrderHandedOver)}
    seen = 0
    for event in launch.of(Transferred):
        price = sales.get(event.body.transfer_id)
        if price is None:
            continue
        seen += 1
        income = {x.account.split("/")[0]: -x.minor for x in event.body.lines if "/sales" in x.account}
        assert sum(income.values()) == price
        for party, minor in income.items():
            owed[party] += minor
            exact[party] += shares[party] * price
            assert abs(minor - shares[party] * price) < 1
    assert seen == len(sales)
    assert set(owed) == {"shop", "maker"}


# The ledger and what is told of it


def test_the_ledger_has_no_gap_and_every_event_but_a_command_has_an_earlier_cause(launch: FinishedLaunch) -> None:
    assert [event.seq for event in launch.events] == list(range(1, launch.ledger.head() + 1))
    assert len(launch.events) == launch.study.results["ledger"]["events"]
    for event in launch.events:
        if event.kind == "command.answered":
            assert event.cause is None
        else:
            assert event.cause is not None
            assert event.cause < event.seq


def test_a_replay_rebuilds_every_table(launch: FinishedLaunch, program: Program) -> None:
    found = verify(f"sqlite:///{launch.study.ledger}", ProgramId(program.program_id), projections())
    assert found.faults == ()
    assert found.events == launch.ledger.head()
    sizes = launch.study.results["ledger"]["tables"]
    assert {name: rows for name, (rows, _, _) in found.tables.items()} == sizes
    assert all(digest == rebuilt for _, digest, rebuilt in found.tables.values())


def test_what_is_told_of_the_launch_is_what_its_tables_hold(launch: FinishedLaunch) -> None:
    told = launch.study.results["launch"]
    with launch.ledger.reader() as reader:
        rows = reader.select(orders.ORDER)
        assert launch.study.results["ledger"]["tables"] == table_sizes(reader)
    states = Counter(row.state for row in rows)
    assert told["reservations"] == len(rows)
    assert told["handed_over"] == states[State.HANDED_OVER] == told["built"]
    assert told["cancelled"] == states[State.CANCELLED]
    assert told["deposited"] == sum(row.deposited_at is not None for row in rows)
    assert told["refunded_minor"] == sum(row.refunded_minor for row in rows)
    errors = Counter((r.delivered_on - r.deliver_on).days for r in rows if r.delivered_on and r.deliver_on)
    assert told["promise_error_days"] == {str(days): count for days, count in sorted(errors.items())}
    last = told["daily"][-1]
    assert (last["reservations"], last["hand_overs"]) == (300, told["handed_over"])
    assert sum(city["hand_overs"] for city in launch.study.results["cities"]) == told["handed_over"]
    assert sum(week["built"] for week in launch.study.results["schedule"]["weeks"]) == told["built"]
    m3 = launch.study.results["measures"]["M3"]
    assert m3["n"] == told["handed_over"]
    assert m3["mae_days"] == pytest.approx(sum(abs(d) * n for d, n in errors.items()) / errors.total(), abs=1e-4)


def test_the_pegging_example_is_about_a_real_call_off_and_real_orders(launch: FinishedLaunch) -> None:
    shown = launch.study.results["procurement"]["pegging_example"]
    assert shown is not None
    (issued,) = [e for e in launch.of(CallOffIssued) if e.body.calloff_id == shown["calloff_id"]]
    assert shown["quantity"] in {line.quantity for line in issued.body.lines}
    assert sum(order["quantity"] for order in shown["orders"]) <= shown["quantity"]
    built = {orders.order_of_build(e.body.build_order_id) for e in launch.of(VehicleBuilt)}
    assert {order["order_id"] for order in shown["orders"]} <= built
