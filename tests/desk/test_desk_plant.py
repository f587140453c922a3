"""What the carmaker does at the desk: plans that parts limit, builds that wait, parts that come and are paid for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from pullcord import procurement
from pullcord.base import Conflict, NotFound
from pullcord.finance import ACCOUNT_BALANCE
from pullcord.orders import OrderDeposited, State
from pullcord.procurement import CallOffIssued, PartsConsumed, PartsReceived
from pullcord.production import BuildPlanned, SchedulePublished, VehicleBuilt
from small_house import SmallHouse, local, small_house, small_program

WEEK = timedelta(weeks=1)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def stock(house: SmallHouse) -> dict[str, int]:
    with house.ledger.reader() as reader:
        return dict(procurement.stock_on_hand(reader, house.program.plants[0].plant_id))


def due_week(house: SmallHouse, order_id: str) -> date:
    return next(e.body.week_start for e in house.events(OrderDeposited) if e.body.order_id == order_id)


def test_a_firm_order_is_planned_for_the_week_it_was_promised_and_its_parts_are_called_off(house: SmallHouse) -> None:
    for number in range(8):
        house.locked(f"t-{number}", "black-tripod")
    for _ in range(2):  # what the second run must order, the first can still leave open
        house.wait(days=3)
        planned = house.plan()
        assert (planned.status, planned.conflicts) == ("optimal", ())
    weeks = {e.body.build_order_id: e.body.week_start for e in house.events(BuildPlanned)}
    assert weeks == {f"b-t-{number}": due_week(house, f"t-{number}") for number in range(8)}
    called = {line.part_id: line for e in house.events(CallOffIssued) for line in e.body.lines}
    assert called["tripod"].quantity == 5, "three are missing, and they come in fives"
    assert called["tripod"].due_on <= due_week(house, "t-7")


def test_a_promise_goes_before_what_is_only_expected(house: SmallHouse) -> None:
    """The launch week's forecast alone wants more lenses than there will ever be."""
    for number in range(30):
        house.locked(f"o-{number}", ("white", "black")[number % 2])
    house.give(house.desk.forecast("f", 8))
    house.wait(hours=1)
    house.plan()
    published = house.events(SchedulePublished)[-1]
    expected = sum(cell.vehicles for cell in published.body.cells)
    assert expected > 100, "the plan is full of expected ones"
    weeks = {e.body.build_order_id: e.body.week_start for e in house.events(BuildPlanned)}
    assert len(weeks) == 30
    assert all(week <= due_week(house, name.removeprefix("b-")) for name, week in weeks.items())


def test_the_fence_keeps_what_was_planned_for_the_weeks_inside_it(house: SmallHouse) -> None:
    house.locked("a", "black")
    house.wait(hours=1)
    house.plan()
    week = due_week(house, "a")
    house.at(week, 1)
    for number in range(20):
        house.locked(f"later-{number}", "black")
    house.plan()
    inside = [e.body for e in house.events(BuildPlanned) if e.body.week_start == week]
    assert [body.build_order_id for body in inside] == ["b-a"], "nothing joins a frozen week, nothing leaves it"
    planned = [e for e in house.events(BuildPlanned) if e.body.build_order_id == "b-a"]
    assert len(planned) == 1


def test_a_build_without_parts_waits_and_the_answer_names_it(house: SmallHouse) -> None:
    """Five tripods for seven customers who were promised before anybody counted them."""
    for number in range(7):
        house.locked(f"t-{number}", "black-tripod")
    names = [f"b-t-{number}" for number in range(7)]
    day = house.today
    built = house.give(house.desk.build("shenzhen", day, names))
    assert (built.count, built.short_of_parts) == (5, ("b-t-5", "b-t-6"))
    assert stock(house)["tripod"] == 0
    assert stock(house)["lens"] == 25
    assert [house.order(f"t-{number}").state for number in (4, 5)] == [State.SHIPPED, State.LOCKED]
    again = house.give(house.desk.build("shenzhen", day + timedelta(days=1), built.short_of_parts))
    assert (again.count, again.short_of_parts) == (0, ("b-t-5", "b-t-6"))
    assert len(house.events(PartsConsumed)) == 1, "nothing is taken where nothing is built"


def test_missing_parts_hold_up_only_those_who_need_them(house: SmallHouse) -> None:
    for number in range(6):
        house.locked(f"t-{number}", "black-tripod")
    house.locked("plain", "black")
    names = [*(f"b-t-{number}" for number in range(6)), "b-plain"]
    built = house.give(house.desk.build("shenzhen", house.today, names))
    assert (built.count, built.short_of_parts) == (6, ("b-t-5",))


def test_an_order_cancelled_after_the_plan_is_not_built(house: SmallHouse) -> None:
    house.locked("gone", "black")
    house.locked("stays", "black")
    house.wait(hours=1)
    house.plan()
    house.give(house.desk.cancel("gone", "changed their mind"))
    built = house.give(house.desk.build("shenzhen", due_week(house, "stays"), ["b-gone", "b-stays"]))
    assert (built.count, built.cancelled) == (1, ("b-gone",))
    assert [e.body.build_order_id for e in house.events(VehicleBuilt)] == ["b-stays"]


def test_nothing_is_built_twice(house: SmallHouse) -> None:
    house.locked("a", "black")
    day = house.today
    assert house.give(house.desk.build("shenzhen", day, ["b-a"])).count == 1
    assert house.give(house.desk.build("shenzhen", day, ["b-a"])).count == 1, "the same report, its answer"
    with pytest.raises(Conflict, match="is built and cannot be built"):
        house.give(house.desk.build("shenzhen", day, ["b-a"], run_id="again"))
    assert len(house.events(VehicleBuilt)) == 1
    assert stock(house)["lens"] == 29


def test_without_names_the_plan_says_what_is_built(house: SmallHouse) -> None:
    house.locked("a", "black")
    house.wait(hours=1)
    house.plan()
    week = due_week(house, "a")
    early = house.give(house.desk.build("shenzhen", week - timedelta(days=1), run_id="sunday"))
    assert early.count == 0
    assert house.give(house.desk.build("shenzhen", week, run_id="monday")).count == 1
    assert house.give(house.desk.build("shenzhen", week, run_id="monday-evening")).count == 0


def test_an_unknown_plant_and_an_unknown_build_order_are_named(house: SmallHouse) -> None:
    with pytest.raises(NotFound, match="no plant `shanghai`"):
        house.desk.plan("shanghai", "r")
    with pytest.raises(NotFound, match="no build order `b-zz`"):
        house.give(house.desk.build("shenzhen", house.today, ["b-zz"]))


def test_parts_come_once_and_on_their_day_and_are_paid_when_they_are_due(house: SmallHouse) -> None:
    for number in range(10):
        house.locked(f"t-{number}", "black-tripod")
    for _ in range(2):
        house.wait(days=3)
        house.plan()
    lines = [line for e in house.events(CallOffIssued) for line in e.body.lines]
    first = min(line.due_on for line in lines)
    assert house.give(house.desk.receive(first - timedelta(days=1))).count == 0
    before = stock(house)
    assert house.give(house.desk.receive(first)).count >= 1
    arrived = [line for e in house.events(PartsReceived) for line in e.body.lines]
    assert {line.part_id: line.quantity for line in arrived} == {
        line.part_id: line.quantity for line in lines if line.due_on == first
    }
    assert stock(house) == {p: n + sum(x.quantity for x in arrived if x.part_id == p) for p, n in before.items()}
    owed = sum(e.body.amount.minor for e in house.events(PartsReceived))
    payable = first + timedelta(days=21)
    assert house.give(house.desk.pay_suppliers(payable - timedelta(days=1))).count == 0
    suppliers = {e.body.supplier_id for e in house.events(PartsReceived)}
    assert house.give(house.desk.pay_suppliers(payable)).count == len(suppliers)
    assert house.give(house.desk.pay_suppliers(payable + timedelta(days=1))).count == 0, "once"
    with house.ledger.reader() as reader:
        cash = {row.account: row.debit_minor - row.credit_minor for row in reader.select(ACCOUNT_BALANCE)}
    assert cash["maker/cash"] == -owed


def test_promises_follow_what_the_scarcest_part_can_carry(tmp_path: Path) -> None:
    """Twenty customers come at once, and the lens supplier sends five a week: no promise is made in vain."""
    program = small_program()
    scarce = {"supply_per_week": 5, "lot_size": 5}
    parts = tuple(replace(part, **scarce) if part.part_id == "lens" else part for part in program.parts)
    poor = replace(program, parts=parts, opening_stock=dict(program.opening_stock) | {"lens": 5})
    with small_house(tmp_path, poor) as house:
        for number in range(20):
            house.locked(f"o-{number}", "black")
        promised = {f"b-o-{number}": due_week(house, f"o-{number}") for number in range(20)}
        reachable = local(poor, house.today) + timedelta(days=14)
        for week in set(promised.values()):
            deliveries = max(0, (week - reachable.date()).days // 7 + 1)
            assert sum(due <= week for due in promised.values()) <= 5 + 5 * deliveries
        house.wait(hours=1)
        assert house.plan().status == "optimal"
        planned = {e.body.build_order_id: e.body.week_start for e in house.events(BuildPlanned)}
        assert planned.keys() == promised.keys()
        assert all(planned[name] <= due for name, due in promised.items()), "and each of them is kept"
