"""When the plan changes, whoever can no longer be served in time is told before being late, and may go for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from pullcord import procurement
from pullcord.base import CommandId, Conflict, OrderId, PartId, PlantId
from pullcord.orders import DepositRefunded, OrderQuoted, State
from pullcord.production import BUILD_ORDER, BuildMoved
from pullcord.promising import NOTICE, PROMISE, CustomerTold, PromiseInDoubt, PromiseMoved
from pullcord.store import Command, Transaction, verify
from small_house import SmallHouse, small_house

PLANT = PlantId("shenzhen")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    with small_house(tmp_path) as house:
        yield house


def scrap(house: SmallHouse, part_id: str, pieces: int) -> None:
    """Parts that a count finds missing."""

    def decide(tx: Transaction) -> None:
        procurement.adjust_stock(tx, PLANT, {PartId(part_id): -pieces}, "found broken")

    house.ledger.execute(
        Command(
            CommandId(f"scrap-{part_id}-{pieces}"), house.desk.house.carmaker.party_id, "test", {}, decide, type(None)
        )
    )


def test_parts_that_are_missing_move_those_who_were_promised_last(house: SmallHouse) -> None:
    """Thirty lenses are there for the first week, and ten of them turn out to be broken."""
    house.plan()
    for number in range(30):
        house.locked(f"o-{number}", "black")
    before = {f"o-{number}": house.order(f"o-{number}").deliver_on for number in range(30)}
    assert len(set(before.values())) == 1
    scrap(house, "lens", 10)
    house.wait(minutes=1)
    house.plan()
    moved = house.events(PromiseMoved)
    assert [event.body.order_id for event in moved] == [f"o-{number}" for number in range(20, 30)], (
        "last come, last served"
    )
    assert {event.body.why for event in moved} == {"part lens"}
    assert all(event.body.from_deliver_on == before[event.body.order_id] for event in moved)
    assert all(event.body.deliver_on > event.body.from_deliver_on for event in moved)
    assert all(house.today < event.body.from_deliver_on for event in moved), "told before being late"
    for number in range(30):
        row = house.order(f"o-{number}")
        assert (row.deliver_on > before[f"o-{number}"]) == (number >= 20)
    with house.ledger.reader() as reader:
        due = {row.build_order_id: row.due_week for row in reader.select(BUILD_ORDER)}
        promised = {row.order_id: row.week_start for row in reader.select(PROMISE)}
    assert {f"b-{order}": week for order, week in promised.items()} == due, "the plant knows the new weeks"
    house.wait(minutes=1)
    house.plan()
    assert len(house.events(PromiseMoved)) == 10, "once is enough"


def test_who_was_moved_is_told_in_both_languages_and_may_go_with_all_the_money(house: SmallHouse) -> None:
    house.plan()
    for number in range(30):
        house.locked(f"o-{number}", "black")
    scrap(house, "lens", 1)
    house.wait(minutes=1)
    house.plan()
    (moved,) = house.events(PromiseMoved)
    (told,) = house.events(CustomerTold)
    assert told.cause == moved.seq
    assert told.body.because_of == moved.seq
    assert "p-o-29" not in str(told.body), "nothing of the person"
    for text in (told.body.english, told.body.chinese):
        assert str(moved.body.deliver_on) in text
        assert str(moved.body.from_deliver_on) in text
    assert "a part comes later than planned" in told.body.english
    assert "定金全额退还" in told.body.chinese
    with house.ledger.reader() as reader:
        (notice,) = reader.select(NOTICE)
    assert (notice.order_id, notice.english) == ("o-29", told.body.english)
    assert house.give(house.desk.cancel("o-29", "too late for me")).refund == house.program.policies.deposit
    assert house.give(house.desk.cancel("o-28", "changed their mind")).refund is None, "locked, and on time"
    assert [event.body.order_id for event in house.events(DepositRefunded)] == ["o-29"]


def test_a_quote_whose_date_moved_is_paid_against_the_new_date(house: SmallHouse) -> None:
    house.plan()
    for number in range(30):
        house.quoted(f"o-{number}", "black")
    scrap(house, "lens", 5)
    house.wait(minutes=1)
    house.plan()
    (row,) = {house.order("o-29").deliver_on}
    assert row > house.order("o-0").deliver_on
    assert house.give(house.desk.deposit("o-29")).deliver_on == row


def test_a_week_that_shrinks_moves_those_who_no_longer_fit_and_tells_them(house: SmallHouse) -> None:
    house.plan()
    for number in range(12):
        house.deposited(f"o-{number}", "black")
    week = house.events(OrderQuoted)[0].body.week_start
    assert house.give(house.desk.change_capacity("shenzhen", week, 8)).count == 4
    moved = house.events(PromiseMoved)
    assert [event.body.order_id for event in moved] == ["o-8", "o-9", "o-10", "o-11"]
    assert {event.body.why for event in moved} == {"capacity"}
    assert {event.body.week_start for event in moved} == {week + timedelta(weeks=1)}
    assert len(house.events(CustomerTold)) == 4
    assert len(house.events(BuildMoved)) == 4
    assert house.quoted("next", "black").deliver_on == moved[0].body.deliver_on
    assert house.give(house.desk.change_capacity("shenzhen", week, 72, attempt=2)).count == 0
    assert house.quoted("lucky", "black").deliver_on < moved[0].body.deliver_on, "there is room again"


def test_a_week_cannot_shrink_below_those_who_fit_nowhere_else(house: SmallHouse) -> None:
    house.at(date(2025, 8, 12))  # only the horizon's last week can still be promised
    for number in range(5):
        house.quoted(f"o-{number}", "black")
    head = house.ledger.head()
    with pytest.raises(Conflict, match="5 places taken in the week of 2025-08-18, and the new capacity is 3"):
        house.give(house.desk.change_capacity("shenzhen", date(2025, 8, 18), 3))
    assert house.ledger.head() == head


def test_where_no_week_is_left_the_customer_hears_of_the_doubt_once(house: SmallHouse) -> None:
    house.at(date(2025, 8, 12))
    for number in range(40):
        house.deposited(f"o-{number}", "white")
    scrap(house, "housing_white", 38)
    for _ in range(2):
        house.wait(minutes=1)
        house.plan()
    doubted = [event.body.order_id for event in house.events(PromiseInDoubt)]
    assert len(doubted) == len(set(doubted)) > 0
    (last,) = {event.body.why for event in house.events(PromiseInDoubt)}
    assert last == "part housing_white"
    told = {event.body.order_id for event in house.events(CustomerTold)}
    assert told == set(doubted)
    row = house.order(doubted[0])
    assert row.state is State.DEPOSITED
    assert house.give(house.desk.lock(doubted[0])).state is State.LOCKED
    assert house.give(house.desk.cancel(OrderId(doubted[0]), "no date")).refund == house.program.policies.deposit


def test_the_moves_are_rebuilt_from_the_events(tmp_path: Path) -> None:
    from pullcord.app import projections

    with small_house(tmp_path) as house:
        house.plan()
        for number in range(30):
            house.deposited(f"o-{number}", "black")
        scrap(house, "lens", 10)
        house.wait(minutes=1)
        house.plan()
        house.give(house.desk.cancel("o-29", "too late for me"))
    found = verify(f"sqlite:///{tmp_path / 'ledger.db'}", house.app.program.program_id, projections=projections())
    assert found.ok
