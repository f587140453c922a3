"""Vehicles on the road, in a real ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from pullcord.base import CityId, CommandId, Conflict, FixedClock, PartyId, ProgramId, VehicleId
from pullcord.logistics import (
    LEG,
    PROJECTION,
    City,
    Leg,
    LegArrived,
    LegDeparted,
    TransitRule,
    arrive_due,
    road_km,
    ship,
    transit_days,
)
from pullcord.store import Command, Ledger, Transaction, verify

A = TypeVar("A")
NOW = datetime(2025, 11, 25, 8, tzinfo=UTC)
RULE = TransitRule(detour_factor=1.25, km_per_day=600, handling_days=1)
GUANGZHOU = City(CityId("guangzhou"), "Guangzhou", "广州", 23.11667, 113.25, 16_096_724, True)
BEIJING = City(CityId("beijing"), "Beijing", "北京", 39.9075, 116.39723, 18_960_744, True)
CHENGDU = City(CityId("chengdu"), "Chengdu", "成都", 30.66667, 104.06667, 13_568_357, True)


class Road:
    """The ledger of one test, and a short way to act on it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.asked = 0

    def do(self, decide: Callable[[Transaction], tuple[Leg, ...]]) -> tuple[Leg, ...]:
        self.asked += 1
        name = CommandId(f"c{self.asked}")
        return self.ledger.execute(Command(name, PartyId("road"), "logistics.test", name, decide, tuple[Leg, ...]))

    def ship(self, vehicle: str, to: City, due_on: date, origin: City = GUANGZHOU) -> Leg:
        return self.do(lambda tx: (ship(tx, VehicleId(vehicle), origin, to, due_on, rule=RULE),))[0]

    def arrive(self, on: date) -> list[str]:
        return [leg.vehicle_id for leg in self.do(lambda tx: arrive_due(tx, on))]


@pytest.fixture
def road(tmp_path: Path) -> Iterator[Road]:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with Ledger.open(url, ProgramId("road"), clock=FixedClock(NOW), projections=(PROJECTION,)) as ledger:
        yield Road(ledger)


def test_a_vehicle_departs_and_arrives_when_it_is_due(road: Road) -> None:
    due_on = NOW.date() + timedelta(days=transit_days(RULE, GUANGZHOU, BEIJING))
    leg = road.ship("v1", BEIJING, due_on)
    assert (leg.mode, leg.km, leg.departed_at, leg.arrived_on) == ("road", road_km(RULE, GUANGZHOU, BEIJING), NOW, None)
    assert road.arrive(due_on - timedelta(days=1)) == []
    assert road.arrive(due_on) == ["v1"]
    with road.ledger.reader() as reader:
        assert reader.get(LEG, "v1", "beijing") == Leg(
            VehicleId("v1"), CityId("beijing"), CityId("guangzhou"), "road", leg.km, NOW, due_on, due_on
        )
    events = list(road.ledger.events(stream="vehicle/v1"))
    assert [type(event.body) for event in events] == [LegDeparted, LegArrived]


def test_it_arrives_once_and_on_its_own_day(road: Road) -> None:
    first, second = date(2025, 11, 28), date(2025, 11, 30)
    road.ship("late", CHENGDU, second)
    road.ship("b", BEIJING, first)
    road.ship("a", CHENGDU, first)
    assert road.arrive(date(2025, 12, 24)) == ["a", "b", "late"]  # by day, then by name
    assert road.arrive(date(2025, 12, 25)) == []
    with road.ledger.reader() as reader:
        assert {leg.vehicle_id: leg.arrived_on for leg in reader.select(LEG)} == {
            "a": first,
            "b": first,
            "late": second,
        }


def test_sent_twice_it_departs_once(road: Road) -> None:
    due_on = date(2025, 11, 30)
    assert road.ship("v1", BEIJING, due_on) == road.ship("v1", BEIJING, due_on)
    assert len(list(road.ledger.events(kinds=[LegDeparted]))) == 1
    with pytest.raises(Conflict, match="already left `guangzhou` for `beijing`, due 2025-11-30"):
        road.ship("v1", BEIJING, due_on + timedelta(days=1))
    with pytest.raises(Conflict, match="already left `guangzhou`") as refusal:
        road.ship("v1", BEIJING, due_on, origin=CHENGDU)
    assert refusal.value.hint == "it cannot also leave `chengdu`, due 2025-11-30"


def test_it_goes_on_to_another_city(road: Road) -> None:
    road.ship("v1", CHENGDU, date(2025, 11, 28))
    assert road.arrive(date(2025, 11, 28)) == ["v1"]
    road.ship("v1", BEIJING, date(2025, 12, 2), origin=CHENGDU)
    assert road.arrive(date(2025, 12, 2)) == ["v1"]


def test_what_never_set_out_cannot_arrive(road: Road) -> None:
    def decide(tx: Transaction) -> tuple[Leg, ...]:
        tx.emit("vehicle/ghost", LegArrived(VehicleId("ghost"), CityId("beijing"), date(2025, 11, 30)))
        return ()

    with pytest.raises(Conflict, match="it never set out"):
        road.do(decide)
    assert road.ledger.head() == 0


def test_a_replay_finds_the_same_legs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    with Ledger.open(url, ProgramId("road"), clock=FixedClock(NOW), projections=(PROJECTION,)) as ledger:
        road = Road(ledger)
        road.ship("v1", CHENGDU, date(2025, 11, 28))
        road.ship("v2", BEIJING, date(2025, 11, 30))
        road.arrive(date(2025, 11, 29))
    found = verify(url, ProgramId("road"), (PROJECTION,))
    rows, kept, rebuilt = found.tables["leg"]
    assert (found.faults, rows, kept) == ((), 2, rebuilt)
