"""What a customer may choose from: every week that can take the vehicle, what it costs or saves, and what is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from pullcord.base import CityId, Money, monday_of
from pullcord.logistics import LaneLimit
from pullcord.orders import OrderQuoted, State
from pullcord.production import SHADOW_PRICE
from pullcord.promising import Menu, PromiseReleased, read_capacities, week_costs
from small_house import SmallHouse, small_house, small_program

CNY = "CNY"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def menu(house: SmallHouse, variant_id: str = "black", city_id: str = "chengdu") -> Menu:
    with house.ledger.reader() as reader:
        return house.desk.menu(reader, variant_id, "owned", city_id, house.clock.now())


def test_the_menu_begins_with_the_date_that_a_quote_would_show(house: SmallHouse) -> None:
    house.plan()
    for number in range(35):
        offered = menu(house)
        assert house.quoted(f"o-{number}", "black").deliver_on == offered.earliest.deliver_on
    weeks = [week.week_start for week in menu(house).weeks]
    assert weeks == sorted(set(weeks))
    assert all(week.weekday() == 0 for week in weeks)


def test_the_menu_says_how_many_places_a_week_has_and_holds_none(house: SmallHouse) -> None:
    house.plan()
    head = house.ledger.head()
    first = menu(house).weeks[0]
    assert first.places == 30, "the lenses in stock"
    assert menu(house, "black-tripod").weeks[0].places == 5, "the tripods in stock"
    assert house.ledger.head() == head
    house.quoted("a", "black")
    assert menu(house).weeks[0].places == 29


def test_a_week_that_was_chosen_is_kept_and_another_choice_gives_it_back(house: SmallHouse) -> None:
    house.plan()
    third, fourth = (week for week in menu(house).weeks[2:4])
    house.reserve("a", "black")
    chosen = house.give(house.desk.quote("a", week_start=third.week_start))
    assert chosen.deliver_on == third.deliver_on
    assert house.give(house.desk.quote("a", attempt=2)).deliver_on == third.deliver_on, "held: the same answer"
    again = house.give(house.desk.quote("a", week_start=fourth.week_start, attempt=3))
    assert again.deliver_on == fourth.deliver_on
    assert len(house.events(PromiseReleased)) == 1
    assert menu(house).weeks[2].places == third.places
    assert house.give(house.desk.deposit("a")).deliver_on == fourth.deliver_on


def test_a_week_that_cannot_be_had_is_refused_with_the_nearest_that_can(house: SmallHouse) -> None:
    house.plan()
    for number in range(30):
        house.quoted(f"o-{number}", "black")
    full = monday_of(house.program.starts_on) + timedelta(weeks=1)
    house.reserve("a", "black")
    nearest = menu(house).earliest
    refused = house.give(house.desk.quote("a", week_start=full))
    assert refused.state is State.RESERVED
    assert refused.refused == (
        f"the week of {full} cannot take it (part lens is used up); the nearest that can is the week of"
        f" {nearest.week_start}, for delivery on {nearest.deliver_on}"
    )
    too_soon = house.give(house.desk.quote("a", week_start=monday_of(house.program.starts_on), attempt=2))
    assert "can still be promised" in too_soon.refused
    assert "no plant has opened it" in house.give(house.desk.quote("a", week_start=date(2026, 6, 1), attempt=3)).refused


def test_a_choice_that_cannot_be_had_leaves_the_date_shown_before(house: SmallHouse) -> None:
    house.plan()
    shown = house.quoted("a", "black")
    refused = house.give(house.desk.quote("a", week_start=monday_of(house.program.starts_on), attempt=2))
    assert refused.refused is not None
    assert refused.deliver_on == shown.deliver_on
    assert house.give(house.desk.deposit("a")).state is State.DEPOSITED


def test_all_weeks_cost_the_same_where_the_program_does_not_say_otherwise(house: SmallHouse) -> None:
    house.plan()
    assert {week.price_difference for week in menu(house).weeks} == {Money(0, CNY)}


def test_an_earlier_week_costs_and_a_later_one_saves_what_the_plan_says_of_it_within_bounds(tmp_path: Path) -> None:
    """A crowd of orders makes the first weeks scarce: the plan's shadow prices fall from week to week."""
    program = small_program()
    most = Money.of(50, CNY)
    program = replace(program, policies=replace(program.policies, week_price_most=most))
    with small_house(tmp_path, program) as house:
        house.plan()
        for number in range(120):
            house.locked(f"o-{number}", ("white", "black")[number % 2])
        house.give(house.desk.forecast("crowd", 8))
        house.wait(minutes=1)
        house.plan()
        offered = menu(house, "black-tripod").weeks
        with house.ledger.reader() as reader:
            assert reader.select(SHADOW_PRICE), "or the test shows nothing"
            capacities = read_capacities(reader, house.desk.house.needs, house.today)
            (capacity,) = capacities.values()
            costs = dict(zip(capacity.weeks, week_costs(reader, capacity, "black-tripod"), strict=True))
        base = costs[offered[0].week_start]
        for week in offered:
            expected = round((costs[week.week_start] - base) / 100) * 100
            assert week.price_difference == Money(max(-most.minor, min(most.minor, expected)), CNY)
        assert offered[0].price_difference == Money(0, CNY)
        cheaper = [week for week in offered if week.price_difference.minor < 0]
        assert cheaper
        house.reserve("a", "black-tripod")
        listed = house.desk.house.price("black-tripod", "owned").price
        chosen = house.give(house.desk.quote("a", week_start=cheaper[0].week_start))
        assert chosen.price == listed + cheaper[0].price_difference
        assert f"Built in the week of {cheaper[0].week_start}: {-cheaper[0].price_difference} less." in chosen.terms
        (quoted,) = [event for event in house.events(OrderQuoted) if event.body.order_id == "a"]
        assert quoted.body.price == chosen.price


def test_a_lane_carries_no_more_in_a_week_than_the_program_says(tmp_path: Path) -> None:
    program = small_program()
    lanes = (LaneLimit(program.plants[0].plant_id, CityId("chengdu"), 2),)
    with small_house(tmp_path, replace(program, transport_limits=lanes)) as house:
        house.plan()
        assert menu(house).weeks[0].places == 2
        assert menu(house, city_id="beijing").weeks[0].places == 30
        first, second, third = (house.quoted(f"o-{number}", "black") for number in range(3))
        assert first.deliver_on == second.deliver_on == third.deliver_on - timedelta(weeks=1)
        week = menu(house, city_id="beijing").weeks[0].week_start
        house.reserve("a", "black")
        refused = house.give(house.desk.quote("a", week_start=week))
        assert "transport chengdu is used up" in refused.refused
        assert house.quoted("elsewhere", "black", "beijing").state is State.QUOTED
        house.give(house.desk.cancel("o-0", "changed their mind"))
        assert house.give(house.desk.quote("a", week_start=week, attempt=2)).deliver_on == first.deliver_on
        with house.ledger.reader() as reader:
            planned_by = house.desk.house.planned_by(house.clock.now())
            (anew,) = read_capacities(reader, house.desk.house.needs, planned_by).values()
            (kept,) = house.desk._book.at(reader, planned_by).values()
        assert anew.names == kept.names
        lane = anew.names.index("transport chengdu")
        assert anew.left[lane].tolist() == kept.left[lane].tolist()
        assert anew.left[lane, anew.index(week)] == 0


def test_where_nothing_can_be_had_the_menu_says_why(house: SmallHouse) -> None:
    house.at(date(2025, 8, 25))
    found = menu(house)
    assert found.weeks == ()
    assert found.earliest is None
    assert found.refused
