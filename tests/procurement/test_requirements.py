"""Netting, lot sizing and lead times: a case by hand, and what must hold whatever the plan."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pullcord.base import InvalidInput, Money, PartId, SupplierId, VariantId
from pullcord.procurement import (
    Outlook,
    Part,
    Requirements,
    Shortage,
    call_offs,
    gross_requirements,
    net_requirements,
    parts_ready_on,
    weekly_supply,
)

MONDAY = date(2025, 12, 1)


def week(number: int) -> date:
    return MONDAY + timedelta(weeks=number)


def part(name: str = "p", lead_time_days: int = 14, lot_size: int = 1, supply_per_week: int | None = None) -> Part:
    return Part(
        PartId(name), name, SupplierId(f"s-{name}"), Money(1_000, "CNY"), lead_time_days, lot_size, supply_per_week
    )


def net(
    one: Part, gross: list[int], on_hand: int = 0, on_order: list[int] | None = None, safety: int = 0
) -> Requirements:
    return net_requirements(
        [one],
        [week(t) for t in range(len(gross))],
        MONDAY,
        np.array([gross]),
        np.array([on_hand]),
        np.array([on_order or [0] * len(gross)]),
        np.array([safety]),
    )


def test_a_record_computed_by_hand() -> None:
    # Lead time two weeks, lots of 50, 20 kept as safety stock, 35 in stock, 40 on order for week 1.
    #  week             0    1    2    3    4    5
    #  gross            10   40   10   40   10   30
    #  on order              40
    #  stock before     25   25   15  -25  ...
    # From week 2 on at least 20 must stay: 5 are missing then, and one lot of 50 comes; of its 45 left over, week 3
    # takes 40, week 4 finds 5 and needs a second lot, which week 5 uses too.
    answer = net(part(lot_size=50), [10, 40, 10, 40, 10, 30], on_hand=35, on_order=[0, 40, 0, 0, 0, 0], safety=20)
    assert answer.receipts.tolist() == [[0, 0, 50, 0, 50, 0]]
    assert answer.available.tolist() == [[25, 25, 65, 25, 65, 35]]
    assert answer.net.tolist() == [[0, 0, 5, 40, 10, 30]]
    assert answer.shortages == ()


def test_what_the_lead_time_forbids_is_late_and_says_when_it_comes() -> None:
    answer = net(part(lead_time_days=17), [5, 7, 0, 2])
    assert answer.receipts.tolist() == [[0, 0, 0, 14]]
    assert answer.shortages == (
        Shortage(PartId("p"), week(0), 5, week(3)),
        Shortage(PartId("p"), week(1), 7, week(3)),
    )


def test_a_late_call_off_is_waited_for_and_not_ordered_again() -> None:
    # Last week's run called off 5 for week 3, the first week it could reach; today the first reachable week is 3 too.
    answer = net(part(lead_time_days=17), [5, 0, 0, 0], on_order=[0, 0, 0, 5])
    assert answer.pieces == ()
    assert answer.shortages == (Shortage(PartId("p"), week(0), 5, week(3)),)


def test_a_supplier_at_its_limit_delivers_ahead_and_then_late() -> None:
    ahead = net(part(lead_time_days=7, supply_per_week=10), [0, 0, 0, 25])
    assert ahead.receipts.tolist() == [[0, 5, 10, 10]]
    assert ahead.shortages == ()
    late = net(part(lead_time_days=7, supply_per_week=10), [0, 25, 0, 0])
    assert late.receipts.tolist() == [[0, 10, 10, 5]]
    assert late.shortages == (Shortage(PartId("p"), week(1), 15, week(3)),)
    taken = net(part(lead_time_days=7, supply_per_week=10), [0, 12, 0, 4], on_order=[0, 8, 0, 0])
    assert taken.receipts.tolist() == [[0, 2, 2, 4]]


def test_gross_requirements_explode_the_plan() -> None:
    usage = {
        VariantId("base"): {PartId("wheel"): 4, PartId("pack"): 1},
        VariantId("top"): {PartId("wheel"): 5},
    }
    builds = {
        (VariantId("base"), week(0)): 3,
        (VariantId("top"), week(1)): 2,
        (VariantId("base"), week(-1)): 1,  # late already: counts now
        (VariantId("top"), week(9)): 7,  # after the last week
    }
    gross = gross_requirements(builds, usage, [PartId("pack"), PartId("wheel")], [week(0), week(1)])
    assert gross.tolist() == [[4, 0], [16, 10]]


def test_a_variant_without_bill_and_a_part_without_supplier_are_refused() -> None:
    builds = {(VariantId("base"), week(0)): 1}
    with pytest.raises(InvalidInput, match="no bill of material for base"):
        gross_requirements(builds, {}, [], [week(0)])
    with pytest.raises(InvalidInput, match="`wheel`, which nobody supplies"):
        gross_requirements(builds, {VariantId("base"): {PartId("wheel"): 4}}, [], [week(0)])


@pytest.mark.parametrize("wrong", [{"lead_time_days": -1}, {"lot_size": 0}, {"supply_per_week": 3, "lot_size": 5}])
def test_an_impossible_part_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="part `p` cannot have"):
        replace(part(), **wrong)  # type: ignore[arg-type]


def test_call_offs_name_only_what_cannot_wait() -> None:
    requirements = net(part(lead_time_days=14), [0, 0, 3, 4, 5])
    (now,) = call_offs(requirements)
    assert [(line.due_on, line.quantity) for line in now.lines] == [(week(2), 3)]
    (everything,) = call_offs(requirements, release_days=None)
    assert [(line.due_on, line.quantity) for line in everything.lines] == [(week(2), 3), (week(3), 4), (week(4), 5)]
    assert everything.supplier_id == "s-p"


def test_parts_for_one_more_vehicle_come_from_what_is_free_or_from_a_new_order() -> None:
    pack, screw = part("pack", lead_time_days=30), part("screw", lead_time_days=7)
    parts = {one.part_id: one for one in (pack, screw)}
    # Four packs stand in week 0, but week 2 needs three of them; five more arrive in week 3.
    outlook = Outlook.of((PartId("pack"),), tuple(week(t) for t in range(4)), np.array([[4, 4, 1, 6]]))
    needs = {PartId("pack"): 1, PartId("screw"): 20}
    assert parts_ready_on(needs, parts, MONDAY, outlook) == MONDAY + timedelta(days=7)  # the screws
    assert parts_ready_on({PartId("pack"): 2}, parts, MONDAY, outlook) == week(3)
    assert parts_ready_on({PartId("pack"): 1}, parts, MONDAY, outlook, {PartId("pack"): 1}) == week(3)
    assert parts_ready_on({PartId("pack"): 7}, parts, MONDAY, outlook) == MONDAY + timedelta(days=30)
    assert parts_ready_on({PartId("pack"): 1}, parts, MONDAY) == MONDAY + timedelta(days=30)


def test_weekly_supply_is_stock_then_orders_then_what_the_supplier_can() -> None:
    wednesday = MONDAY + timedelta(days=2)
    on_order = {week(1): 8, week(1) + timedelta(days=3): 4}  # the second one serves week 2
    limited = weekly_supply(part(lead_time_days=10, supply_per_week=20), wednesday, 4, 5, on_order)
    assert list(limited) == [5, 8, 20, 20]
    free = weekly_supply(part(lead_time_days=10), wednesday, 4, 5, on_order)
    assert list(free) == [5, 8, float("inf"), float("inf")]


PARTS = st.builds(
    part,
    st.just("p"),
    st.integers(0, 40),
    st.integers(1, 6),
    st.one_of(st.none(), st.integers(6, 30)),
)
HORIZON = 8
QUANTITIES = st.lists(st.integers(0, 25), min_size=HORIZON, max_size=HORIZON)


@given(PARTS, QUANTITIES, st.integers(0, 40), QUANTITIES, st.integers(0, 15))
def test_stock_never_falls_below_zero_unless_something_is_late(
    one: Part, gross: list[int], on_hand: int, on_order: list[int], safety: int
) -> None:
    answer = net(one, gross, on_hand, on_order, safety)
    identity = on_hand + np.cumsum(np.array(on_order) + answer.receipts[0] - np.array(gross))
    assert np.array_equal(identity, answer.available[0])
    if not answer.shortages:
        assert answer.available.min() >= 0
    first_reach = -(-one.lead_time_days // 7)
    for _, need, comes, quantity in answer.pieces:
        assert quantity % one.lot_size == 0
        assert comes >= first_reach
        assert need <= HORIZON - 1
    if one.supply_per_week is not None:
        full = np.array(on_order) > one.supply_per_week
        assert np.all((answer.receipts[0] + on_order <= one.supply_per_week) | (full & (answer.receipts[0] == 0)))
    # Nothing is ordered that no need asked for, apart from what whole lots leave over.
    ordered = sum(quantity for _, _, _, quantity in answer.pieces)
    assert ordered - answer.net.sum() < one.lot_size * max(1, len(answer.pieces))
    assert answer.net.sum() <= max(0, sum(gross) + safety)


@given(PARTS, QUANTITIES, st.integers(0, 40), st.integers(0, 15))
def test_running_again_after_calling_off_orders_nothing_more(
    one: Part, gross: list[int], on_hand: int, safety: int
) -> None:
    first = net(one, gross, on_hand, None, safety)
    called_off = np.zeros(HORIZON + 60, dtype=np.int64)
    for _, _, comes, quantity in first.pieces:
        called_off[comes] += quantity
    longer = gross + [0] * 60  # the horizon reaches the last open call-off
    again = net(one, longer, on_hand, called_off.tolist(), safety)
    assert again.pieces == ()


@given(PARTS, QUANTITIES, st.integers(0, 40))
def test_more_stock_never_asks_for_more(one: Part, gross: list[int], on_hand: int) -> None:
    assert net(one, gross, on_hand + 5).net.sum() <= net(one, gross, on_hand).net.sum()
