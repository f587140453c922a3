"""The arrays in memory are those that the tables give when read anew, whatever was done and undone between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pullcord.base import CommandId, Conflict, OrderId, PullcordError
from pullcord.orders import ORDER, State
from pullcord.promising import Capacity, CapacityBook, read_capacities
from pullcord.store import Command, Transaction
from small_house import SmallHouse, small_house

VARIANTS = ("white", "black", "black-tripod")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("quote"), st.integers(0, 2), st.integers(1, 12)),
        st.tuples(st.sampled_from(("cancel", "deposit", "undone")), st.integers(0, 60), st.just(0)),
        st.tuples(st.sampled_from(("plan", "lapse", "wait")), st.integers(1, 40), st.just(0)),
    ),
    min_size=1,
    max_size=14,
)


class House:
    """A small house that compares after every step."""

    def __init__(self, house: SmallHouse) -> None:
        self.house = house
        self.follower = CapacityBook(house.desk.house.needs)
        self.orders: list[str] = []
        self.steps = 0

    def do(self, step: str, number: int, times: int) -> None:
        house = self.house
        self.steps += 1
        match step:
            case "quote":
                for _ in range(times):
                    self.orders.append(f"o-{len(self.orders)}")
                    house.quoted(self.orders[-1], VARIANTS[number])
            case "cancel" if self.orders:
                order_id = self.orders[number % len(self.orders)]
                if house.order(order_id).state is not State.CANCELLED:
                    house.give(house.desk.cancel(order_id, "changed their mind"))
            case "deposit" if self.orders:
                house.give(house.desk.deposit(self.orders[number % len(self.orders)], attempt=self.steps))
            case "undone":
                self.undone(number)
            case "plan":
                house.wait(minutes=1)
                house.plan()
            case "lapse":
                house.wait(hours=number)
                house.give(house.desk.lapse_due(f"sweep-{self.steps}"))
            case "wait":
                house.wait(hours=number)

    def undone(self, number: int) -> None:
        """A quote that the desk's own book sees, and that is taken back as if it had never been."""
        house, name = self.house, f"x-{self.steps}"
        reserve = house.desk.reserve(name, f"p-{name}", VARIANTS[number % 3], "owned", "chengdu")
        quote = house.desk.quote(name)

        def decide(tx: Transaction) -> None:
            reserve.decide(tx)
            quote.decide(tx)
            raise Conflict("not now after all", "")

        with pytest.raises(PullcordError):
            house.ledger.execute(Command(CommandId(f"undo-{self.steps}"), quote.party, "test", {}, decide, type(None)))

    def compare(self) -> None:
        house = self.house
        planned_by = house.desk.house.planned_by(house.clock.now())
        seen: list[tuple[Any, ...]] = []

        def decide(tx: Transaction) -> None:
            for book in (self.follower, house.desk._book):
                seen.append(tuple(map(arrays, book.at(tx, planned_by).values())))
            seen.append(tuple(map(arrays, read_capacities(tx, house.desk.house.needs, planned_by).values())))

        self.steps += 1
        house.ledger.execute(
            Command(CommandId(f"look-{self.steps}"), house.desk.house.platform.party_id, "test", {}, decide, type(None))
        )
        followed, desk, anew = seen
        assert followed == anew
        assert desk == anew
        with house.ledger.reader() as reader:
            at_rest = tuple(map(arrays, read_capacities(reader, house.desk.house.needs, planned_by).values()))
        assert at_rest == anew


def arrays(capacity: Capacity) -> tuple[Any, ...]:
    return (
        capacity.names,
        capacity.left.tolist(),
        capacity.slack.tolist(),
        {key: units for key, units in capacity.promised.items() if units},
    )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_memory_equals_the_tables_after_any_commands(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]]
) -> None:
    with small_house(tmp_path_factory.mktemp("book")) as house:
        tried = House(house)
        for step in steps:
            tried.do(*step)
            tried.compare()
        with house.ledger.reader() as reader:
            assert all(tried.house.order(OrderId(name)) for name in tried.orders)
            assert not reader.select(ORDER, ORDER.sql.c.order_id.like("x-%")), "what was undone left nothing"


def test_a_book_far_behind_reads_everything_anew(tmp_path: Path) -> None:
    with small_house(tmp_path) as house:
        tried = House(house)
        tried.compare()
        for number in range(140):  # three changes each: more than the table of changes remembers
            house.quoted(f"o-{number}", VARIANTS[number % 2])
        tried.compare()
