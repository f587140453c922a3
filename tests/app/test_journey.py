"""The journey: each thing that happens has its consequences once, and each consequence knows what it came from."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import pullcord
from pullcord import journey
from pullcord.alliance import MonthBilled
from pullcord.app import projections
from pullcord.base import InvalidInput, ProgramId
from pullcord.campaigns import CampaignOfferLapsed, CampaignQueueLeft
from pullcord.desk import ProgramOpened
from pullcord.finance import Transferred
from pullcord.journey import REACTIONS
from pullcord.logistics import LegArrived, LegDeparted
from pullcord.orders import (
    DepositForfeited,
    DepositRefunded,
    OrderCancelled,
    OrderDeposited,
    OrderHandedOver,
    OrderLocked,
    OrderReserved,
    State,
)
from pullcord.procurement import CallOffIssued, PartsReceived, RequirementsComputed
from pullcord.production import BuildCancelled, BuildOpened, SchedulePublished, VehicleBuilt
from pullcord.promising import PromiseInDoubt, PromiseMoved, SparePartsCounted
from pullcord.store import CommandAnswered, Event, Ledger
from small_house import replay, small_house

# Read by nobody's fold and by no reaction, and why.
DELIBERATELY_UNREAD = {
    CommandAnswered: "the ledger itself answers a repeated command from it",
    ProgramOpened: "read when a ledger is opened, to refuse another input",
}


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[Event[Any]]:
    """Every event of a whole launch."""
    with small_house(tmp_path_factory.mktemp("journey")) as house:
        replay(house)
        return list(house.ledger.events())


@pytest.fixture(scope="module")
def consequences(events: list[Event[Any]]) -> dict[int, list[Event[Any]]]:
    """What each event led to at once, by its number."""
    found: dict[int, list[Event[Any]]] = defaultdict(list)
    for event in events:
        if event.cause is not None:
            found[event.cause].append(event)
    return found


ALWAYS: dict[type, dict[type, int]] = {
    OrderDeposited: {Transferred: 1, BuildOpened: 1},
    DepositRefunded: {Transferred: 1},
    DepositForfeited: {Transferred: 1},
    PartsReceived: {Transferred: 1},
    VehicleBuilt: {LegDeparted: 1},
    LegArrived: {OrderHandedOver: 1},
    OrderHandedOver: {Transferred: 1},
}


@pytest.mark.parametrize("kind", ALWAYS, ids=lambda kind: kind.__name__)
def test_each_reaction_happens_once_for_each_event(
    events: list[Event[Any]], consequences: dict[int, list[Event[Any]]], kind: type
) -> None:
    happened = [event for event in events if type(event.body) is kind]
    assert happened
    for event in happened:
        assert Counter(type(found.body) for found in consequences[event.seq]) == ALWAYS[kind]


def test_the_reactions_to_every_event_of_the_table_are_counted_here() -> None:
    # What follows depends on the order, on the plan, or on who waits in the campaign; a healthy launch moves nobody.
    elsewhere = {
        OrderCancelled,
        SchedulePublished,
        PromiseMoved,
        PromiseInDoubt,
        CampaignOfferLapsed,
        CampaignQueueLeft,
    }
    # And nobody lends, or rents, in this launch.
    elsewhere |= {OrderLocked, MonthBilled}
    assert set(ALWAYS) | elsewhere == set(REACTIONS)


def test_a_cancelled_order_withdraws_its_build_order_if_it_has_one(
    events: list[Event[Any]], consequences: dict[int, list[Event[Any]]]
) -> None:
    cancelled = [event for event in events if type(event.body) is OrderCancelled]
    had_paid = {event.seq for event in cancelled if event.body.was in (State.DEPOSITED, State.LOCKED)}
    assert had_paid
    assert len(had_paid) < len(cancelled)
    for event in cancelled:
        kinds = [type(found.body) for found in consequences[event.seq]]
        assert kinds == ([BuildCancelled] if event.seq in had_paid else [])


def test_a_plan_is_followed_by_requirements_call_offs_and_places(
    events: list[Event[Any]], consequences: dict[int, list[Event[Any]]]
) -> None:
    called_off = 0
    for event in events:
        if type(event.body) is SchedulePublished:
            kinds = Counter(type(found.body) for found in consequences[event.seq])
            assert kinds[SparePartsCounted] == 1
            assert kinds[RequirementsComputed] == (1 if event.body.cells else 0)
            called_off += kinds[CallOffIssued]
    assert called_off == sum(type(event.body) is CallOffIssued for event in events)


def test_money_can_be_walked_back_to_the_click_that_asked_for_it(events: list[Event[Any]]) -> None:
    """From a sale to the hand-over, the vehicle, the build order, the deposit, the wish, and whoever typed it."""
    by_seq = {event.seq: event for event in events}
    first = {event.stream: event for event in reversed(events)}
    sales = [e for e in events if type(e.body) is Transferred and e.body.memo.startswith("sale of order ")]
    assert len(sales) > 100
    for sale in sales:
        handed_over = by_seq[sale.cause]
        assert type(handed_over.body) is OrderHandedOver
        arrived = by_seq[handed_over.cause]
        assert type(arrived.body) is LegArrived
        assert command(by_seq[arrived.cause]) == "logistics.arrive"
        built = first[f"vehicle/{arrived.body.vehicle_id}"]
        assert type(built.body) is VehicleBuilt
        assert command(by_seq[built.cause]) == "production.build"
        opened = first[f"build/{built.body.build_order_id}"]
        deposited = by_seq[opened.cause]
        assert type(deposited.body) is OrderDeposited
        assert command(by_seq[deposited.cause]) == "orders.deposit"
        order_id = handed_over.body.order_id
        assert deposited.body.order_id == order_id
        reserved = first[f"order/{order_id}"]
        assert type(reserved.body) is OrderReserved
        click = by_seq[reserved.cause]
        assert (command(click), click.stream, click.party) == ("orders.reserve", f"command/reserve-{order_id}", "shop")


def command(event: Event[Any]) -> str:
    """The name of the command that was answered."""
    assert isinstance(event.body, CommandAnswered)
    return event.body.name


def test_a_party_s_name_stands_on_everything_its_command_led_to(events: list[Event[Any]]) -> None:
    by_seq = {event.seq: event for event in events}
    for event in events:
        if event.cause is not None:
            assert event.party == by_seq[event.cause].party


# The table itself


def rooms() -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(pullcord.__path__, "pullcord."):
        if not found.name.startswith("pullcord.store.migrations"):
            yield importlib.import_module(found.name)


def event_classes() -> set[type]:
    """Every class of event that any room defines."""
    defined = {
        value
        for room in rooms()
        for value in vars(room).values()
        if inspect.isclass(value) and value.__module__ == room.__name__
    }
    registry = sys.modules["pullcord.store.event"]
    known = set()
    for cls in defined:
        try:
            registry.codec_of(cls)
        except InvalidInput:
            continue
        known.add(cls)
    return known


def test_every_event_is_folded_or_reacted_to_or_left_unread_for_a_reason() -> None:
    defined = event_classes()
    assert len(defined) > 25
    read = {kind for projection in projections() for kind in projection.folds} | set(REACTIONS)
    assert read <= defined
    assert {cls.__name__ for cls in defined - read} == {cls.__name__ for cls in DELIBERATELY_UNREAD}


def test_every_reaction_is_told_in_the_table_and_explained() -> None:
    named = [reaction for table in REACTIONS.values() for reaction in table]
    written = [
        value
        for name, value in vars(journey).items()
        if inspect.isfunction(value) and value.__module__ == journey.__name__ and name != "reactions"
    ]
    assert len(named) == len(set(named)), "each stands once"
    assert set(named) == set(written)
    assert all(reaction.__doc__ for reaction in named)


def test_the_journey_uses_only_what_rooms_offer_at_their_front_doors() -> None:
    tree = ast.parse(inspect.getsource(journey))
    doors = {name: value for name, value in vars(journey).items() if inspect.ismodule(value)}
    used = {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in doors
    }
    assert len(used) > 15
    assert {(room, name) for room, name in used if name not in doors[room].__all__} == set()


def test_a_reaction_may_run_twice(tmp_path: Path) -> None:
    """Each writes under the name of the event it reacts to, so that a second run finds its work done."""
    with small_house(tmp_path) as house:
        house.quoted("a")
        deposit, clock, catalogue = house.desk.deposit("a"), house.clock, house.desk.house
    doubled = {kind: tuple(partial(r, catalogue) for r in (*table, *table)) for kind, table in REACTIONS.items()}
    with Ledger.open(
        f"sqlite:///{tmp_path / 'ledger.db'}",
        ProgramId(catalogue.program.program_id),
        clock=clock,
        projections=projections(),
        reactions=doubled,
    ) as ledger:
        ledger.execute(deposit)
        found = list(ledger.events())
    (deposited,) = [event for event in found if type(event.body) is OrderDeposited]
    assert Counter(type(event.body) for event in found if event.cause == deposited.seq) == ALWAYS[OrderDeposited]
