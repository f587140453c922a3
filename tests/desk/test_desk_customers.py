"""What customers may do at the desk: what they are shown, what they are refused, and what time does by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from pullcord.base import InvalidInput, Money, NotFound, monday_of
from pullcord.orders import OrderLocked, OrderQuoted, State
from pullcord.promising import SparePartsCounted, promisable
from pullcord.store import Event
from small_house import SmallHouse, small_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def weeks_promised(house: SmallHouse) -> Counter[date]:
    return Counter(event.body.week_start for event in house.events(OrderQuoted))


def promisable_units(house: SmallHouse) -> dict[date, int]:
    """The units that the latest plan lets customers be promised, by week."""
    latest: Event[SparePartsCounted] = house.events(SparePartsCounted)[-1]
    left = promisable([spare.units for spare in latest.body.weeks])
    return {spare.week_start: units for spare, units in zip(latest.body.weeks, left, strict=True)}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("o-1", "p-1", "wite", "owned", "beijing"), NotFound),
        (("o-1", "p-1", "white", "leased", "beijing"), NotFound),
        (("o-1", "p-1", "white", "owned", "peking"), NotFound),
        (("o 1", "p-1", "white", "owned", "beijing"), InvalidInput),
        (("o-1", "p/1", "white", "owned", "beijing"), InvalidInput),
        (("", "p-1", "white", "owned", "beijing"), InvalidInput),
    ],
)
def test_a_wish_that_names_nothing_is_refused_before_the_ledger_hears_of_it(
    house: SmallHouse, words: tuple[str, ...], error: type[Exception]
) -> None:
    head = house.ledger.head()
    with pytest.raises(error):
        house.desk.reserve(*words)
    assert house.ledger.head() == head


@pytest.mark.parametrize("step", ["quote", "deposit", "lock", "cancel"])
def test_nobody_s_order_is_not_found_and_nothing_is_kept(house: SmallHouse, step: str) -> None:
    commands = {
        "quote": house.desk.quote("zz"),
        "deposit": house.desk.deposit("zz"),
        "lock": house.desk.lock("zz"),
        "cancel": house.desk.cancel("zz", "why"),
    }
    head = house.ledger.head()
    with pytest.raises(NotFound, match="no order `zz`"):
        house.give(commands[step])
    assert house.ledger.head() == head


def test_every_step_out_of_turn_is_refused_with_its_reason(house: SmallHouse) -> None:
    desk = house.desk
    house.reserve("a")
    assert "shown no delivery date yet" in house.give(desk.deposit("a")).refused
    assert "only an order with a deposit can be locked" in house.give(desk.lock("a")).refused
    house.give(desk.quote("a"))
    assert (
        "the deposit is 20.00 CNY, not 1.00 CNY" in house.give(desk.deposit("a", Money(100, "CNY"), attempt=2)).refused
    )
    house.give(desk.deposit("a", attempt=3))
    assert "already agreed" in house.give(desk.quote("a", attempt=2)).refused
    assert "no deposit is due" in house.give(desk.deposit("a", attempt=4)).refused
    assert house.give(desk.lock("a", attempt=2)).state is State.LOCKED
    assert "only an order with a deposit" in house.give(desk.lock("a", attempt=3)).refused
    assert house.give(desk.cancel("a", "too late for the money")).refund is None
    assert "no longer wanted" in house.give(desk.quote("a", attempt=3)).refused


def test_a_quote_is_for_the_price_on_the_card_and_as_long_as_the_program_says(house: SmallHouse) -> None:
    shown = house.quoted("a", "black-tripod", "dongguan")
    assert shown.price == Money(34_995, "CNY")
    assert shown.valid_until == house.clock.now() + timedelta(hours=12)
    farther = house.quoted("b", "black-tripod", "harbin")
    assert farther.deliver_on > shown.deliver_on
    (first, second) = house.events(OrderQuoted)
    assert first.body.week_start == second.body.week_start, "the road alone makes the difference"


def test_no_week_is_promised_more_than_its_parts_carry(house: SmallHouse) -> None:
    """Lenses come forty a week from the third week on; thirty are there; the plant could build 72."""
    house.plan()
    offered = promisable_units(house)
    for number in range(150):
        house.quoted(f"o-{number}", ("white", "black")[number % 2])
    promised = weeks_promised(house)
    weeks = sorted(promised)
    assert all(sum(promised[w] for w in weeks if w <= week) <= offered[week] for week in weeks)
    assert sorted(promised)[0] == monday_of(house.program.starts_on) + timedelta(weeks=1)
    assert promised[min(promised)] == 30, "the lenses in stock"
    full = sorted(promised)[1:-1]
    assert len(full) >= 2
    assert all(promised[week] == 40 for week in full)


def test_places_that_lapse_can_be_promised_again(house: SmallHouse) -> None:
    house.plan()
    for number in range(30):
        house.quoted(f"o-{number}", "black")
    first = min(weeks_promised(house))
    late = house.quoted("late", "black")
    assert late.deliver_on - house.quoted("later", "black").deliver_on == timedelta()
    house.give(house.desk.cancel("o-7", "changed their mind"))
    house.quoted("lucky", "black")
    assert house.events(OrderQuoted)[-1].body.week_start == first


def test_parts_that_a_frozen_week_does_not_use_serve_the_weeks_after_it(house: SmallHouse) -> None:
    house.plan()
    assert promisable_units(house)[date(2025, 6, 9)] == 30, "the lenses in stock"
    house.at(date(2025, 6, 10))  # the week of 9 June can no longer be promised to anybody
    house.plan()
    assert promisable_units(house)[date(2025, 6, 16)] >= 30
    assert house.quoted("a", "black").deliver_on is not None
    assert house.events(OrderQuoted)[-1].body.week_start == date(2025, 6, 16)


def test_a_variant_s_own_part_makes_its_customers_wait_for_it(house: SmallHouse) -> None:
    """Five tripods are in stock; the sixth customer waits for one that is still to be called off."""
    house.plan()
    shown = [house.quoted(f"t-{number}", "black-tripod").deliver_on for number in range(6)]
    assert len(set(shown[:5])) == 1
    tripod = next(part for part in house.program.parts if part.part_id == "tripod")
    called_off_by = house.desk.house.planned_by(house.clock.now())
    week = house.events(OrderQuoted)[-1].body.week_start
    assert week >= called_off_by + timedelta(days=tripod.lead_time_days)
    assert week < called_off_by + timedelta(days=tripod.lead_time_days + 7), "and no longer than that"
    assert house.quoted("plain", "black").deliver_on == shown[0], "others do not wait for tripods"


def test_a_limited_option_is_promised_no_more_often_than_the_plant_can(house: SmallHouse) -> None:
    for number in range(40):
        house.quoted(f"t-{number}", "black-tripod")
    by_week = weeks_promised(house)
    assert max(by_week.values()) == 15
    assert len(by_week) >= 3


def test_when_every_slot_is_taken_the_refusal_says_so(house: SmallHouse) -> None:
    house.at(date(2025, 8, 12))  # a Tuesday: only the horizon's last week can still be promised
    answers = [house.quoted(f"o-{number}", "white") for number in range(40)]  # as many housings are in stock
    assert {answer.state for answer in answers} == {State.QUOTED}
    assert {event.body.week_start for event in house.events(OrderQuoted)} == {date(2025, 8, 18)}
    without_parts = house.quoted("w", "white")
    assert without_parts.state is State.RESERVED
    assert without_parts.refused == "no place is left up to the week of 2025-08-18: part housing_white is used up"
    assert house.order("w").refused is not None, "it is noted with the order"


def test_a_quote_lapses_when_its_time_is_over_and_the_next_one_is_fresh(house: SmallHouse) -> None:
    first = house.quoted("a", "black")
    house.wait(hours=12)
    assert house.give(house.desk.lapse_due("on-time")).count == 0, "to the last moment it stands"
    house.wait(seconds=1)
    assert "lapsed" in house.give(house.desk.deposit("a")).refused
    assert house.give(house.desk.lapse_due("late")).count == 1
    assert house.give(house.desk.lapse_due("late")).count == 1, "the same sweep, the same answer"
    assert house.give(house.desk.lapse_due("later")).count == 0
    row = house.order("a")
    assert (row.state, row.deliver_on, row.deposit_minor) == (State.RESERVED, None, 0)
    house.wait(days=7)
    again = house.give(house.desk.quote("a", attempt=2))
    assert again.deliver_on > first.deliver_on
    assert house.give(house.desk.deposit("a", attempt=2)).state is State.DEPOSITED


def test_a_deposit_locks_by_itself_when_the_time_to_withdraw_is_over(house: SmallHouse) -> None:
    house.deposited("early", "black")
    house.wait(hours=1)
    house.deposited("late", "black")
    house.wait(hours=46, minutes=59)
    assert house.give(house.desk.lock_due("before")).count == 0
    house.wait(minutes=1)
    assert house.give(house.desk.lock_due("on-time")).count == 1
    assert house.order("early").state is State.LOCKED
    assert house.order("late").state is State.DEPOSITED
    assert house.give(house.desk.cancel("late", "changed their mind")).refund == house.program.policies.deposit
    assert house.give(house.desk.cancel("early", "changed their mind")).refund is None
    assert [event.body.order_id for event in house.events(OrderLocked)] == ["early"]
